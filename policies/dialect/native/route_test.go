package native

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

func TestMatch(t *testing.T) {
	generate := dialect.Route{Model: "m-1.5"}
	stream := dialect.Route{Model: "m-1.5", Stream: true}
	count := dialect.Route{Model: "m-1.5", Operation: conversation.CountTokens}
	for path, want := range map[string]dialect.Route{
		"/v1beta/models/m-1.5:generateContent":                                                     generate,
		"/v1beta/models/m-1.5:streamGenerateContent":                                               stream,
		"/v1beta/models/m-1.5:countTokens":                                                         count,
		"/v1/models/m-1.5:generateContent":                                                         generate,
		"/v1alpha/models/m-1.5:generateContent":                                                    generate,
		"/v1/models/m:generateContent":                                                             {Model: "m"},
		"/v1beta/models/google/m-1.5:generateContent":                                              {Model: "google/m-1.5"},
		"/v1beta/models/google%2Fm-1.5%3Afree:generateContent":                                     {Model: "google/m-1.5:free"},
		"/v1beta/models/m-1.5%3AgenerateContent":                                                   generate,
		"/v1beta/models/..%2Fx:generateContent":                                                    {Model: "../x"},
		"/v1/projects/p/locations/global/publishers/google/models/m-1.5:streamGenerateContent":     stream,
		"/v1beta1/projects/p/locations/us-central1/publishers/google/models/m-1.5:countTokens":     count,
		"/v1beta1/publishers/google/models/m-1.5:generateContent":                                  generate,
		"/v1beta1/publishers/google/models/m-1.5:streamGenerateContent":                            stream,
		"/v1/publishers/google/models/m-1.5:generateContent":                                       generate,
		"/v1/projects/projects/locations/locations/publishers/google/models/m-1.5:generateContent": generate,
	} {
		if got, ok := New().Match("POST", path); !ok || got != want {
			t.Errorf("%s: %+v, %v", path, got, ok)
		}
	}
	for _, path := range []string{
		"", "/", "/v1/messages", "/v1/models", "/v1/models/m", "/v1beta/models/:generateContent", "/v1beta/models/imagen-4.0:predict",
		"/v2/models/m:generateContent", "/v1beta/models/m:generateContent/x", "/v1beta/tunedModels/m:generateContent",
		"/v1/projects/p/publishers/google/models/m:generateContent", "/v1/publishers/anthropic/models/m:rawPredict",
		"/v1beta/models/m%zz:generateContent", "/models/m:generateContent",
	} {
		if got, ok := New().Match("POST", path); ok {
			t.Errorf("%s is matched: %+v", path, got)
		}
	}
	if _, ok := New().Match("GET", "/v1beta/models/m:generateContent"); ok {
		t.Error("GET is matched")
	}
}

func TestFraming(t *testing.T) {
	for _, c := range []struct {
		query  string
		stream bool
		want   framing
		bad    bool
	}{
		{"", false, document, false},
		{"alt=sse", false, document, false},
		{"", true, array, false},
		{"alt=sse", true, events, false},
		{"key=secret&alt=sse", true, events, false},
		{"alt=SSE&key=secret", true, events, false},
		{"%24alt=sse", true, events, false},
		{"alt=json", true, array, false},
		{"$alt=json;enum-encoding%3Dint", true, array, false},
		{"$alt=json;enum-encoding=int", false, document, false},
		{"salt=sse", true, array, false},
		{"alt=%zz", true, array, false},
		{"alt=proto", true, document, true},
		{"alt=media", false, document, true},
	} {
		got, err := framingOf(dialect.Route{Stream: c.stream, Query: c.query})
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%q stream %v: %v, %v", c.query, c.stream, got, err)
		}
	}
}

func TestDecode(t *testing.T) {
	req, err := New().Decode(dialect.Route{Model: "m", Stream: true, Query: "alt=sse"}, nil, []byte("\n {}"))
	if err != nil || req.Model != "m" || !req.Stream {
		t.Errorf("%+v, %v", req, err)
	}
	for _, body := range []string{"", " ", "[]", `"x"`, "null"} {
		if _, err := New().Decode(dialect.Route{}, nil, []byte(body)); err == nil {
			t.Errorf("%q is taken", body)
		}
	}
}
