package bootstrap

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/heald-proxy/heald/envoy"
)

// FuzzCheck: whatever an operator's file holds, the check is complete (each
// problem has its place, consequence and fix), says the same twice and of the
// same as JSON, leaves the file alone, tells no secret, and does not find
// fitting what has no filter that asks heald.
func FuzzCheck(f *testing.F) {
	for _, seed := range small(f) {
		f.Add(seed, uint8(5), true)
	}
	f.Add([]byte(`{"static_resources":{"listeners":[{}, {"filter_chains":[{}]}],"clusters":[{}]}}`), uint8(0), false)
	f.Add([]byte(`static_resources: {listeners: [{name: a, filter_chains: [{filters: [{name: x, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, http_filters: [{name: heald, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor}}]}}]}]}]}`), uint8(1), true)
	f.Fuzz(func(t *testing.T, file []byte, attempts uint8, resumes bool) {
		b, err := Parse(file)
		if err != nil {
			return
		}
		const secret = "hop-secret-0123456789"
		want := Want{Attempts: int(attempts), Hop: secret, Backends: []string{"ai-studio", "eu"}, MaxMessage: 1 << 20}
		if resumes {
			want.Resume = "127.0.0.1:10001"
		}
		before := proto.Clone(b)
		found := Check(b, want)
		if !proto.Equal(before, b) {
			t.Fatal("the check has changed the configuration")
		}
		problems := 0
		for _, p := range found {
			if p.Path == "" || p.Problem == "" || p.Consequence == "" || p.Fix == "" {
				t.Errorf("incomplete: %s", p)
			}
			if strings.Contains(p.String(), secret) && !bytes.Contains(file, []byte(secret)) {
				t.Errorf("tells the secret: %s", p)
			}
			if !p.Note {
				problems++
			}
		}
		if problems == 0 && !bytes.Contains(file, []byte("ext_proc")) {
			t.Error("fits, without a filter that asks heald")
		}
		if again := Check(b, want); !reflect.DeepEqual(found, again) {
			t.Errorf("first %v\nthen  %v", found, again)
		}
		sameAsJSON(t, b, want, found)
	})
}

func sameAsJSON(t *testing.T, b *bootstrapv3.Bootstrap, want Want, found []Problem) {
	t.Helper()
	text, err := protojson.Marshal(b)
	if err != nil {
		return // an Any of unknown type
	}
	again, err := Parse(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if got := Check(again, want); !reflect.DeepEqual(found, got) {
		t.Errorf("of YAML %v\nof JSON %v\n%s", found, got, text)
	}
}

// small are the shipped files cut into pieces that a fuzzer can change quickly:
// each listener with one route and one cluster.
func small(f *testing.F) [][]byte {
	var out [][]byte
	for _, file := range [][]byte{envoy.Config, envoy.Resume} {
		whole, err := Parse(file)
		if err != nil {
			f.Fatal(err)
		}
		for i := range whole.StaticResources.Listeners {
			b := proto.CloneOf(whole)
			b.Admin, b.LayeredRuntime, b.OverloadManager, b.StaticResources.Clusters = nil, nil, nil, nil
			b.StaticResources.Listeners = b.StaticResources.Listeners[i : i+1]
			if text, err := YAML(b); err == nil {
				out = append(out, text)
			}
		}
		for i := range whole.StaticResources.Clusters {
			b := &bootstrapv3.Bootstrap{StaticResources: &bootstrapv3.Bootstrap_StaticResources{Clusters: whole.StaticResources.Clusters[i : i+1]}}
			if text, err := YAML(b); err == nil {
				out = append(out, text)
			}
		}
	}
	if len(out) < 4 {
		f.Fatalf("%d seeds of the shipped files", len(out))
	}
	return out
}
