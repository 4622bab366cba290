package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// healthy waits until Envoy gives requests to n replicas.
func healthy(t *testing.T, s *stack.Stack, n uint64) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d healthy replicas", n), func() bool {
		stats, err := s.Envoy.Stats(t.Context(), `^cluster\.heald\.(membership_healthy|outlier_detection\.ejections_active)$`)
		return err == nil && stats["cluster.heald.membership_healthy"] == n && stats["cluster.heald.outlier_detection.ejections_active"] == 0
	})
}

// twoReplicas starts two replicas, and a model for each of so many clients. No
// name is the beginning of another: scripts are found by a part of the path.
func twoReplicas(t *testing.T, version string, clients int) (*stack.Stack, []string) {
	t.Helper()
	names := make([]string, clients)
	for i := range names {
		names[i] = fmt.Sprintf("gemini-client-%03d", i)
	}
	s := stack.Start(t, stack.Options{Envoy: version, Replicas: 2, Fake: fakegemini.Options{Models: names}})
	healthy(t, s, 2)
	return s, names
}

// TestKilled kills one of two replicas with SIGKILL.
func TestKilled(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s, names := twoReplicas(t, version, 8)
		bothKinds(t, func(t *testing.T, stream bool) { killHolding(t, s, names, stream) })
		t.Run("mid-stream", func(t *testing.T) { killPassing(t, s, names) })
	})
}

// killHolding: clients that have nothing yet notice nothing.
func killHolding(t *testing.T, s *stack.Stack, clients []string, stream bool) {
	fake := s.Fake()
	fake.Reset()
	gate := make(chan struct{})
	for _, c := range clients {
		fake.EnqueueForPath(c,
			fakegemini.Heartbeats(time.Millisecond, 1).Then(fakegemini.Gate(gate)).Then(fakegemini.Text("held for "+c)),
			fakegemini.Text("again for "+c))
	}
	var wg sync.WaitGroup
	got := make([]stack.Answer, len(clients))
	for i, c := range clients {
		wg.Go(func() { got[i] = s.Post(messages, turn(c, "hello", stream)) })
	}
	if err := fake.WaitRequests(patient(t), len(clients)); err != nil {
		t.Fatal(err)
	}
	lost := killOne(t, s, len(clients))
	// The other one takes over what the first one held.
	if err := fake.WaitRequests(patient(t), len(clients)+lost); err != nil {
		t.Fatal(err)
	}
	close(gate)
	wg.Wait()
	again := 0
	for i, c := range clients {
		text, err := answerText(got[i], stream)
		switch {
		case err == nil && text == "held for "+c:
		case err == nil && text == "again for "+c:
			again++
		default:
			t.Errorf("%s got %q, %v", c, text, err)
		}
	}
	if again != lost {
		t.Errorf("%d answers by the other replica, want %d", again, lost)
	}
	recovered(t, s)
}

// killPassing: clients that have a part of a stream learn that it is not all.
func killPassing(t *testing.T, s *stack.Stack, clients []string) {
	fake := s.Fake()
	fake.Reset()
	gate := make(chan struct{})
	var begun, wg sync.WaitGroup
	got := make([]stack.Answer, len(clients))
	for i, c := range clients {
		fake.EnqueueForPath(c, fakegemini.Text("answer ").Then(fakegemini.Gate(gate)).Then(fakegemini.Text("for "+c)))
		begun.Add(1)
		wg.Go(func() { got[i] = s.PostWatching(messages, turn(c, "hello", true), begun.Done) })
	}
	begun.Wait()
	lost := killOne(t, s, len(clients))
	close(gate)
	wg.Wait()
	cut := 0
	for i, c := range clients {
		text, err := answerText(got[i], true)
		switch {
		case err == nil && text == "answer for "+c:
		case got[i].Err != nil && got[i].Status == 200 && !strings.Contains(got[i].Body, "message_stop"):
			cut++
		default:
			t.Errorf("%s got %q, %v", c, text, err)
		}
	}
	if cut != lost {
		t.Errorf("%d streams were cut, want %d", cut, lost)
	}
	if n := len(fake.Requests()); n != len(clients) {
		t.Errorf("%d upstream calls, want %d: what was begun cannot be repeated", n, len(clients))
	}
	recovered(t, s)
}

