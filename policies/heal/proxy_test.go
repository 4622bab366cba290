package heal

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

// As Envoy 1.40.0 and 1.39.3 word it.
const (
	refusedByProxy = "upstream_reset_before_response_started{remote_connection_failure|TLS_error:|33554536:system_library:OPENSSL_internal:Connection_reset_by_peer:TLS_error_end}"
	refusedOn1393  = "upstream_reset_before_response_started{remote_connection_failure|TLS_error:|33554454:system_library:OPENSSL_internal:Invalid_argument:TLS_error_end}"
	untrusted      = "upstream_reset_before_response_started{remote_connection_failure|TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_X509_verify_cert:TLS_error_end}"
)

// Without TLS, a proxy's refusal looks like a connection that broke. One that may
// have been used before may also be stale.
func TestJudgeProxyToPlainText(t *testing.T) {
	const ended = "upstream_reset_before_response_started{connection_termination}"
	for _, c := range []struct {
		name, details, proxy string
		plain, pooled        bool
		want                 string
	}{
		{"new connection", ended, "p:1", true, false, ReasonProxy},
		{"may be an old one", ended, "p:1", true, true, ReasonStale},
		{"with TLS", ended, "p:1", false, false, ReasonConnect},
		{"no proxy", ended, "", true, false, ReasonConnect},
		{"the provider resets a stream", "upstream_reset_before_response_started{remote_reset}", "p:1", true, false, ReasonConnect},
	} {
		r := Judge(Seen{Status: 503, Details: c.details, Proxy: c.proxy, PlainText: c.plain, Pooled: c.pooled, Attempt: 1, OtherBackend: true})
		if r.Reason != c.want || (c.want == ReasonProxy) != strings.Contains(r.Client.Message, "the proxy p:1 refused") {
			t.Errorf("%s: %s, %s", c.name, r.Reason, r.Client.Message)
		}
	}
}

func TestJudgeProxy(t *testing.T) {
	for _, c := range []struct {
		name, details, proxy string
		reason, client       string
	}{
		{"down", "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Invalid_argument}", "p:1", ReasonProxy, "the proxy p:1, which leads to the model backend, could not be reached"},
		{"without an address", "upstream_reset_before_response_started{remote_connection_failure|immediate_connect_error:_Invalid_argument|remote_address:envoy://tunnel-a/}", "p:1", ReasonProxy, "could not be reached"},
		{"refuses", refusedByProxy, "p:1", ReasonProxy, "the proxy p:1 refused"},
		{"refuses, 1.39", refusedOn1393, "p:1", ReasonProxy, "the proxy p:1 refused"},
		{"refuses another transport of Envoy", "upstream_reset_before_response_started{remote_connection_failure}", "p:1", ReasonProxy, "the proxy p:1 refused"},
		{"has no address", "no_healthy_upstream", "p:1", ReasonProxy, "could not be reached"},
		{"silent", "upstream_reset_before_response_started{connection_timeout}", "p:1", ReasonProxy, "did not lead to the model backend in time"},
		{"another certificate than the provider's", untrusted, "p:1", ReasonConnect, "through the gateway's proxy"},
		{"ended later", "upstream_reset_before_response_started{connection_termination}", "p:1", ReasonConnect, "through the gateway's proxy"},
		{"no proxy, refuses", refusedByProxy, "", ReasonConnect, "the model backend could not be reached"},
		{"no proxy, silent", "upstream_reset_before_response_started{connection_timeout}", "", ReasonConnect, "the model backend could not be reached"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Judge(Seen{Status: 503, Details: c.details, Proxy: c.proxy, Attempt: 1, OtherBackend: true})
			if r.Reason != c.reason || !strings.Contains(r.Client.Message, c.client) {
				t.Errorf("%s: %s", r.Reason, r.Client.Message)
			}
			if !strings.Contains(r.Err.Error(), c.details) || c.proxy != "" && !strings.Contains(r.Err.Error(), c.proxy) {
				t.Errorf("for the log: %v", r.Err)
			}
			if r.Account.Scope != NoEffect {
				t.Errorf("the account is to blame: %+v", r.Account)
			}
			if c.reason == ReasonProxy && (r.Verdict != policies.Failover || !r.Backend.Certain) {
				t.Errorf("%s, %+v", r.Verdict, r.Backend)
			}
		})
	}
}
