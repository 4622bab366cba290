package extproc

import (
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/heald-proxy/heald/policies"
)

func TestFieldValue(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "",
		"plain":            "plain",
		"tab\tand ümlaut":  "tab\tand ümlaut",
		"two\r\nx-evil: 1": "two??x-evil: 1",
		"nul\x00":          "nul?",
		"del\x7f":          "del?",
	} {
		if got := fieldValue(in); got != want {
			t.Errorf("fieldValue(%q) = %q, want %q", in, got, want)
		}
	}
}

// Envoy fills raw_value or, in older configurations, value.
func TestHeadersOf(t *testing.T) {
	h := &extprocv3.HttpHeaders{Headers: &corev3.HeaderMap{Headers: []*corev3.HeaderValue{
		{Key: ":status", RawValue: []byte("200")},
		{Key: "X-Raw", RawValue: []byte("raw\xff")},
		{Key: "x-plain", Value: "plain"},
		{Key: "x-both", Value: "plain", RawValue: []byte("raw")},
	}}}
	r := responseOf(h, policies.ViaUpstream)
	want := policies.Headers{{Name: "x-raw", Value: "raw\xff"}, {Name: "x-plain", Value: "plain"}, {Name: "x-both", Value: "raw"}}
	if r.Status != 200 || len(r.Headers) != len(want) {
		t.Fatalf("got %+v", r)
	}
	for i := range want {
		if r.Headers[i] != want[i] {
			t.Errorf("header %d: %q, want %q", i, r.Headers[i], want[i])
		}
	}
}

func TestCodeDetails(t *testing.T) {
	with := func(filter string) *extprocv3.ProcessingRequest {
		return &extprocv3.ProcessingRequest{Attributes: map[string]*structpb.Struct{filter: {Fields: map[string]*structpb.Value{
			"response.code_details": structpb.NewStringValue("via_upstream"),
		}}}}
	}
	for name, c := range map[string]struct {
		in   *extprocv3.ProcessingRequest
		want string
	}{
		"told":         {with("envoy.filters.http.ext_proc"), "via_upstream"},
		"other filter": {with("other"), ""},
		"untold":       {&extprocv3.ProcessingRequest{}, ""},
	} {
		if got := codeDetails(c.in); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A status that is none would make Envoy send 200.
func TestStatusCode(t *testing.T) {
	for in, want := range map[int]int{0: 500, 100: 500, 199: 500, 200: 200, 529: 529, 599: 599, 600: 500, -1: 500} {
		if got := statusCode(in); got != want {
			t.Errorf("statusCode(%d) = %d, want %d", in, got, want)
		}
	}
}
