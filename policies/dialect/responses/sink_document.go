package responses

import "github.com/heald-proxy/heald/policies"

// documentSink writes the response once it is complete, and nothing before.
type documentSink struct{}

func (documentSink) headers() policies.Headers {
	return policies.Headers{{Name: "content-type", Value: "application/json"}}
}

func (documentSink) begin(dst []byte, _ string, _ []byte) []byte { return dst }

func (documentSink) end(dst []byte, _ string, response []byte) []byte {
	return append(dst, response...)
}

func (documentSink) item(dst []byte, _ string, _ int, _ []byte) []byte { return dst }

func (documentSink) part(dst []byte, _ string, _ partRef, _ ...[]byte) []byte { return dst }

func (documentSink) delta(dst []byte, _ string, _ partRef, _, _ []byte) []byte { return dst }

func (documentSink) ping(dst []byte) []byte { return dst }
