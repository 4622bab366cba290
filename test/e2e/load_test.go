package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

const (
	loadClients = 300
	loadRounds  = 4   // the first one warms up
	loadFaults  = 0.2 // of the upstream calls
	loadSeed    = 20
	// Attempts of a request, as the policy below has it, and as Envoy has it:
	// what Envoy retries without a word of heald (a reset while held) counts
	// towards its own limit only.
	loadAttempts, loadEnvoyAttempts = 3, 5
	// Growth of each process between the warm-up and the end: what allocators
	// keep, not what each of the 900 requests would leave behind.
	loadGrowth = 32 * mib
)

// loadMix is what goes wrong, each as often as the others.
var loadMix = []fakegemini.Reply{
	fakegemini.EmptyOK(), fakegemini.UsageOnlyThenEnd(), fakegemini.StopWithoutParts(), fakegemini.MalformedCall(),
	fakegemini.HTML200(), fakegemini.ErrorEvent(503), fakegemini.Heartbeats(10*time.Millisecond, 3), fakegemini.SilentAfterHeaders(),
	fakegemini.Status(429, fakegemini.RetryDelay("1s")), fakegemini.Status(500), fakegemini.Status(503),
	fakegemini.ResetBeforeHeaders(), fakegemini.ResetAfterHeaders(),
	fakegemini.EndWithoutFinish(), fakegemini.ErrorAfterContent(500),
}

// loadFault decides on upstream call n: the seed makes the sequence the same in
// every run, though not which client gets what.
func loadFault(n int) (fakegemini.Reply, bool) {
	r := rand.New(rand.NewPCG(loadSeed, uint64(n)))
	return loadMix[r.IntN(len(loadMix))], r.Float64() < loadFaults
}

// Many clients at once, two replicas, a fifth of all upstream calls failing:
// every client gets its own complete answer or an error.
func TestLoadWithFaults(t *testing.T) {
	s := stack.Start(t, stack.Options{
		Envoy: locate.Versions[0], Plain: true, Replicas: 2, Keys: []string{"key-1", "key-2"},
		Policy: fmt.Sprintf("{attempts: %d, peek: {timeout: 3s}, max_wait: 3s}", loadAttempts),
		Fake:   fakegemini.Options{Faults: loadFault, Pace: 200 * time.Millisecond},
	})
	healthy(t, s, 2)
	l := faultLoad{s: s, seen: map[string]int{}}
	for _, p := range stack.Protocols {
		l.clients = append(l.clients, stack.NewClient(t, p))
	}
	var before []uint64
	quiet := 0
	for round := range loadRounds {
		l.round(t, round)
		s.Settle()
		if round == 0 {
			before, quiet = resident(t, s), goroutines(s)
		}
	}
	for i, now := range resident(t, s) {
		name := [...]string{"replica 0", "replica 1", "Envoy"}[i]
		t.Logf("%s: %d MiB resident after the first round, %d MiB after %d, bound +%d", name, before[i]/mib, now/mib, loadRounds, loadGrowth/mib)
		if now > before[i]+loadGrowth {
			t.Errorf("%s grew by %d MiB", name, (now-before[i])/mib)
		}
	}
	const slack = 24 // connections that Envoy's workers have opened since
	eventually(t, "goroutines back to where they were", func() bool { return goroutines(s) <= quiet+slack })
	t.Logf("goroutines of both replicas: %d after the first round, %d at the end", quiet, goroutines(s))
	l.account(t)
}

// faultLoad counts what clients see.
type faultLoad struct {
	s       *stack.Stack
	clients []*http.Client // one for each protocol
	mu      sync.Mutex
	seen    map[string]int
}

// round lets every client ask once, all at the same time.
func (l *faultLoad) round(t *testing.T, round int) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var wg sync.WaitGroup
	for i := range loadClients {
		wg.Go(func() {
			text := fmt.Sprintf("client %d in round %d", i, round)
			got := l.s.PostAs(ctx, l.clients[i%len(l.clients)], messages, strings.NewReader(turn(model, text, true)))
			sees, _ := apis[0].seen(got, true, "You said: "+text)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.seen[sees]++
			if _, ok := loadOutcomes[sees]; !ok {
				t.Errorf("%s sees %s (%v)", text, sees, got.Err)
			}
		})
	}
	eventually(t, "most clients are served at once", func() bool { return l.s.Fake().Active() >= loadClients/2 })
	wg.Wait()
}

// loadOutcomes are what a client may see, and the outcome that the log has for
// it.
var loadOutcomes = map[string]string{
	"200 good":                 "passed",
	"200 part, then api_error": "broken",
	"500 api_error":            "failed",
	"429 rate_limit_error":     "failed",
	"529 overloaded_error":     "failed",
}

// account holds what the clients saw against the log, and the log against the
// upstream calls and the budgets.
func (l *faultLoad) account(t *testing.T) {
	want := map[string]int{}
	for sees, n := range l.seen {
		t.Logf("%4d × %s", n, sees)
		want[loadOutcomes[sees]] += n
	}
	got, attempts, reset := map[string]int{}, map[string]int{}, map[string]bool{}
	total, refused := 0, 0 // of those, refused without a call: two before were lost, or no account is ready
	for _, r := range l.s.Replicas {
		for _, line := range r.Log.Lines("request finished") {
			got[line.Get("outcome")]++
		}
		for _, line := range r.Log.Lines("attempt finished") {
			id := line.Get("request_id")
			total++
			attempts[id]++
			if reason := line.Get("reason"); reason == heal.ReasonLost || strings.HasPrefix(reason, "accounts_") {
				refused++
			}
			reset[id] = reset[id] || line.Get("reason") == heal.ReasonClientGone || line.Get("reason") == heal.ReasonStale
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the log has the outcomes %v, clients saw %v", got, want)
	}
	calls := len(l.s.Fake().Requests())
	t.Logf("%d requests, %d attempts, %d of them refused without a call, %d upstream calls", len(attempts), total, refused, calls)
	if len(attempts) != loadClients*loadRounds || calls != total-refused {
		t.Errorf("%d requests and %d calls, want %d and as many calls as attempts", len(attempts), calls, loadClients*loadRounds)
	}
	for id, n := range attempts {
		if n > loadEnvoyAttempts || n > loadAttempts && !reset[id] {
			t.Errorf("request %s had %d attempts", id, n)
		}
	}
	// Both must have happened, or the mix proves nothing.
	if l.seen["200 good"] < loadClients*loadRounds*8/10 || total < loadClients*loadRounds*11/10 {
		t.Errorf("%d good answers of %d attempts", l.seen["200 good"], total)
	}
}

// resident is the memory that the replicas and Envoy hold, as the kernel has it.
func resident(t *testing.T, s *stack.Stack) []uint64 {
	t.Helper()
	var out []uint64
	for _, r := range s.Replicas {
		r.Live() // collects garbage
		out = append(out, r.Resident())
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Envoy.PID()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kibibytes, err := strconv.ParseUint(strings.Fields(rest + " ?")[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return append(out, kibibytes*kib)
}

func goroutines(s *stack.Stack) (n int) {
	for _, r := range s.Replicas {
		n += r.Goroutines()
	}
	return n
}
