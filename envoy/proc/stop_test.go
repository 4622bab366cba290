package proc

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

// A request that runs when Stop is called gets its answer, and one that outlives
// the grace time what Late ends it with.
func TestStopLetsRequestsFinish(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("late=%v", late), func(t *testing.T) { stopWhileRunning(t, binary, late) })
		}
	})
}

func stopWhileRunning(t *testing.T, binary string, late bool) {
	t.Helper()
	arrived, answer := make(chan struct{}), make(chan struct{})
	provider := waitingProvider(t, arrived, answer)
	o := render(t, bootstrap.Params{Backends: []bootstrap.Backend{{Name: "fake", URL: provider}}})
	o = bypass(t, o, "fake")
	o.Binary, o.Grace = binary, time.Minute
	o.Late = func() { t.Error("Late is called although the request finishes in time") }
	if late {
		o.Grace, o.Late = time.Second, func() { close(answer) }
	}
	p, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	address, err := p.Address(t.Context(), "outer")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + address + "/")
		if err != nil {
			got <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		got <- string(body)
	}()
	<-arrived
	stopped := make(chan error, 1)
	go func() { stopped <- p.Stop() }()
	if !late {
		close(answer)
	}
	if body := <-got; body != "late" {
		t.Errorf("got %q, want \"late\"", body)
	}
	http.DefaultClient.CloseIdleConnections()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// waitingProvider closes arrived with the only request that it gets, and waits
// for answer. It returns its address.
func waitingProvider(t *testing.T, arrived, answer chan struct{}) string {
	t.Helper()
	provider := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-answer
		w.Header().Set("x-heald-verdict", "pass") // else it is retried
		_, _ = io.WriteString(w, "late")
	})}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = provider.Serve(lis) // ends with Close
	}()
	t.Cleanup(func() { _ = provider.Close(); <-served })
	return "http://" + lis.Addr().String()
}

// bypass sends requests straight to a backend, for tests that are not about
// heald.
func bypass(t *testing.T, o Options, backend string) Options {
	t.Helper()
	text, err := bootstrap.YAML(o.Config)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(text, []byte("cluster: inner\n"), []byte("cluster: "+backend+"\n"), 1)
	if bytes.Equal(text, changed) {
		t.Fatal("no route leads to inner")
	}
	return Options{YAML: changed}
}