// killOne kills the first replica once both share the requests, and says how
// many it had.
func killOne(t *testing.T, s *stack.Stack, clients int) int {
	t.Helper()
	active := func(i int) int { return int(s.Replicas[i].Metric("heald_streams_active")) }
	eventually(t, "every request is at a replica", func() bool { return active(0)+active(1) == clients })
	lost := active(0)
	if lost == 0 || lost == clients {
		t.Fatalf("the first replica has %d of %d requests", lost, clients)
	}
	s.Replicas[0].Kill()
	return lost
}

// recovered checks that new requests are served by the replica that is left,
// and then by both.
func recovered(t *testing.T, s *stack.Stack) {
	t.Helper()
	for range 4 {
		if text, err := answerText(s.Post(messages, streamed), true); err != nil || text != good {
			t.Errorf("afterwards: %q, %v", text, err)
		}
	}
	s.Settle()
	s.Restart(0)
	healthy(t, s, 2)
	eventually(t, "the new replica gets requests", func() bool {
		s.Post(messages, streamed)
		return s.Replicas[0].Metric("heald_streams_total") > 0
	})
	s.Settle()
}

// served is one attempt as a replica logged it.
type served struct {
	replica int
	account string
}

// servedBy lists the attempts of a request in order.
func servedBy(s *stack.Stack, requestID string) []served {
	attempts := map[string]served{}
	for i, r := range s.Replicas {
		for _, l := range r.Log.Lines("attempt finished", "request_id", requestID) {
			attempts[l.Get("attempt")] = served{i, l.Get("account")}
		}
	}
	var out []served
	for n := 1; ; n++ {
		a, ok := attempts[fmt.Sprint(n)]
		if !ok {
			return out
		}
		out = append(out, a)
	}
}

// Each attempt of a request is served by another replica than the one before,
// which knows what that one learned.
func TestAnyReplica(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Replicas: 2, Keys: []string{"key-1", "key-2", "key-3"}})
		healthy(t, s, 2)
		s.Fake().Enqueue(fakegemini.Status(403), fakegemini.EmptyOK())
		got := s.Post(messages, plain)
		s.Settle()
		if text, err := answerText(got, false); err != nil || text != good {
			t.Errorf("got %q, %v", text, err)
		}
		attempts := servedBy(s, got.Header.Get("x-heald-request-id"))
		if len(attempts) != 3 {
			t.Fatalf("attempts %v, want 3", attempts)
		}
		first := attempts[0].replica
		second, third := attempts[1].account, attempts[2].account // either of two that are as good
		want := []served{{first, "a-1"}, {1 - first, second}, {first, third}}
		if !slices.Equal(attempts, want) || second == "a-1" || third == "a-1" || second == third {
			t.Errorf("attempts %v, want three accounts, by replicas in turn", attempts)
		}
	})
}

// Replicas that cannot read each other's memory still answer, and say what is
// wrong.
func TestMemoryKeysDiffer(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Replicas: 2, MemoryKeys: []string{"one memory key of 32 bytes or more", "another memory key of 32 bytes or more"}})
		healthy(t, s, 2)
		s.Fake().Enqueue(fakegemini.Status(503))
		got := s.Post(messages, streamed)
		s.Settle()
		if text, err := answerText(got, true); err != nil || text != good {
			t.Errorf("got %q, %v", text, err)
		}
		id := got.Header.Get("x-heald-request-id")
		var told []stack.Line
		var keys []string
		for _, r := range s.Replicas {
			told = append(told, r.Log.Lines("memory of earlier attempts was ignored", "request_id", id)...)
			keys = append(keys, r.Log.Lines("configuration loaded")[0].Get("memory_key_id"))
		}
		if keys[0] == keys[1] {
			t.Fatalf("both replicas have the key %s", keys[0])
		}
		if len(told) != 1 {
			t.Fatalf("%d lines about the keys, want 1: %v", len(told), told)
		}
		for _, want := range append(keys, "memory_key") {
			if !strings.Contains(told[0].Get("error"), want) {
				t.Errorf("the log does not name %s: %v", want, told[0])
			}
		}
	})
}
