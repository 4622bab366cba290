package main

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// The process ends whatever its peers do: one opened a stream and does not read
// the answer, another one connected and sends nothing.
func TestServeEndsInTime(t *testing.T) {
	t.Setenv("KEY", "k")
	socket := filepath.Join(t.TempDir(), "s")
	ctx, terminate := context.WithCancel(t.Context())
	defer terminate()
	ended := make(chan int, 1)
	var log bytes.Buffer // read once it has ended
	go func() {
		ended <- run(ctx, []string{"serve", "--grpc", "unix://" + socket, "--admin", "127.0.0.1:0", "--drain", "1s",
			"--backend", "a=ai_studio,http://127.0.0.1:1", "--account", "a=env:KEY"}, streams{&log, &log})
	}()
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stream, err := extprocv3.NewExternalProcessorClient(conn).Process(t.Context(), grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range neverRead() {
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	silent, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	terminate()
	select {
	case code := <-ended:
		if code != exitOK {
			t.Errorf("exit %d:\n%s", code, log.String())
		}
	case <-time.After(30 * time.Second): // ten times what it may take
		t.Fatal("heald does not end")
	}
}

// neverRead is a request and an answer of which some hundred KiB are more than
// the windows of a peer that does not read take.
func neverRead() []*extprocv3.ProcessingRequest {
	headers := func(pairs ...string) *extprocv3.HttpHeaders {
		m := &corev3.HeaderMap{}
		for i := 0; i < len(pairs); i += 2 {
			m.Headers = append(m.Headers, &corev3.HeaderValue{Key: pairs[i], RawValue: []byte(pairs[i+1])})
		}
		return &extprocv3.HttpHeaders{Headers: m}
	}
	out := []*extprocv3.ProcessingRequest{
		{Request: &extprocv3.ProcessingRequest_RequestHeaders{
			RequestHeaders: headers(":method", "POST", ":path", "/v1/messages", "x-request-id", "1"),
		}},
		{Request: &extprocv3.ProcessingRequest_RequestBody{RequestBody: &extprocv3.HttpBody{EndOfStream: true,
			Body: []byte(`{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hi"}]}`)}}},
		{Request: &extprocv3.ProcessingRequest_ResponseHeaders{
			ResponseHeaders: headers(":status", "200", "content-type", "text/event-stream"),
		}},
	}
	frame := `data: {"candidates":[{"content":{"parts":[{"text":"` + strings.Repeat("x", 16<<10) + `"}],"role":"model"}}]}` + "\n\n"
	for range 40 { // below the window of the server, 1 MiB: sending does not block
		out = append(out, &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseBody{
			ResponseBody: &extprocv3.HttpBody{Body: []byte(frame)},
		}})
	}
	return out
}
