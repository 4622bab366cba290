package main

import (
	"bytes"
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Streams last minutes, and requests have megabytes: what heald holds per open
// stream must not be the request. The provider thinks, or answers.
func TestOpenStreamsHoldNoRequests(t *testing.T) {
	t.Setenv("KEY", "k")
	socket := filepath.Join(t.TempDir(), "s")
	ctx, terminate := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	var log bytes.Buffer
	go func() {
		ended <- run(ctx, []string{"serve", "--grpc", "unix://" + socket, "--admin", "127.0.0.1:0", "--drain", "1ms",
			"--backend", "a=ai_studio,http://127.0.0.1:1", "--account", "a=env:KEY"}, streams{&log, &log})
	}()
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = conn.Close()
		terminate()
		<-ended
	}()
	open := func(answered bool) {
		t.Helper()
		stream, err := extprocv3.NewExternalProcessorClient(conn).Process(t.Context(), grpc.WaitForReady(true))
		if err != nil {
			t.Fatal(err)
		}
		messages := neverRead()
		messages[1].GetRequestBody().Body = []byte(`{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"` +
			strings.Repeat("lorem ipsum ", 5<<20/12) + `"}]}`)
		if !answered {
			messages = messages[:2]
		}
		for _, m := range messages[:min(len(messages), 4)] {
			if err := stream.Send(m); err != nil {
				t.Fatal(err)
			}
			if m.GetResponseHeaders() != nil {
				continue // held until a chunk comes
			}
			if _, err := stream.Recv(); err != nil {
				t.Fatal(err)
			}
		}
	}
	open(true) // what every process has
	const n = 20
	before := heap()
	for range n / 2 {
		open(true)
		open(false)
	}
	perStream := (int64(heap()) - int64(before)) / n
	t.Logf("%d KiB per open stream", perStream>>10)
	if perStream > 1<<20 {
		t.Errorf("%d bytes are held per stream whose request has 5 MiB", perStream)
	}
}

// heap is what is live, in bytes.
func heap() uint64 {
	var m runtime.MemStats
	for range 3 { // pools let go after the second
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
