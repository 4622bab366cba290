package heal

import "strings"

// What Envoy tells of a proxy's failure is how the connection to the provider
// failed, which for Envoy begins behind the tunnel. What the proxy said is in
// the log of Envoy's tunnel listener alone.

// proxyFailed reports that no way through the backend's proxy was to be had. A
// TLS error with words of TLS's own is the far end's: the way was open.
func proxyFailed(s *Seen) bool {
	return s.Proxy != "" && (unreachable(s) && !farTLS(s) || proxySilent(s) || tunnelEnded(s))
}

// tunnelEnded reports a connection without TLS that ended before the response. To
// Envoy it was open before the proxy was asked, so a refusal ends it; there is no
// handshake to fail. The provider hardly ends a new one.
func tunnelEnded(s *Seen) bool {
	return s.PlainText && !s.Pooled && strings.HasPrefix(s.Details, "upstream_reset_before_response_started{connection_termination")
}

// farTLS reports a TLS handshake that failed for what the other side sent, and
// not because the connection ended under it.
func farTLS(s *Seen) bool {
	return strings.Contains(s.Details, "TLS_error") && !strings.Contains(s.Details, "system_library")
}

// proxySilent reports a connection that was not ready in time.
func proxySilent(s *Seen) bool {
	return strings.HasPrefix(s.Details, "upstream_reset_before_response_started{connection_timeout")
}

// proxyText tells the client what is known of the proxy's failure.
func proxyText(s *Seen) string {
	switch {
	case proxySilent(s):
		return "the proxy " + s.Proxy + " did not lead to the model backend in time"
	case strings.Contains(s.Details, "connect_error"), strings.HasPrefix(s.Details, "no_healthy_upstream"):
		return "the proxy " + s.Proxy + ", which leads to the model backend, could not be reached"
	}
	return "the proxy " + s.Proxy + " refused to lead to the model backend, or ended the connection; the log of the gateway's Envoy has what it said"
}
