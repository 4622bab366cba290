package attack

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// frozen comes last: the victim ends with it.
var frozen = []attack{
	{"sends a request that kills what reads it", func(t *testing.T, v *victim) string {
		if v.stack == nil {
			return notHere // there is one process, and Envoy ends with it
		}
		return killTwo(t, v)
	}},
	{"holds a replica open when it has to end", func(t *testing.T, v *victim) string {
		if v.stack == nil {
			return notHere // the next attack of the kind goes through Envoy, which `heald up` stops itself
		}
		return freeze(t, v)
	}},
}

// killTwo plays a request that ends every replica that reads it: the third one
// must not get it.
func killTwo(t *testing.T, v *victim) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	v.fake.Reset()
	for range 3 {
		v.fake.Enqueue(fakegemini.SilentBeforeHeaders())
	}
	got := make(chan answer, 1)
	go func() { got <- v.do(t, hello) }()
	var killed []int
	for n := 1; n <= 2; n++ {
		if err := v.fake.WaitRequests(ctx, n); err != nil {
			t.Fatal(err)
		}
		for i, r := range v.stack.Replicas {
			if !slices.Contains(killed, i) && r.Metric("heald_streams_active") > 0 {
				r.Kill()
				killed = append(killed, i)
				break
			}
		}
	}
	end := <-got
	if end.status < 500 || !strings.Contains(end.body, "too often") {
		t.Errorf("the client gets %v (%v)", end, end.err)
	}
	if n := len(v.fake.Requests()); n != 2 {
		t.Errorf("%d attempts reached the provider, want 2", n)
	}
	for _, i := range killed {
		v.stack.Restart(i)
	}
	v.fake.Reset()
	v.served(t)
	return fmt.Sprintf("two replicas were lost, the third never saw it; the client gets %d", end.status)
}

// freeze lets clients wait in a replica and a peer of its port stop reading,
// and then stops the replica.
func freeze(t *testing.T, v *victim) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for range 6 {
		v.fake.Enqueue(fakegemini.SilentBeforeHeaders())
	}
	for range 6 {
		go func() { // ends with ctx
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url+"/v1/messages", strings.NewReader(hello.body))
			if err != nil {
				return
			}
			req.Header.Set("x-api-key", v.key)
			if resp, err := http.DefaultClient.Do(req); err == nil {
				_ = resp.Body.Close()
			}
		}()
	}
	r := v.stack.Replicas[0]
	peer, err := net.Dial("tcp", r.Address) // speaks HTTP/2's first words and never reads
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if _, err := peer.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := syscall.Kill(r.Pid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-r.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the replica does not end")
	}
	took := time.Since(began)
	if took > 5*time.Second { // 2.5 s, and room for a busy machine
		t.Errorf("the replica ended after %v", took)
	}
	v.served(t)
	return fmt.Sprintf("--drain 2s: ended after %.1f s", took.Seconds())
}
