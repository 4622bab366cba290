package heal

import "strings"

// Envoy reports a proxy's failure as a failed connection to the provider, which
// for Envoy begins behind the tunnel. What the proxy said is only in the log of
// Envoy's tunnel listener.

// proxyFailed reports that there was no connection through the backend's proxy.
// A TLS error with a text of TLS comes from the far end: the proxy worked.
func proxyFailed(s *Seen) bool {
	return s.Proxy != "" && (unreachable(s) && !farTLS(s) || proxySilent(s) || tunnelEnded(s))
}

// tunnelEnded reports a connection without TLS that ended before the response.
// To Envoy it was open before the proxy was asked, so a refusal ends it; there
// is no handshake to fail. The provider hardly ever closes a new one.
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

// proxyText describes the proxy's failure to the client.
func proxyText(s *Seen) string {
	switch {
	case proxySilent(s):
		return "the proxy " + s.Proxy + " did not lead to the model backend in time"
	case strings.Contains(s.Details, "connect_error"), strings.HasPrefix(s.Details, "no_healthy_upstream"):
		return "the proxy " + s.Proxy + ", which leads to the model backend, could not be reached"
	}
	return "the proxy " + s.Proxy + " refused to lead to the model backend, or ended the connection; the log of the gateway's Envoy has what it said"
}
