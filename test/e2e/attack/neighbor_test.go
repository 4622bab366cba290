package attack

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocfilterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/prototext"
)

// neighbor is a process on the same host, or in the same mesh.
var neighbor = []attack{
	{"opens an ext_proc stream and asks for the key", func(t *testing.T, v *victim) string {
		got := askSidecar(t, v, nil)
		return strings.Join(got, ", ")
	}},
	{"the same, and brings its own backend", func(t *testing.T, v *victim) string {
		got := askSidecar(t, v, map[string]string{"x-heald-backends": "a=ai_studio,https://attacker.example"})
		return strings.Join(got, ", ")
	}},
	{"the same, with a wrong hop secret", func(t *testing.T, v *victim) string {
		got := askSidecar(t, v, map[string]string{"x-heald-hop": "guessed"})
		return strings.Join(got, ", ")
	}},
	{"asks the resume listener", func(t *testing.T, v *victim) string {
		if v.resume == "" {
			t.Fatal("there is no resume listener, so nothing was tried")
		}
		return askResume(t, v)
	}},
	{"reads the sockets' rights", func(t *testing.T, v *victim) string {
		var seen []string
		for _, path := range append([]string{v.resume}, v.sidecars...) {
			path, unix := strings.CutPrefix(path, "unix://")
			if !unix && !strings.HasPrefix(path, "/") {
				continue
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm()&0o007 != 0 && !closedFolder(t, path) {
				t.Errorf("%s has mode %v in a folder that others may enter", path, info.Mode())
			}
			seen = append(seen, info.Mode().Perm().String())
		}
		return strings.Join(seen, ", ")
	}},
	{"looks for profiles and for Envoy's admin", func(t *testing.T, v *victim) string {
		for _, admin := range v.admins {
			for _, path := range []string{"/debug/pprof/", "/config_dump", "/quitquitquit"} {
				resp, err := http.Get(admin + path)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusNotFound {
					t.Errorf("%s%s answers %d", admin, path, resp.StatusCode)
				}
			}
		}
		return fmt.Sprintf("404 at %d admin listeners, no other one over TCP", len(v.admins))
	}},
}

// closedFolder reports whether only the owner may enter the folder of a path.
func closedFolder(t *testing.T, path string) bool {
	t.Helper()
	info, err := os.Stat(path[:strings.LastIndexByte(path, '/')])
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()&0o077 == 0
}

// askSidecar speaks ext_proc to every port of heald, as Envoy does, with a
// request of its own, and returns what came.
func askSidecar(t *testing.T, v *victim, headers map[string]string) (seen []string) {
	t.Helper()
	for _, address := range v.sidecars {
		conn, err := grpc.NewClient(strings.Replace(address, "unix://", "unix:", 1), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		got := talk(t, conn, v.key, headers)
		_ = conn.Close()
		if strings.Contains(got, "AIza") || strings.Contains(got, "x-heald-cluster") || strings.Contains(got, "attacker") {
			t.Errorf("heald at %s tells: %s", address, got)
		}
		if !strings.Contains(got, "immediate_response") {
			t.Errorf("heald at %s does not refuse: %s", address, got)
		}
		seen = append(seen, statusIn(got))
	}
	return seen
}

// statusIn is the status of an immediate response in its text form.
func statusIn(text string) string {
	for _, s := range []string{"Forbidden", "Unauthorized", "InternalServerError"} {
		if strings.Contains(text, s) {
			return "refused: " + s
		}
	}
	return "refused"
}

func talk(t *testing.T, conn *grpc.ClientConn, key string, headers map[string]string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	stream, err := extprocv3.NewExternalProcessorClient(conn).Process(ctx)
	if err != nil {
		return err.Error()
	}
	h := map[string]string{":method": "POST", ":path": "/v1/messages", ":authority": "127.0.0.1", ":scheme": "http",
		"content-type": "application/json", "x-request-id": "11111111-2222-4333-8444-555555555555"}
	if key != "" {
		h["x-api-key"] = key
	}
	for name, value := range headers {
		h[name] = value
	}
	list := &corev3.HeaderMap{}
	for name, value := range h {
		list.Headers = append(list.Headers, &corev3.HeaderValue{Key: name, RawValue: []byte(value)})
	}
	var out strings.Builder
	for _, m := range []*extprocv3.ProcessingRequest{
		{Request: &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: &extprocv3.HttpHeaders{Headers: list}},
			ProtocolConfig: &extprocv3.ProtocolConfiguration{
				RequestBodyMode:  extprocfilterv3.ProcessingMode_BUFFERED,
				ResponseBodyMode: extprocfilterv3.ProcessingMode_FULL_DUPLEX_STREAMED,
			}},
		{Request: &extprocv3.ProcessingRequest_RequestBody{RequestBody: &extprocv3.HttpBody{Body: []byte(hello.body), EndOfStream: true}}},
	} {
		if err := stream.Send(m); err != nil {
			break // the reply says why
		}
		reply, err := stream.Recv()
		if err != nil {
			return out.String() + err.Error()
		}
		out.WriteString(prototext.Format(reply))
		if reply.GetImmediateResponse() != nil {
			break
		}
	}
	return out.String()
}

// askResume tries to reach the provider, and other clusters, past heald.
func askResume(t *testing.T, v *victim) string {
	t.Helper()
	v.fake.Reset()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", v.resume)
		}}}
	var seen []string
	for _, cluster := range []string{"a", "heald", "inner", ""} {
		req, err := http.NewRequest(http.MethodPost, "http://resume/v1beta/models/gemini-3.5-flash:generateContent", strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		if cluster != "" {
			req.Header.Set("x-heald-cluster", cluster)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		seen = append(seen, fmt.Sprintf("%q %d", cluster, resp.StatusCode))
		if resp.StatusCode < 400 {
			t.Errorf("the resume listener takes a stranger's request for cluster %q", cluster)
		}
	}
	if n := len(v.fake.Requests()); n != 0 {
		t.Errorf("%d requests reached the provider", n)
	}
	return strings.Join(seen, ", ")
}
