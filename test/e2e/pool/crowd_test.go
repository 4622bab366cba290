package pool

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/stack"
)

// crowd are clients of all tenants and dialects that ask again and again.
type crowd struct {
	t       *testing.T
	r       *rig
	clients []*http.Client // one for each protocol
	stop    context.CancelFunc
	work    sync.WaitGroup

	mu       sync.Mutex
	sent     int
	whole    int
	refused  map[int]int // by status
	waits    []time.Duration
	cut      int             // streams that broke off after they had begun
	mayBreak bool            // a replica is being killed: what it passed on is cut
	told     []time.Duration // retry-after of refusals
	odd      map[string]int  // what no client may see, by what it is
}

// arrival is the time between the first requests of two clients.
const arrival = 8 * time.Millisecond

// gather lets n clients ask until disperse.
func gather(t *testing.T, r *rig, n int) *crowd {
	t.Helper()
	c := &crowd{t: t, r: r, refused: map[int]int{}, odd: map[string]int{}}
	for _, p := range stack.Protocols {
		c.clients = append(c.clients, stack.NewClient(t, p))
	}
	ctx, stop := context.WithCancel(t.Context())
	c.stop = stop
	for i := range n {
		c.work.Go(func() { // ends with stop
			pause(ctx, time.Duration(i)*arrival)
			for turn := 0; ctx.Err() == nil; turn++ {
				if wait := c.ask(i, turn); wait > 0 {
					pause(ctx, wait)
				}
			}
		})
	}
	return c
}

// pause waits for d and a little, so that not all come back at once.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d + rand.N(100*time.Millisecond)):
	case <-ctx.Done():
	}
}

// ask sends one request and reads the answer to its end, also of a client that is
// to stop. It returns how long to wait before the next.
func (c *crowd) ask(client, turn int) time.Duration {
	d, stream := &dialects[client%len(dialects)], client/len(dialects)%2 == 0
	text := fmt.Sprintf("%s: client %d, turn %d", tenantName(client), client, turn)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	start := time.Now()
	got := c.r.say(ctx, c.clients[client%len(c.clients)], client, d, text, stream)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent++
	after, _ := strconv.Atoi(got.Header.Get("retry-after"))
	wait := time.Duration(after) * time.Second
	switch {
	case got.Status == http.StatusOK && got.Err == nil && d.whole(got.Body, "You said: "+text, stream):
		c.whole++
		c.waits = append(c.waits, time.Since(start))
		return 0
	case d.honest(got.Status, got.Header, got.Body):
		c.refused[got.Status]++
		c.told = append(c.told, wait)
	case c.mayBreak && got.Status == http.StatusOK && got.Err != nil:
		c.cut++
	default:
		c.odd[fmt.Sprintf("%s: %d, error %v, retry-after %q, body %.300q", d.name, got.Status, got.Err, got.Header.Get("retry-after"), got.Body)]++
		return time.Second
	}
	return wait
}

// say sends a text as a client of a tenant.
func (r *rig) say(ctx context.Context, c *http.Client, client int, d *dialect, text string, stream bool) stack.Answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL+d.path(stream), strings.NewReader(d.body(text, stream)))
	if err != nil {
		return stack.Answer{Err: err}
	}
	req.Header.Set("content-type", "application/json")
	name, value, _ := strings.Cut(fmt.Sprintf(d.header, r.keys[client%tenants]), ": ")
	req.Header.Set(name, value)
	resp, err := c.Do(req)
	if err != nil {
		return stack.Answer{Err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return stack.Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(body), Err: err}
}

// progress waits until more requests were answered whole.
func (c *crowd) progress(what string, more int) {
	c.t.Helper()
	begin := c.answered()
	eventually(c.t, what+": requests are answered", patience, func() bool { return c.answered() >= begin+more })
}

func (c *crowd) answered() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.whole
}

// refusedAll waits until so many requests were refused.
func (c *crowd) refusedAll(what string, n int) {
	c.t.Helper()
	var refused map[int]int
	defer func() {
		if c.t.Failed() {
			c.t.Logf("refused by status: %v; odd: %v", refused, c.odd)
		}
	}()
	eventually(c.t, what, patience, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		refused = maps.Clone(c.refused)
		sum := 0
		for _, of := range refused {
			sum += of
		}
		return sum >= n || len(c.odd) > 0
	})
}

// during says that a replica is killed, so that streams may break off.
func (c *crowd) during(kill func()) {
	c.mu.Lock()
	c.mayBreak = true
	c.mu.Unlock()
	kill()
}

// disperse ends the load when the last answers are there, and fails for all that
// was neither answered nor honestly refused.
func (c *crowd) disperse() {
	c.t.Helper()
	c.stop()
	c.work.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	var longest time.Duration
	for _, w := range c.waits {
		longest = max(longest, w)
	}
	c.t.Logf("%d requests: %d answered, the last after %v; refused by status: %v; %d streams cut by a kill", c.sent, c.whole, longest.Round(time.Millisecond), c.refused, c.cut)
	for what, n := range c.odd {
		c.t.Errorf("%d × %s", n, what)
	}
}
