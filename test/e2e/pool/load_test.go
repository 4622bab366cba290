package pool

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/test/fakegemini"
)

// streams are asked for at the same time.
const streams = 500

// Five tenants ask three replicas through four APIs for more than 20 accounts of 8
// projects have: not one slot and not one request of a minute too many gets to
// the provider. Then a replica is killed.
func TestLoad(t *testing.T) {
	server := redistest.Start(t)
	r := start(t, setup{
		groups: groups, replicas: replicas, urls: []string{server.URL()},
		limits: limits{slots: 15, requests: sized(400, 600)},
		policy: "{attempts: 3}",
		fake:   fakegemini.Options{Pace: 400 * time.Millisecond},
	})
	l := read(t, server)
	stop := l.watch()
	c := gather(t, r, streams)
	c.progress("all replicas", 2*streams)
	time.Sleep(sized(0, 3*time.Minute))
	for i, replica := range r.Replicas {
		if n := replica.Metric("heald_streams_total"); n < streams/10 {
			t.Errorf("replica %d had %v streams only: this load was not shared", i, n)
		}
	}
	c.during(r.Replicas[1].Kill)
	killed := time.Now()
	c.progress("one replica was killed", streams)
	t.Logf("%d answers more within %v of the kill", streams, time.Since(killed).Round(time.Millisecond))
	c.disperse()
	samples, most := stop()
	r.rest(t)
	l.empty(max(time.Until(killed.Add(20*time.Second)), 2*time.Second)) // silent for 15 s, found at a heartbeat, one every 5 s
	granted := r.checkQuotas(t)
	t.Logf("%d requests granted by the fake; %d samples of Redis, at most %d slots of an account taken", granted, samples, most)
	if most < 15 {
		t.Errorf("no account was ever full: the limits were never tried")
	}
}
