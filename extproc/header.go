package extproc

import (
	"context"
	"strconv"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc/metadata"

	"github.com/heald-proxy/heald/policies"
)

// filterName is the key under which Envoy puts the attributes that its filter
// was told to send, whatever name the filter has in the configuration.
const filterName = "envoy.filters.http.ext_proc"

// settingNames are the settings that a route may give as initial metadata.
var settingNames = []string{policies.HeaderPolicy, policies.HeaderSet, policies.HeaderBackends, policies.HeaderHop}

// requestOf reads the head of a request.
func requestOf(ctx context.Context, h *extprocv3.HttpHeaders) *policies.Request {
	r := &policies.Request{NoBody: h.GetEndOfStream(), Settings: settingsOf(ctx)}
	r.Headers = headersOf(h, func(name, value string) {
		switch name {
		case ":method":
			r.Method = value
		case ":path":
			r.Path = value
		case ":authority":
			r.Authority = value
		}
	})
	return r
}

// responseOf reads the head of a response.
func responseOf(h *extprocv3.HttpHeaders, details string) policies.Response {
	r := policies.Response{NoBody: h.GetEndOfStream(), Details: details}
	r.Headers = headersOf(h, func(name, value string) {
		if name == ":status" {
			r.Status, _ = strconv.Atoi(value) // Envoy has checked it
		}
	})
	return r
}

// headersOf lists the fields and hands the pseudo headers to pseudo.
func headersOf(h *extprocv3.HttpHeaders, pseudo func(name, value string)) policies.Headers {
	fields := h.GetHeaders().GetHeaders()
	list := make(policies.Headers, 0, len(fields))
	for _, f := range fields {
		value := f.GetValue()
		if raw := f.GetRawValue(); len(raw) > 0 {
			value = string(raw)
		}
		name := strings.ToLower(f.GetKey())
		if strings.HasPrefix(name, ":") {
			pseudo(name, value)
			continue
		}
		list = append(list, policies.Header{Name: name, Value: value})
	}
	return list
}

// settingsOf reads the stream's initial metadata. Of several values the last one
// counts: a route's override follows what it overrides.
func settingsOf(ctx context.Context) policies.Headers {
	var list policies.Headers
	for _, name := range settingNames {
		if v := metadata.ValueFromIncomingContext(ctx, name); len(v) > 0 {
			list = append(list, policies.Header{Name: name, Value: v[len(v)-1]})
		}
	}
	return list
}

// codeDetails is the response.code_details that came with a message, "" if the
// filter does not send it.
func codeDetails(m *extprocv3.ProcessingRequest) string {
	return m.GetAttributes()[filterName].GetFields()["response.code_details"].GetStringValue()
}

// mutation sets headers, with room for others.
func mutation(room int, set policies.Headers) *extprocv3.HeaderMutation {
	m := &extprocv3.HeaderMutation{SetHeaders: make([]*corev3.HeaderValueOption, 0, room)}
	for _, h := range set {
		if h.Name != "content-length" { // counted here or by Envoy, never guessed
			m.SetHeaders = append(m.SetHeaders, overwrite(h.Name, h.Value))
		}
	}
	return m
}

func overwrite(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{
		Header:       &corev3.HeaderValue{Key: name, RawValue: []byte(fieldValue(value))},
		AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}

// fieldValue keeps control characters out of a header: Envoy fails the whole
// stream for one.
func fieldValue(s string) string {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return policies.Clean(s)
		}
	}
	return s
}
