package otlp

import (
	"testing"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/test/otlpreceiver"
)

// A text of a client that is no UTF-8, which protobuf does not take, costs neither
// its own span nor those that are sent with it.
func TestTextsThatAreNoUTF8(t *testing.T) {
	const bad = "a\xffb"
	for _, protocol := range protocols {
		r := otlpreceiver.Start(t, otlpreceiver.Options{})
		s := newSink(t, &Settings{Endpoint: at(r, "http", protocol), Protocol: protocol}, nil)
		o := sampledOrigin
		o.RequestID, o.Path, o.KeyID = bad, bad, bad
		err := s.Write(t.Context(), []record.Entry{
			{Attempt: &record.Attempt{Origin: o, Verdict: "fail", Reason: bad, Error: bad, Model: bad}},
			{Request: &record.Request{Origin: o, Outcome: "failed", Alias: bad, StopReason: bad, Warnings: bad}},
			{Attempt: &record.Attempt{Origin: sampledOrigin}},
		})
		spans := r.Spans()
		if err != nil || len(spans) != 3 || spans[0].Attributes["heald.path"] != "a\uFFFDb" || spans[0].Status != "a\uFFFDb" {
			t.Errorf("%s: %v, %+v", protocol, err, spans)
		}
	}
}
