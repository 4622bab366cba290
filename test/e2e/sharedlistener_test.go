package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/envoy/proc"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// The host names of envoy/README.md's example.
const (
	shopHost  = "shop.example.com"
	healdHost = "llm.example.com"
)

// example returns a block of envoy/README.md by its name.
func example(t *testing.T, name string) any {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(stack.Root(), "envoy", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "\n```yaml "+name+"\n")
	text, _, ended := strings.Cut(rest, "\n```\n")
	if !found || !ended {
		t.Fatalf("envoy/README.md has no block yaml %s", name)
	}
	var out any
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("envoy/README.md, yaml %s: %v", name, err)
	}
	return out
}

// object is a mapping of YAML.
type object = map[string]any

// at walks to a value: names are keys, numbers positions.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			v = v.(object)[p]
		case int:
			v = v.([]any)[p]
		}
	}
	return v
}

// item is the item of a list by its name.
func item(t *testing.T, list any, name string) object {
	t.Helper()
	for _, v := range list.([]any) {
		if v.(object)["name"] == name {
			return v.(object)
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

// manager is the connection manager of the shop's listener.
func manager(config object) object {
	return at(config, "static_resources", "listeners", 0, "filter_chains", 0, "filters", 0, "typed_config").(object)
}

// shop returns the configuration of testdata/shop.yaml.
func shop(t *testing.T, upstream, log string) object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "shop.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(upstream)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer("port_value: 8080", "port_value: "+port, "/var/log/envoy/shop.log", log).Replace(string(text))
	var out object
	if err := yaml.Unmarshal([]byte(edited), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// join adds heald to a shop's configuration, step by step as envoy/README.md says.
// rendered is what `heald envoy` prints.
func join(t *testing.T, site object, rendered, log string) string {
	t.Helper()
	var own object
	if err := yaml.Unmarshal([]byte(rendered), &own); err != nil {
		t.Fatal(err)
	}
	resources, ours := site["static_resources"].(object), own["static_resources"].(object)
	site["bootstrap_extensions"] = own["bootstrap_extensions"]
	site["admin"] = own["admin"] // only this test's
	inner := item(t, ours["clusters"], "inner")
	inner["typed_extension_protocol_options"] = example(t, "cluster").(object)["typed_extension_protocol_options"]
	resources["clusters"] = append(resources["clusters"].([]any), ours["clusters"].([]any)...)
	resources["listeners"] = append(resources["listeners"].([]any), item(t, ours["listeners"], "inner"))

	hcm := manager(site)
	routes := hcm["route_config"].(object)
	routes["virtual_hosts"] = append(routes["virtual_hosts"].([]any), example(t, "virtual-host").([]any)...)
	replies := hcm["local_reply_config"].(object)
	replies["mappers"] = append(example(t, "mappers").([]any), replies["mappers"].([]any)...)
	hcm["http_filters"] = append(example(t, "http-filters").([]any), hcm["http_filters"].([]any)...)
	at(hcm, "access_log", 0).(object)["filter"] = example(t, "site-log").(object)["filter"]
	logs := example(t, "access-log").([]any)
	at(logs, 0, "typed_config").(object)["path"] = log
	hcm["access_log"] = append(hcm["access_log"].([]any), logs...)
	return text(t, site)
}

func text(t *testing.T, config object) string {
	t.Helper()
	out, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// shopkeeper answers the shop's requests, and says what it got.
func shopkeeper(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/slow":
		<-r.Context().Done()
		return
	case "/sold-out":
		w.Header().Set("content-type", "text/html")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "<h1>sold out</h1>")
		return
	case "/chat":
		w.Header().Set("connection", "upgrade")
		w.Header().Set("upgrade", "websocket")
		w.WriteHeader(http.StatusSwitchingProtocols)
		return
	}
	n, _ := io.Copy(io.Discard, r.Body)
	fmt.Fprintf(w, "%s %s, %d bytes\n", r.Method, r.RequestURI, n)
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(w, "%s: %s\n", name, r.Header[name])
	}
}

// shopRequests are what the shop's callers send, as they write it. Those with an
// id of their own are found by it in the log.
var shopRequests = []struct{ name, request string }{
	{"a page", "GET /?a=b HTTP/1.1\r\nhost: shop.example.com\r\nx-request-id: the caller's 1\r\n\r\n"},
	{"an id that Envoy makes", "GET / HTTP/1.1\r\nhost: shop.example.com\r\n\r\n"},
	{"another host", "GET / HTTP/1.1\r\nhost: other.example.com\r\nx-request-id: the caller's 2\r\n\r\n"},
	{"a host that begins like heald's", "GET /closed HTTP/1.1\r\nhost: llm.example\r\nx-request-id: the caller's 3\r\n\r\n"},
	{"heald's headers", "GET / HTTP/1.1\r\nhost: shop.example.com\r\nx-request-id: the caller's 4\r\nx-heald-memory: m\r\nx-heald-policy: p\r\nexpect: 100-continue\r\n\r\n"},
	{"doubled slashes", "GET //a//b/ HTTP/1.1\r\nhost: shop.example.com\r\nx-request-id: the caller's 5\r\n\r\n"},
	{"its own /healthz", "GET /healthz HTTP/1.1\r\nhost: shop.example.com\r\nx-request-id: the caller's 6\r\n\r\n"},
	{"a timeout", "GET /slow HTTP/1.1\r\nhost: shop.example.com\r\nx-request-id: the caller's 7\r\n\r\n"},
	{"its own 503, retried", "GET /sold-out HTTP/1.1\r\nhost: shop.example.com\r\nx-request-id: the caller's 8\r\n\r\n"},
	{"nothing reachable", "GET /closed HTTP/1.1\r\nhost: shop.example.com\r\nx-request-id: the caller's 9\r\n\r\n"},
	{"a WebSocket", "GET /chat HTTP/1.1\r\nhost: shop.example.com\r\nx-request-id: the caller's 10\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"},
	{"an upgrade that is refused", "GET / HTTP/1.1\r\nhost: shop.example.com\r\nx-request-id: the caller's 11\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n"},
	{"gemini-cli", "GET / HTTP/1.1\r\nhost: shop.example.com\r\nx-request-id: the caller's 12\r\nuser-agent: GeminiCLI/1.0\r\n\r\n"},
	{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"},
	{"no host", "GET / HTTP/1.1\r\nx-request-id: the caller's 13\r\n\r\n"},
	{"too many headers", "GET / HTTP/1.1\r\nhost: shop.example.com\r\n" + strings.Repeat("a: b\r\n", 120) + "\r\n"},
	{"no HTTP at all", "NONSENSE\r\n\r\n"},
	{"a large body", "POST /upload HTTP/1.1\r\nhost: shop.example.com\r\nx-request-id: the caller's 14\r\ncontent-length: 3000000\r\n\r\n" + strings.Repeat("x", 3000000)},
}

// asWritten sends a request as it is written, and returns the reply's status, headers
// and body.
func asWritten(ctx context.Context, t *testing.T, address, request string) string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	go func() { _, _ = io.WriteString(conn, request) }() // ends with the connection
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err == nil && resp.StatusCode == http.StatusContinue {
		resp, err = http.ReadResponse(in, nil)
	}
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body := []byte("upgraded")
	if resp.StatusCode != http.StatusSwitchingProtocols {
		if body, err = io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s\n", resp.Proto, resp.Status)
	if err := resp.Header.Write(&out); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "close %t\n%s", resp.Close, body)
	return out.String()
}

// changing are the parts of a reply or a line that differ each time.
var changing = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?m)^Date: .*$|(?m)^X-Envoy-Upstream-Service-Time: .*$`)

func steady(s string) string { return changing.ReplaceAllString(s, "…") }

// lines waits until a log has so many lines. Their order is chance: each request
// has a connection of its own.
func lines(t *testing.T, path string, n int) []string {
	t.Helper()
	var out []string
	eventually(t, fmt.Sprintf("%d lines in %s", n, filepath.Base(path)), func() bool {
		data, err := os.ReadFile(path)
		out = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		return err == nil && len(data) > 0 && len(out) >= n
	})
	return out
}

// A site that shares its listener with heald, as envoy/README.md says, notices
// nothing: its replies, errors, request ids and lines in the log are what they
// were. The page's YAML is what runs here.
func TestSharedListener(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		upstream := httptest.NewServer(http.HandlerFunc(shopkeeper))
		defer upstream.Close()
		dir := t.TempDir()
		path := func(name string) string { return filepath.Join(dir, name) }

		alone := shop(t, upstream.Listener.Addr().String(), path("before.log"))
		alone["admin"] = object{"address": object{"socket_address": object{"address": "127.0.0.1", "port_value": 0}}}
		before, err := proc.Start(patient(t), proc.Options{Binary: stack.EnvoyBinary(t, version), YAML: []byte(text(t, alone)), Grace: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = before.Stop() }()
		beforeAddress, err := before.Address(patient(t), "outer")
		if err != nil {
			t.Fatal(err)
		}
		var config string
		s := stack.Start(t, stack.Options{Envoy: version, Replicas: 2, Keys: []string{"key-1", "key-2"}, Edit: func(rendered string) string {
			config = join(t, shop(t, upstream.Listener.Addr().String(), path("after.log")), rendered, path("heald.log"))
			return config
		}})
		healthy(t, s, 2)
		address := strings.TrimPrefix(s.URL, "http://")

		b, err := bootstrap.Parse([]byte(config))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range bootstrap.Check(b, bootstrap.Want{Attempts: 3, Backends: []string{"a"}}) {
			if !p.Note && !strings.Contains(p.Path, "clusters[a]") && p.Path != "admin" { // the fake has no TLS
				t.Errorf("heald check finds %s", p)
			} else {
				t.Log(p)
			}
		}

		for _, r := range shopRequests {
			want, got := steady(asWritten(patient(t), t, beforeAddress, r.request)), steady(asWritten(patient(t), t, address, r.request))
			if got != want {
				t.Errorf("%s:\nbefore:\n%s\nwith heald:\n%s", r.name, want, got)
			}
		}
		want, got := lines(t, path("before.log"), len(shopRequests)), lines(t, path("after.log"), len(shopRequests))
		for _, l := range [][]string{want, got} {
			slices.Sort(l)
		}
		if a, b := steady(strings.Join(want, "\n")), steady(strings.Join(got, "\n")); a != b {
			t.Errorf("the shop's log was\n%s\nand is with heald\n%s", a, b)
		}
		sharedHeald(t, s, address, path("heald.log"))
		if now := lines(t, path("after.log"), len(shopRequests)); len(now) != len(shopRequests) {
			t.Errorf("the shop's log has lines of heald's requests: %s", now[len(shopRequests):])
		}
	})
}

// sharedHeald checks that heald's own host has everything.
func sharedHeald(t *testing.T, s *stack.Stack, address, log string) {
	t.Helper()
	id := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	ask := func(path, body string) stack.Answer {
		req, err := http.NewRequestWithContext(patient(t), http.MethodPost, s.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = healdHost
		req.Header.Set("x-request-id", "the caller's 100")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		return stack.Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(data), Err: err}
	}
	n := 0
	for _, c := range []struct{ name, text string }{{"short", "hi"}, {"of 3 MB", strings.Repeat("hi ", 1<<20)}} {
		s.Fake().Enqueue(fakegemini.Status(500), fakegemini.Text("hello"))
		got := ask(messages+"?key=secret", turn(model, c.text, true))
		n++
		if text, err := answerText(got, true); err != nil || text != "hello" {
			t.Errorf("a request %s: %q, %v", c.name, text, err)
		}
		request := got.Header.Get("x-heald-request-id")
		if !id.MatchString(request) || got.Header.Get("x-heald-attempts") != "2" || got.Header.Get("x-heald-memory") != "" {
			t.Errorf("a request %s: %v, want an id of the gateway's and two attempts", c.name, got.Header)
		}
		s.Settle()
		if words := s.Reasons(request); len(words) != 2 {
			t.Errorf("a request %s: log words %v, want two attempts with one id", c.name, words)
		}
		if line := lines(t, log, n)[n-1]; !strings.Contains(line, request) || strings.Contains(line, "secret") {
			t.Errorf("heald's log says %s of the request %s", line, request)
		}
	}
	read := 0.0
	for _, r := range s.Replicas {
		read += r.Metric("heald_memory_total", `result="ok"`)
	}
	if read != 2 {
		t.Errorf("%v second attempts know of the first, want both", read)
	}
	for _, c := range []struct{ name, request, want, body string }{
		{"/healthz", "GET /healthz HTTP/1.1\r\nhost: llm.example.com\r\n\r\n", "200 OK", ""},
		{"a WebSocket", "GET /v1/responses HTTP/1.1\r\nhost: llm.example.com\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", "426 ", `"invalid_request_error"`},
		{"a port in the host", "GET /healthz HTTP/1.1\r\nhost: llm.example.com:10000\r\n\r\n", "200 OK", ""},
	} {
		got := asWritten(patient(t), t, address, c.request)
		if !strings.HasPrefix(got, "HTTP/1.1 "+c.want) || !strings.Contains(got, c.body) || strings.Contains(got, "shop") {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	for _, r := range s.Replicas {
		r.Kill()
	}
	if got := ask(messages, plain); got.Status != 503 || !strings.Contains(got.Body, `"type":"error"`) {
		t.Errorf("without a replica: %d %s", got.Status, got.Body)
	}
}
