package pool

import (
	"fmt"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/test/fakegemini"
)

// shaken starts three replicas under load for chaos.
func shaken(t *testing.T, urls ...string) (*rig, *crowd) {
	t.Helper()
	r := start(t, setup{
		groups: groups, replicas: replicas, urls: urls, limits: limits{slots: 6},
		policy: "{attempts: 3}",
		fake:   fakegemini.Options{Pace: 200 * time.Millisecond},
	})
	// All slots are taken when the store goes: each replica goes on with its own.
	c := gather(t, r, sized(200, streams))
	c.progress("before", sized(100, 2*streams))
	return r, c
}

// shared waits until all replicas use the shared store, or until n do not.
func (r *rig) sharing(t *testing.T, what string, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s: %d replicas use the shared store", what, n), patience, func() bool {
		up := 0
		for _, replica := range r.Replicas {
			up += int(replica.Metric("heald_state_up"))
		}
		return up == n
	})
}

// Whatever happens to Redis, every request is answered or refused honestly, and
// no account has more under way at the provider than its slots.
func TestRedisInTrouble(t *testing.T) {
	t.Parallel() // with a test that only waits
	server := redistest.Start(t)
	cut := newCable(t, server.Addr())
	r, c := shaken(t, server.URL(), server.URL(), cut.url())
	l := read(t, server)
	stop := l.watch()
	more := sized(100, 2*streams)
	hold := sized(2*time.Second, 20*time.Second)
	steps := []struct {
		name         string
		begin, end   func()
		left, shared int // replicas that use the store meanwhile, and afterwards
	}{
		{"paused", server.Pause, server.Resume, 0, replicas},
		{"flushed", func() { server.Must("FLUSHALL") }, nil, replicas, replicas},
		{"killed and restarted", server.Kill, server.Restart, 0, replicas},
		{"one replica of three cut off", cut.cut, cut.mend, replicas - 1, replicas},
	}
	for _, s := range steps {
		begin := time.Now()
		s.begin()
		r.sharing(t, s.name, s.left)
		c.progress(s.name, more)
		time.Sleep(hold)
		if s.end != nil {
			s.end()
		}
		r.sharing(t, "after "+s.name, s.shared)
		c.progress("after "+s.name, more)
		t.Logf("%s: %v, the fake has refused %d so far", s.name, time.Since(begin).Round(time.Millisecond), r.refusals())
	}
	c.disperse()
	samples, most := stop()
	t.Logf("%d samples of Redis, at most %d slots of an account taken", samples, most)
	r.rest(t)
	l.empty(20 * time.Second)
	r.checkQuotas(t)
}

// A sentinel makes another Redis the master, which may have lost the latest.
func TestFailover(t *testing.T) {
	master := redistest.Start(t)
	replica := redistest.Start(t, "--replicaof", "127.0.0.1", fmt.Sprint(master.Port))
	url, sentinels := redistest.StartSentinels(t, master)
	r, c := shaken(t, url) // takes longer than sentinels need to find each other
	more := sized(150, 2*streams)
	begin := time.Now()
	master.Kill()
	for _, s := range sentinels { // they would wait for an hour
		s.Must("SENTINEL SET main down-after-milliseconds 300")
	}
	c.progress("the master is gone", more)
	r.sharing(t, "failed over", replicas)
	t.Logf("failed over after %v", time.Since(begin).Round(time.Millisecond))
	c.progress("failed over", more)
	c.disperse()
	r.rest(t)
	read(t, replica).empty(20 * time.Second)
	r.checkQuotas(t)
}

// refusals are those of the fake so far: what was too much.
func (r *rig) refusals() (n int) {
	for _, use := range r.Fake().QuotaUse() {
		n += use.Refused
	}
	return n
}
