package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/record"
)

type fakeStore struct{ values atomic.Int32 }

func (s *fakeStore) Append(_ context.Context, _ string, values ...[]byte) error {
	s.values.Add(int32(len(values)))
	return nil
}

// Every sink of heald.yaml gets every record, and nothing that waits is lost at
// the end.
func TestRecords(t *testing.T) {
	var spans atomic.Int32
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		spans.Add(1)
	}))
	defer collector.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	store := &fakeStore{}
	path := filepath.Join(t.TempDir(), "usage.jsonl")
	r, err := newRecords(&config.Record{File: path, OTLP: &config.OTLP{Endpoint: collector.URL}, RedisStream: true}, store, prometheus.NewRegistry(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	origin := record.Origin{Tenant: "t", TraceID: "0af7651916cd43dd8448eb211c80319c", ParentSpan: "b7ad6b7169203331", Sampled: true}
	for range 100 {
		r.fan.Attempt(record.Attempt{Origin: origin, Usage: &record.Usage{Input: 1}})
		r.fan.Request(record.Request{Origin: origin, Outcome: "passed"})
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	if store.values.Load() != 200 || spans.Load() == 0 {
		t.Errorf("%d in the stream, %d calls of the collector", store.values.Load(), spans.Load())
	}
	var out, said bytes.Buffer
	if code := run(t.Context(), []string{"usage", "--csv", "--by", "tenant", path}, streams{&out, &said}); code != exitOK || !strings.Contains(out.String(), "t,100,0,100,100,0,0,0,,0,100,0") {
		t.Errorf("exit %d: %s %s", code, out.String(), said.String())
	}
}

func TestRecordFileThatCannotBe(t *testing.T) {
	_, err := newRecords(&config.Record{File: filepath.Join(t.TempDir(), "none", "usage.jsonl")}, nil, prometheus.NewRegistry(), zap.NewNop())
	if err == nil || !strings.Contains(err.Error(), "record.file: open ") {
		t.Errorf("got %v", err)
	}
}

// What is asked for is recorded by whatever configuration runs, where the first
// one has said.
func TestRecordsOutliveAReload(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "usage.jsonl")
	s, rewrite := rewriting(t, minimal+"record: {file: "+path+"}\n")
	ask := func() {
		a := s.policy.Begin(t.Context(), &policies.Request{Method: "GET", Path: "/v1/models", Authority: "x"})
		if r := a.RequestHeaders(); r == nil || r.Status != http.StatusOK {
			t.Fatalf("got %+v", r)
		}
		a.Close(policies.EndComplete)
	}
	ask()
	if said := rewrite(minimal + "record: {file: " + path + ", keep: 5}\nmax_body: 1048576\n"); !strings.Contains(said, "record has changed: restart heald to use it") {
		t.Errorf("said %q", said)
	}
	if said := rewrite(minimal + "record: {file: " + path + "}\n"); strings.Contains(said, "record has changed") {
		t.Errorf("said %q", said)
	}
	ask()
	if err := s.records.close(); err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	if code := run(t.Context(), []string{"usage", "--csv", "--by", "tenant", path}, streams{&out, &said}); code != exitOK || !strings.Contains(out.String(), "default,2,0,2,0,") {
		t.Errorf("exit %d: %s %s", code, out.String(), said.String())
	}
}
