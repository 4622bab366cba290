package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/test/authority"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// chained gives heald a filter chain of its own on the shop's port, chosen by the
// TLS name, as envoy/README.md says.
func chained(t *testing.T, site object, rendered string, heald, other [2]string) string {
	t.Helper()
	var own object
	if err := yaml.Unmarshal([]byte(rendered), &own); err != nil {
		t.Fatal(err)
	}
	resources, ours := site["static_resources"].(object), own["static_resources"].(object)
	site["bootstrap_extensions"], site["admin"] = own["bootstrap_extensions"], own["admin"]
	resources["clusters"] = append(resources["clusters"].([]any), ours["clusters"].([]any)...)
	resources["listeners"] = append(resources["listeners"].([]any), item(t, ours["listeners"], "inner"))

	certified := func(files [2]string) object { // the page's chain with a certificate
		c := at(example(t, "filter-chain"), "filter_chains", 0).(object)
		cert := at(c, "transport_socket", "typed_config", "common_tls_context", "tls_certificates", 0).(object)
		cert["certificate_chain"], cert["private_key"] = object{"filename": files[0]}, object{"filename": files[1]}
		return c
	}
	chain := certified(heald)
	chain["filters"] = at(item(t, ours["listeners"], "outer"), "filter_chains", 0, "filters")
	listener := at(resources, "listeners", 0).(object)
	listener["listener_filters"] = example(t, "filter-chain").(object)["listener_filters"]
	at(listener, "filter_chains", 0).(object)["transport_socket"] = certified(other)["transport_socket"]
	listener["filter_chains"] = append([]any{chain}, listener["filter_chains"].([]any)...)
	return text(t, site)
}

// With a filter chain of its own, heald shares the port and nothing else.
func TestOwnFilterChain(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		upstream := httptest.NewServer(http.HandlerFunc(shopkeeper))
		defer upstream.Close()
		log := filepath.Join(t.TempDir(), "shop.log")
		ca := authority.New(t)
		cert, key := ca.Issue("llm", healdHost)
		shopCert, shopKey := ca.Issue("shop", shopHost)
		s := stack.Start(t, stack.Options{Envoy: version, Edit: func(rendered string) string {
			return chained(t, shop(t, upstream.Listener.Addr().String(), log), rendered, [2]string{cert, key}, [2]string{shopCert, shopKey})
		}})
		healthy(t, s, 1)
		pem, err := os.ReadFile(ca.File)
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		ask := func(host, method, path, body string) (proto, id, answer string) {
			transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12}}
			defer transport.CloseIdleConnections()
			req, err := http.NewRequestWithContext(patient(t), method, strings.Replace(s.URL, "http://", "https://", 1)+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			req.Header.Set("x-request-id", "the caller's")
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatalf("%s: %v", host, err)
			}
			defer resp.Body.Close()
			data, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.Proto, resp.Header.Get("x-request-id") + resp.Header.Get("x-heald-request-id"), string(data)
		}
		s.Fake().Enqueue(fakegemini.Status(503), fakegemini.Text("hello"))
		if proto, id, answer := ask(healdHost, http.MethodPost, messages, plain); proto != "HTTP/2.0" || strings.Contains(id, "caller") || !strings.Contains(answer, "hello") {
			t.Errorf("heald's host: %s, %s, %s", proto, id, answer)
		}
		if proto, id, answer := ask(shopHost, http.MethodGet, "/closed", ""); proto != "HTTP/2.0" || id != "the caller's" || !strings.Contains(answer, "<h1>The shop says 503") {
			t.Errorf("the shop: %s, %s, %s", proto, id, answer)
		}
		if got := lines(t, log, 1); len(got) != 1 || !strings.Contains(got[0], "/closed") {
			t.Errorf("the shop's log: %q", got)
		}
	})
}

// A listener's max_stream_duration cuts heald's streams, unless the route has its
// own.
func TestOwnStreamDuration(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		for _, own := range []bool{true, false} {
			s := stack.Start(t, stack.Options{Envoy: version, Edit: func(rendered string) string {
				var all object
				if err := yaml.Unmarshal([]byte(rendered), &all); err != nil {
					t.Fatal(err)
				}
				hcm := at(item(t, at(all, "static_resources", "listeners"), "outer"), "filter_chains", 0, "filters", 0, "typed_config")
				at(hcm, "common_http_protocol_options").(object)["max_stream_duration"] = "0.4s"
				if own {
					at(hcm, "route_config", "virtual_hosts", 0, "routes", 0, "route").(object)["max_stream_duration"] = object{"max_stream_duration": "0s"}
				}
				return text(t, all)
			}})
			s.Fake().Enqueue(fakegemini.Text("one ", "two ", "three ", "four").Slow(200 * time.Millisecond))
			if text, err := answerText(s.PostAs(patient(t), http.DefaultClient, messages, strings.NewReader(streamed)), true); (err == nil && text == "one two three four") != own {
				t.Errorf("own duration %t: %q, %v", own, text, err)
			}
		}
	})
}
