package pool

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/test/fakegemini"
)

// Requests of one tenant that wait at a replica are served in the order in which
// they came. Each replica has a queue of its own, so there is no order between
// those of two; and those that get a slot at the same time race to the provider,
// so that one may be overtaken by as many as there are slots.
func TestOrderOfArrival(t *testing.T) {
	const slots, waiters = 4, 60
	server, gate := redistest.Start(t), make(chan struct{})
	r := start(t, setup{
		groups: []int{1}, replicas: replicas, urls: []string{server.URL()}, limits: limits{slots: slots},
		policy: "{queue_wait: 60s}",
		fake: fakegemini.Options{Pace: 5 * time.Millisecond, Faults: func(n int) (fakegemini.Reply, bool) {
			return fakegemini.Gate(gate).Then(fakegemini.Text("held")), n < slots
		}},
	})
	var work sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	ids := make([]string, slots+waiters)
	for i := range ids {
		work.Go(func() {
			got := r.say(t.Context(), client, 0, &dialects[0], fmt.Sprintf("number %d.", i), true)
			if got.Status != http.StatusOK || got.Err != nil {
				t.Errorf("number %d: %d, %v, %.200s", i, got.Status, got.Err, got.Body)
			}
			ids[i] = got.Header.Get("x-heald-request-id")
		})
		if i < slots {
			eventually(t, "a slot is taken", patience, func() bool { return r.Fake().Active() == i+1 })
		} else {
			eventually(t, "the request waits", patience, func() bool { return r.waiting() == i+1-slots })
		}
	}
	close(gate)
	work.Wait()
	r.rest(t)
	r.checkQuotas(t)

	at := map[string]int{} // the replica of each request
	for i, replica := range r.Replicas {
		for _, line := range replica.Log.Lines("attempt finished") {
			at[line.Get("request_id")] = i
		}
	}
	number := regexp.MustCompile(`number (\d+)\.`)
	var last [replicas][]int // what each replica has sent
	for _, request := range r.Fake().Requests() {
		n, _ := strconv.Atoi(string(number.FindSubmatch(request.Body)[1]))
		if n >= slots {
			last[at[ids[n]]] = append(last[at[ids[n]]], n)
		}
	}
	for i, sent := range last {
		overtakes := 0
		for place, n := range sent {
			earlier := 0 // of those that came later and were sent before
			for _, before := range sent[:place] {
				if before > n {
					earlier++
				}
			}
			overtakes = max(overtakes, earlier)
		}
		t.Logf("replica %d served %d waiters; one was overtaken by %d at most", i, len(sent), overtakes)
		if overtakes >= slots || len(sent) == 0 {
			t.Errorf("replica %d sent them in the order %v", i, sent)
		}
	}
}
