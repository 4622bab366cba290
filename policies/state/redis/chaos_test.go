package redis

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// The intervals of these tests are a fiftieth of those that ship; but the one for
// which a replica that is gone is left its part is longer than a test.
const (
	testBeat   = 100 * time.Millisecond
	testSilent = 300 * time.Millisecond
)

func short(cfg *Config) {
	cfg.Timing = Timing{Beat: testBeat, Silent: testSilent, Gone: 20 * time.Second, SnapshotAge: 5 * time.Millisecond, Background: 200 * time.Millisecond}
}

// fleet are three replicas under load, each a guard over a store of its own, and
// a count of what they have in use together.
type fleet struct {
	t      *testing.T
	stores []*Store
	guards []*state.Guard
	inUse  [accounts]atomic.Int64
	most   [accounts]atomic.Int64
	local  atomic.Int64 // attempts that a replica admitted by itself
	shared atomic.Int64 // and those that the store admitted
	errors atomic.Int64
	stop   chan struct{}
	work   sync.WaitGroup
}

const (
	accounts = 3
	slots    = 9 // of each
	workers  = 12
)

// launch starts a replica for each URL, and workers that take a slot, hold it for
// some milliseconds, and give it back.
func launch(t *testing.T, urls ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, stop: make(chan struct{})}
	for _, url := range urls {
		cfg := Config{URL: url}
		short(&cfg)
		s, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		g := state.NewGuard(s, memory.New(), state.GuardConfig{Deadline: 100 * time.Millisecond, Pause: 20 * time.Millisecond,
			LongestPause: 200 * time.Millisecond, Rejoin: 200 * time.Millisecond,
			Silent: 2 * testSilent}) // a machine under load delays heartbeats by more than a fiftieth
		f.stores, f.guards = append(f.stores, s), append(f.guards, g)
	}
	for _, s := range f.stores { // all are known before the first is lost
		for range 2 {
			if err := s.Beat(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, g := range f.guards {
		for range workers {
			f.work.Go(func() { f.load(g) })
		}
	}
	return f
}

func (f *fleet) load(g *state.Guard) {
	ctx := context.Background()
	for {
		select {
		case <-f.stop:
			return
		default:
		}
		if _, err := g.Snapshot(ctx); err != nil {
			f.errors.Add(1)
		}
		want := &state.Want{}
		for _, i := range rand.Perm(accounts) {
			want.Places = append(want.Places, state.Place{Account: fmt.Sprint(i), Slots: slots, Group: "g", Model: "m"})
		}
		taken, err := g.Take(ctx, want)
		switch {
		case err != nil:
			f.errors.Add(1)
		case taken.Place < 0:
			time.Sleep(time.Millisecond)
			continue
		case taken.Local:
			f.local.Add(1)
		default:
			f.shared.Add(1)
		}
		if err != nil {
			continue
		}
		i := taken.Receipt.Place.Account[0] - '0'
		n := f.inUse[i].Add(1)
		for old := f.most[i].Load(); n > old && !f.most[i].CompareAndSwap(old, n); old = f.most[i].Load() {
		}
		time.Sleep(time.Duration(1+rand.IntN(10)) * time.Millisecond)
		f.inUse[i].Add(-1)
		if err := g.Settle(ctx, state.Settlement{Receipt: taken.Receipt, Tokens: -1}); err != nil {
			f.errors.Add(1)
		}
	}
}

// progress waits until more attempts were admitted, by the store or locally.
func (f *fleet) progress(what string, counter *atomic.Int64) {
	f.t.Helper()
	begin := counter.Load()
	for range 2000 {
		if counter.Load() > begin+20 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	f.t.Fatalf("%s: no attempt is admitted any more", what)
}

// land ends the load, and checks that no account had too many slots in use, and
// that nothing is taken once replicas that died have been reaped.
func (f *fleet) land(server *redistest.Server) {
	f.t.Helper()
	close(f.stop)
	f.work.Wait()
	for i := range f.most {
		if n := f.most[i].Load(); n > slots {
			f.t.Errorf("account %d: %d of %d slots in use at once", i, n, slots)
		}
	}
	if n := f.errors.Load(); n > 0 {
		f.t.Errorf("%d calls failed; a request must never see that the store is gone", n)
	}
	f.t.Logf("%d attempts admitted by the store, %d locally", f.shared.Load(), f.local.Load())
	atRest(f.t, server)
	for _, g := range f.guards {
		if err := g.Close(); err != nil {
			f.t.Error(err)
		}
	}
}

// atRest waits until nothing is in use at the store, by its own counters.
func atRest(t *testing.T, server *redistest.Server) {
	t.Helper()
	var all map[string]string
	probe := open(t, server, short)
	for range 400 {
		all = map[string]string{}
		names, err := probe.client.Keys(t.Context(), probe.keys.accounts+"*").Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			all[name] = fmt.Sprint(probe.client.HGetAll(t.Context(), name).Val())
		}
		if len(all) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("still in use: %v", all)
}

// three are the URLs of three replicas at one server.
func three(server *redistest.Server) []string {
	return []string{server.URL(), server.URL(), server.URL()}
}

func TestPaused(t *testing.T) {
	server := redistest.Start(t)
	f := launch(t, three(server)...)
	f.progress("before", &f.shared)
	server.Pause()
	f.progress("paused", &f.local)
	time.Sleep(3 * testSilent)
	server.Resume()
	f.progress("resumed", &f.shared)
	f.land(server)
}

func TestClientsPaused(t *testing.T) {
	server := redistest.Start(t)
	f := launch(t, three(server)...)
	f.progress("before", &f.shared)
	server.Must("CLIENT PAUSE 700 ALL")
	f.progress("paused", &f.local)
	f.progress("resumed", &f.shared)
	f.land(server)
}

func TestKilledAndRestartedEmpty(t *testing.T) {
	server := redistest.Start(t)
	f := launch(t, three(server)...)
	f.progress("before", &f.shared)
	server.Kill()
	f.progress("killed", &f.local)
	server.Restart()
	f.progress("restarted", &f.shared)
	time.Sleep(3 * testSilent)
	f.progress("and so it remains", &f.shared)
	f.land(server)
}

func TestFlushed(t *testing.T) {
	server := redistest.Start(t)
	f := launch(t, three(server)...)
	for range 5 {
		f.progress("before", &f.shared)
		server.Must("FLUSHALL")
		f.progress("flushed", &f.shared)
		time.Sleep(2 * testBeat)
	}
	f.land(server)
}

func TestDownAtStart(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	cfg := Config{URL: server.URL()}
	short(&cfg)
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g := state.NewGuard(s, memory.New(), state.GuardConfig{Pause: 20 * time.Millisecond, LongestPause: 50 * time.Millisecond})
	defer g.Close()
	want := &state.Want{Places: []state.Place{{Account: "a", Slots: 1}}}
	taken, err := g.Take(t.Context(), want)
	if err != nil || !taken.Local || taken.Place != 0 {
		t.Fatalf("got %+v, %v", taken, err)
	}
	for range 3 {
		if _, err := g.Get(t.Context(), state.Key{Space: state.Attempts}); err != nil {
			t.Fatal(err)
		}
	}
	server.Restart()
	for range 400 {
		got, err := g.Take(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Local { // the store knows the slot that was taken without it
			if got.Place >= 0 {
				t.Errorf("the account's only slot was given twice: %+v", got)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the store is there, and not used")
}

func TestFailover(t *testing.T) {
	master := redistest.Start(t)
	replica := redistest.Start(t, "--replicaof", "127.0.0.1", fmt.Sprint(master.Port))
	url := "redis://"
	for i := range 3 {
		sentinel := redistest.StartSentinel(t, master)
		if i == 0 {
			url += sentinel.Addr() + "/0?master_name=main"
		} else {
			url += "&addr=" + sentinel.Addr()
		}
	}
	time.Sleep(2500 * time.Millisecond) // sentinels say hello to each other every 2 s
	f := launch(t, url, url, url)
	f.progress("before", &f.shared)
	master.Kill()
	f.progress("failing over", &f.local)
	f.progress("failed over", &f.shared)
	f.land(replica)
}

// One replica of three cannot reach the store; the others can.
func TestCutOff(t *testing.T) {
	server := redistest.Start(t)
	p := newProxy(t, server.Addr())
	f := launch(t, server.URL(), server.URL(), "redis://"+p.addr())
	// A replica counts on what was free lately: under this load nothing is.
	for range 40 {
		f.progress("before", &f.shared)
	}
	for range 2 {
		p.cut()
		f.progress("cut off", &f.local)
		time.Sleep(4 * testSilent)
		p.mend()
		local := f.local.Load()
		time.Sleep(2 * testSilent)
		if f.local.Load() == local {
			f.progress("mended", &f.shared)
		}
	}
	f.land(server)
}

// A replica that dies leaves its slots to the others, after it was silent.
func TestKilledReplica(t *testing.T) {
	server := redistest.Start(t)
	dies, lives := open(t, server, short), open(t, server, short)
	want := &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 4}, Places: []state.Place{{Account: "a", Slots: 4}}}
	for range 4 {
		if taken, err := dies.Take(t.Context(), want); err != nil || taken.Place != 0 {
			t.Fatal(taken, err)
		}
	}
	dies.abandon()
	begin := time.Now()
	for time.Since(begin) < 20*testSilent {
		taken, err := lives.Take(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		if taken.Place == 0 {
			if took := time.Since(begin); took < testSilent-testBeat {
				t.Errorf("after %v only, though a replica may be silent for %v", took, testSilent)
			}
			_ = lives.Settle(t.Context(), state.Settlement{Receipt: taken.Receipt})
			atRest(t, server)
			consistent(t, lives)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("the slots of the dead replica never came back")
}

// abandon ends a store as kill -9 does: nothing is given back.
func (s *Store) abandon() {
	s.once.Do(func() {
		close(s.closed)
		s.stop()
		s.work.Wait()
		_ = s.client.Close()
	})
}

// proxy is a TCP proxy that can be cut: connections break, and new ones find
// nobody.
type proxy struct {
	l      net.Listener
	to     string
	mu     sync.Mutex
	broken bool
	deaf   atomic.Bool // breaks a connection instead of passing the next answer on
	open   map[net.Conn]bool
	work   sync.WaitGroup
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l, to: to, open: make(map[net.Conn]bool)}
	p.work.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
		p.work.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.l.Addr().String() }

func (p *proxy) accept() {
	for {
		from, err := p.l.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", p.to)
		if err != nil || !p.keep(from, to) {
			_ = from.Close()
			if err == nil {
				_ = to.Close()
			}
			continue
		}
		for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
			p.work.Go(func() {
				_, _ = io.Copy(answers{pair[0], p, pair[0] == from}, pair[1])
				_ = pair[0].Close()
				_ = pair[1].Close()
			})
		}
	}
}

// answers writes to one side of a connection.
type answers struct {
	net.Conn
	p      *proxy
	client bool
}

func (a answers) Write(b []byte) (int, error) {
	if a.client && a.p.deaf.CompareAndSwap(true, false) {
		return 0, io.ErrClosedPipe
	}
	return a.Conn.Write(b)
}

func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken {
		return false
	}
	for _, c := range conns {
		p.open[c] = true
	}
	return true
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = true
	for c := range p.open {
		_ = c.Close()
	}
	clear(p.open)
}

func (p *proxy) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = false
}
