package exchange

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/route"
)

// spot is all that is chosen for an attempt.
type spot struct{ backend, model, account string }

// walk is one request's way through its attempts, as a test sees it.
type walk struct {
	passing, spent map[spot]bool
	path           []string
}

// Whatever backends, accounts and chains there are, and whatever they answer at
// whichever replica: no attempt goes to what is spent while something that
// failed only in passing is ready, none ends there either, and no request has
// more attempts than it may.
func TestChoiceProperties(t *testing.T) {
	eachSeed(t, 3000, 0, walkRandomly)
}

// eachSeed plays a random walk with so many seeds, a tenth of them in short mode.
// stream tells walks apart that have the same seeds.
func eachSeed(t *testing.T, seeds int, stream uint64, play func(*testing.T, *rand.Rand)) {
	if testing.Short() {
		seeds /= 10
	}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) { play(t, rand.New(rand.NewPCG(uint64(seed), stream))) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// someBackends are up to three backends with up to so many accounts each.
func someBackends(rnd *rand.Rand, mostAccounts int) (backends []route.Backend, accounts []account.Account) {
	for b := range 1 + rnd.IntN(3) {
		name := string(rune('a' + b))
		backends = append(backends, route.Backend{Name: name, Kind: route.AIStudio})
		for n := range 1 + rnd.IntN(mostAccounts) {
			accounts = append(accounts, account.Account{ID: fmt.Sprint(name, "-", n), Backend: name, Secret: account.NewSecret("key")})
		}
	}
	return backends, accounts
}

func walkRandomly(t *testing.T, rnd *rand.Rand) {
	backends, accounts := someBackends(rnd, 3)
	chain := route.Chain{{Model: "pro"}, {Model: "lite"}, {Model: "nano"}}[:1+rnd.IntN(3)]
	attempts := 1 + rnd.IntN(6)
	change := func(cfg *Config) {
		cfg.Backends, cfg.Accounts = slices.Clone(backends), accounts
		cfg.Models.Aliases = map[string]route.Chain{"top": chain}
		cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: attempts}}
	}
	replicas := []rig{newRig(t, change), newRig(t, change)}
	w := walk{passing: map[spot]bool{}, spent: map[spot]bool{}}
	memory := ""
	for n := 1; ; n++ {
		if n > attempts {
			t.Fatalf("attempt %d of %d: %v", n, attempts, w.path)
		}
		a := replicas[rnd.IntN(2)].begin(n, memory)
		send(t, a, askTop)
		p := spot{a.backend.Name, a.model, a.account.ID}
		w.path = append(w.path, fmt.Sprint(p))
		if ready := w.ready(a); w.spent[p] && len(ready) > 0 {
			t.Fatalf("asks %v, which is spent, while %v are ready: %v", p, ready, w.path)
		}
		kind, isSpent := passingFailures[rnd.IntN(len(passingFailures))], rnd.IntN(2) == 0
		if isSpent {
			kind = spentFailures[rnd.IntN(len(spentFailures))]
			w.spend(p, kind, chain)
		} else {
			w.passing[p] = true
		}
		w.path = append(w.path, kind.name)
		reply := answerWith(a, kind.status, kind.body).Reply
		if !reply.Verdict.Again() {
			if ready := w.ready(a); isSpent && n < attempts && len(ready) > 0 {
				t.Fatalf("ends at attempt %d of %d while %v are ready: %v", n, attempts, ready, w.path)
			}
			return
		}
		memory = reply.Memory
		time.Sleep(reply.Wait)
	}
}

// spend notes that an account is spent: for the model, or for all.
func (w *walk) spend(p spot, kind answered, chain route.Chain) {
	ofModel := []string{"quota of the day", "unknown model", "too long a delay"}
	for _, hop := range chain {
		if hop.Model == p.model || !slices.Contains(ofModel, kind.name) {
			w.spent[spot{p.backend, hop.Model, p.account}] = true
		}
	}
}

// ready are the places of the attempt's model that failed only in passing and
// do not cool down.
func (w *walk) ready(a *attempt) (list []spot) {
	for p := range w.passing {
		if !w.spent[p] && p.model == a.model && !(rig{Exchange: a.x}).cooling(p.account, p.model) {
			list = append(list, p)
		}
	}
	return list
}
