package e2e

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// Whichever replica serves an attempt knows what the one before has found: that an
// account is refused, and that the request was repaired once.
func meshMemory(t *testing.T, m *meshStack) {
	corrupted := fakegemini.Status(400, fakegemini.Message("Corrupted thought signature."))
	const requests = 12
	moved := 0 // from one replica to the other
	for i := range requests {
		stream := i%2 == 0
		m.Reload()
		m.Fakes["a"].Reset()
		m.Fakes["b"].Reset()
		m.Fakes["a"].Enqueue(fakegemini.Status(403), corrupted, corrupted)
		m.Fakes["b"].Enqueue(corrupted, corrupted)
		got := m.Post(messages, turn(model, "hello", stream))
		m.Settle()
		if sees, _ := apis[0].seen(got, stream, good); sees != apis[0].sees[seesInvalid] {
			t.Errorf("the client sees %q, want %q: no second repair", sees, apis[0].sees[seesInvalid])
		}
		id := got.Header.Get("x-heald-request-id")
		if words, want := m.Reasons(id), []string{heal.ReasonForbidden, heal.ReasonSignature, heal.ReasonSignature}; !slices.Equal(words, want) {
			t.Errorf("log words %v, want %v", words, want)
		}
		attempts := servedBy(m.Stack, id)
		for i := 1; i < len(attempts); i++ {
			if attempts[i].account == attempts[0].account {
				t.Errorf("attempt %d asked account %s again, which was refused", i+1, attempts[0].account)
			}
			if attempts[i].replica != attempts[i-1].replica {
				moved++
			}
		}
	}
	// The mesh balances; not every attempt goes to the other replica.
	if moved < requests/2 {
		t.Errorf("%d attempts of %d requests went to another replica than the one before", moved, requests)
	}
	t.Logf("%d of %d second and third attempts went to another replica", moved, 2*requests)
}

// A replica is killed under many streams. Clients that have nothing yet notice
// nothing; those that have a part learn that it is not all, as they do without a
// mesh.
func meshKilled(t *testing.T, m *meshStack) {
	fake := m.Fakes["a"]
	gate := make(chan struct{})
	var begun, wg sync.WaitGroup
	got := make([]stack.Answer, len(m.clients))
	for i, c := range m.clients {
		held := i%2 == 0
		if held {
			fake.EnqueueForPath(c, fakegemini.Heartbeats(time.Millisecond, 1).Then(fakegemini.Gate(gate)).Then(fakegemini.Text("answer for "+c)), fakegemini.Text("again for "+c))
			m.Fakes["b"].EnqueueForPath(c, fakegemini.Text("again for "+c))
		} else {
			fake.EnqueueForPath(c, fakegemini.Text("answer ").Then(fakegemini.Gate(gate)).Then(fakegemini.Text("for "+c)))
			begun.Add(1)
		}
		first := func() {}
		if !held {
			first = begun.Done
		}
		wg.Go(func() { got[i] = m.PostWatching(messages, turn(c, "hello", true), first) })
	}
	begun.Wait()
	if err := fake.WaitRequests(patient(t), len(m.clients)); err != nil {
		t.Fatal(err)
	}
	lost := killOne(t, m.Stack, len(m.clients))
	eventually(t, "the other replica asks again for what the first one held", func() bool {
		return len(fake.Requests())+len(m.Fakes["b"].Requests()) > len(m.clients)
	})
	close(gate)
	wg.Wait()
	again, cut := 0, 0
	for i, c := range m.clients {
		text, err := answerText(got[i], true)
		switch {
		case err == nil && text == "answer for "+c:
		case err == nil && text == "again for "+c && i%2 == 0:
			again++
		case i%2 == 1 && got[i].Err != nil && got[i].Status == 200 && !strings.Contains(got[i].Body, "message_stop"):
			cut++
		default:
			t.Errorf("%s got %d %q, %v", c, got[i].Status, brief(text), errors.Join(err, got[i].Err))
		}
	}
	if again+cut != lost || again == 0 || cut == 0 {
		t.Errorf("%d answers by the other replica and %d streams cut, want together %d, and some of each", again, cut, lost)
	}
	t.Logf("of %d streams the killed replica had %d: %d held ones were answered by the other replica, %d begun ones were cut", len(m.clients), lost, again, cut)
	m.Settle()
	m.Restart(0)
	healthy(t, m.Stack, 2)
	eventually(t, "the new replica gets requests", func() bool {
		m.Post(messages, streamed)
		return m.Replicas[0].Metric("heald_streams_total") > 0
	})
}

// A killed replica does not come back for longer than Envoy leaves it out at first,
// and no client notices.
func meshAway(t *testing.T, m *meshStack) {
	m.Replicas[0].Kill()
	ctx, stop := context.WithCancel(patient(t))
	defer stop()
	var answered atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for ctx.Err() == nil {
				got := m.Post(messages, streamed)
				if text, err := answerText(got, true); err != nil || text != good {
					t.Errorf("got %d %q, %v", got.Status, brief(text), errors.Join(err, got.Err))
					return
				}
				answered.Add(1)
			}
		})
	}
	ejections := func(which string) uint64 {
		stats, err := m.Envoy.Stats(ctx, `^cluster\.heald\..*ejections_`+which+"$")
		if err != nil || len(stats) != 1 {
			t.Fatal(stats, err)
		}
		return slices.Collect(maps.Values(stats))[0]
	}
	eventually(t, "Envoy leaves the replica out", func() bool { return ejections("active") == 1 })
	eventually(t, "that time is over", func() bool { return ejections("active") == 0 || ejections("enforced_total") > 1 })
	enough := answered.Load() + 500
	eventually(t, "500 more answers, or a failure", func() bool { return answered.Load() >= enough || t.Failed() })
	stop()
	wg.Wait()
	m.Settle()
	m.Restart(0)
	healthy(t, m.Stack, 2)
}

// A replica is asked to stop under many streams, and no client notices.
func meshStopped(t *testing.T, m *meshStack) {
	ctx, stop := context.WithCancel(patient(t))
	defer stop()
	var wg sync.WaitGroup
	for i, c := range m.clients {
		client := stack.NewClient(t, stack.Protocols[i%len(stack.Protocols)])
		for _, fake := range m.Fakes {
			fake.EnqueueForPath(c, again(50, fakegemini.Text("one ", "two ", "three").Slow(time.Second))...)
		}
		wg.Go(func() {
			for ctx.Err() == nil {
				got := m.PostAs(context.WithoutCancel(ctx), client, messages, strings.NewReader(turn(c, "hello", true)))
				if text, err := answerText(got, true); err != nil || text != "one two three" {
					t.Errorf("%s got %d %q, %v", c, got.Status, brief(text), errors.Join(err, got.Err))
					return
				}
			}
		})
	}
	active := func(i int) float64 { return m.Replicas[i].Metric("heald_streams_active") }
	eventually(t, "both replicas share the load", func() bool { return active(0) > meshClients/8 && active(1) > meshClients/8 })
	stopInOrder(t, m.Replicas[0])
	m.Restart(0)
	eventually(t, "the new replica has its share", func() bool { return active(0) > meshClients/8 })
	stop()
	wg.Wait()
}
