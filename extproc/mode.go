package extproc

import (
	modev3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
)

// checkMode refuses a filter whose body modes cannot work: in any other request
// mode the reply to a part of the body would be due before the whole body has
// arrived, in any other response mode the headers could not be held. A message
// without the configuration is let through, since older Envoys do not send one.
func checkMode(m *extprocv3.ProcessingRequest) error {
	if m.GetObservabilityMode() {
		return breachf(wrongMode, "Envoy's ext_proc filter ignores replies: remove observability_mode")
	}
	c := m.GetProtocolConfig()
	if c == nil {
		return nil
	}
	switch got := c.GetRequestBodyMode(); got {
	case modev3.ProcessingMode_FULL_DUPLEX_STREAMED, modev3.ProcessingMode_BUFFERED:
	default:
		return breachf(wrongMode, "Envoy's ext_proc filter has processing_mode.request_body_mode: %s; set processing_mode.request_body_mode: FULL_DUPLEX_STREAMED with request_trailer_mode: SEND, or BUFFERED", got)
	}
	if got := c.GetResponseBodyMode(); got != modev3.ProcessingMode_FULL_DUPLEX_STREAMED {
		return breachf(wrongMode, "Envoy's ext_proc filter has processing_mode.response_body_mode: %s; set processing_mode.response_body_mode: FULL_DUPLEX_STREAMED", got)
	}
	return nil
}

// isDuplex reports whether the request's body comes in parts that want no reply
// of their own. A message without the configuration means BUFFERED: Envoy has
// sent it since before it could do anything else.
func isDuplex(m *extprocv3.ProcessingRequest) bool {
	return m.GetProtocolConfig().GetRequestBodyMode() == modev3.ProcessingMode_FULL_DUPLEX_STREAMED
}
