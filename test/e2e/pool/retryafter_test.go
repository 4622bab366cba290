package pool

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

// Who comes back when heald has said is served, and who comes before is not.
func TestRetryAfterIsTrue(t *testing.T) {
	t.Parallel() // it waits for a minute
	const requests = 3
	r := start(t, setup{groups: []int{1}, limits: limits{requests: requests}, policy: "{queue_wait: 1ms}"})
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	ask := func() (status int, after time.Duration) {
		t.Helper()
		d := &dialects[0]
		got := r.say(t.Context(), client, 0, d, "hello", true)
		if got.Status != http.StatusOK && !d.honest(got.Status, got.Header, got.Body) {
			t.Errorf("%d %v %s", got.Status, got.Header, got.Body)
		}
		n, _ := strconv.Atoi(got.Header.Get("retry-after"))
		return got.Status, time.Duration(n) * time.Second
	}
	for i := range requests {
		if status, _ := ask(); status != http.StatusOK {
			t.Fatalf("request %d: %d", i, status)
		}
	}
	status, after := ask()
	t.Logf("over the limit: %d, come back in %v", status, after)
	if status != http.StatusTooManyRequests || after < 50*time.Second || after > 62*time.Second {
		t.Fatalf("over the limit: %d, come back in %v", status, after)
	}
	begin := time.Now()
	time.Sleep(after - 4*time.Second)
	if status, again := ask(); status == http.StatusOK {
		t.Errorf("served %v after it was told to come back in %v", time.Since(begin), after)
	} else if left := after - time.Since(begin); again > left+2*time.Second {
		t.Errorf("told to come back in %v, though it was to be %v", again, left)
	}
	time.Sleep(after - time.Since(begin))
	if status, again := ask(); status != http.StatusOK {
		t.Errorf("%v later as told: %d, come back in %v", after, status, again)
	}
	r.checkQuotas(t)
}
