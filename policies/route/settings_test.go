package route

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/allow"
)

func TestSettingsBounds(t *testing.T) {
	for item, ok := range map[string]bool{
		"attempts=1": true, "attempts=10": true, "attempts=0": false, "attempts=11": false, "attempts=-1": false,
		"peek.max_bytes=1": true, "peek.max_bytes=0": false,
		"max_stream=0s": false, "max_stream=-1s": false, "max_stream=1ns": true, "peek.timeout=1ns": true, "max_wait=1ns": true, "idle_timeout=1ns": true, "deadline=1ns": true, "deadline=0s": false,
		"peek.max_bytes=-1": false, "ping=1ns": true, "ping=0s": false, "deadline=-1s": false, "max_wait=0s": false, "idle_timeout=0s": false, "peek.timeout=0s": false,
	} {
		if _, err := DefaultSettings().Override(item); (err == nil) != ok {
			t.Errorf("%s: %v", item, err)
		}
	}
}

// What a route sets for itself is either valid, and the same when it is set
// twice, or refused with the name of what is wrong. Nothing else changes.
func FuzzOverride(f *testing.F) {
	f.Add("attempts=1")
	f.Add("attempts=4, deadline=90s,max_wait=1m,idle_timeout=1h,ping=1s,peek.timeout=15s,peek.max_bytes=1000")
	f.Add("thinking.history=keep,wait=heald,authority=route,upstream_stream=as_client,resume=text,repair_prompt=none")
	f.Add("local.warmup=1,local.title=t,local.topic=F,strict=true,strict_model=false")
	f.Add("hedge=2s")
	f.Add("reserved_status=502 503 504 507,reserved_status=none")
	f.Add("hedge=p90, hedge=off")
	f.Add("attempts=0")
	f.Add("attempt=3")
	f.Add("=,,")
	f.Add("ping=-1s,resume=")
	f.Fuzz(func(t *testing.T, list string) {
		base := DefaultSettings()
		got, err := base.Override(list)
		if err != nil {
			named := strings.Contains(err.Error(), "is no setting")
			for name := range setters {
				named = named || strings.Contains(list, name) && strings.Contains(err.Error(), name)
			}
			if !strings.HasPrefix(err.Error(), "x-heald-set") || !named {
				t.Errorf("%q: the error does not say what is wrong: %v", list, err)
			}
			return
		}
		if err := got.Validate("x"); err != nil {
			t.Errorf("%q: taken, but %v", list, err)
		}
		if twice, err := got.Override(list); err != nil || !reflect.DeepEqual(twice, got) {
			t.Errorf("%q: set twice it is %+v, %v; want %+v", list, twice, err, got)
		}
		if !strings.Contains(list, "=") && !reflect.DeepEqual(got, base) {
			t.Errorf("%q changed %+v", list, got)
		}
		if !strings.Contains(list, "attempts") && got.Attempts != base.Attempts || !strings.Contains(list, "strict") && (got.Strict || got.StrictModel) {
			t.Errorf("%q changed what it does not name: %+v", list, got)
		}
	})
}

// The defaults are those of OPERATING.md; what is set stays, whatever it is.
func TestSettingsDefaults(t *testing.T) {
	want := Settings{
		Attempts: 3, Deadline: 10 * time.Minute, MaxWait: 10 * time.Second, QueueWait: 30 * time.Second,
		IdleTimeout: 5 * time.Minute, MaxStream: time.Hour, Ping: 15 * time.Second,
		Peek:         PeekSettings{Timeout: time.Minute, MaxBytes: 1 << 20},
		Thinking:     ThinkingSettings{History: "drop"},
		RepairPrompt: DefaultRepairPrompt, Wait: "envoy", Memory: "header", Authority: "heald",
		UpstreamStream: "always", Resume: "off", Hedge: "off",
		Allow: allow.Rules{FileURIs: []string{"public"}, Tools: allow.DefaultTools, CachedContents: "own", Safety: "client", Tiers: []string{"standard", "flex"}},
	}
	if got := DefaultSettings(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v,\nwant %+v", got, want)
	}
	if got := (Settings{}).WithDefaults(); !reflect.DeepEqual(got, want) {
		t.Errorf("what is not set becomes %+v,\nwant %+v", got, want)
	}
	var all Settings
	setAll(t, reflect.ValueOf(&all).Elem())
	if got := all.WithDefaults(); !reflect.DeepEqual(got, all) {
		t.Errorf("what is set becomes %+v,\nwant %+v", got, all)
	}
}

// setAll gives every field within v a value that is nobody's default.
func setAll(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			setAll(t, v.Field(i))
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(77)
	case reflect.String:
		v.SetString("set")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		setAll(t, v.Index(0))
	default:
		t.Fatalf("no value for a %s", v.Kind())
	}
}

// A route sets what it names, and nothing else.
func TestSetters(t *testing.T) {
	rows := map[string]struct {
		value string
		want  func(*Settings)
	}{
		"attempts":              {"7", func(s *Settings) { s.Attempts = 7 }},
		"deadline":              {"1s", func(s *Settings) { s.Deadline = time.Second }},
		"max_wait":              {"2s", func(s *Settings) { s.MaxWait = 2 * time.Second }},
		"queue_wait":            {"2s", func(s *Settings) { s.QueueWait = 2 * time.Second }},
		"idle_timeout":          {"3s", func(s *Settings) { s.IdleTimeout = 3 * time.Second }},
		"max_stream":            {"4s", func(s *Settings) { s.MaxStream = 4 * time.Second }},
		"ping":                  {"5s", func(s *Settings) { s.Ping = 5 * time.Second }},
		"peek.timeout":          {"6s", func(s *Settings) { s.Peek.Timeout = 6 * time.Second }},
		"peek.max_bytes":        {"8", func(s *Settings) { s.Peek.MaxBytes = 8 }},
		"thinking.history":      {"keep", func(s *Settings) { s.Thinking.History = "keep" }},
		"repair_prompt":         {"words", func(s *Settings) { s.RepairPrompt = "words" }},
		"wait":                  {"heald", func(s *Settings) { s.Wait = "heald" }},
		"memory":                {"store", func(s *Settings) { s.Memory = "store" }},
		"reserved_status":       {"502 503", func(s *Settings) { s.ReservedStatus = []int{502, 503} }},
		"authority":             {"route", func(s *Settings) { s.Authority = "route" }},
		"upstream_stream":       {"as_client", func(s *Settings) { s.UpstreamStream = "as_client" }},
		"local.warmup":          {"true", func(s *Settings) { s.Local.Warmup = true }},
		"local.title":           {"true", func(s *Settings) { s.Local.Title = true }},
		"local.topic":           {"true", func(s *Settings) { s.Local.Topic = true }},
		"resume":                {"text", func(s *Settings) { s.Resume = "text" }},
		"hedge":                 {"p90", func(s *Settings) { s.Hedge = "p90" }},
		"strict_model":          {"true", func(s *Settings) { s.StrictModel = true }},
		"strict":                {"true", func(s *Settings) { s.Strict = true }},
		"allow.file_uris":       {"gs://a/ public", func(s *Settings) { s.Allow.FileURIs = []string{"gs://a/", "public"} }},
		"allow.tools":           {"retrieval any", func(s *Settings) { s.Allow.Tools = []string{"retrieval", "any"} }},
		"allow.cached_contents": {"any", func(s *Settings) { s.Allow.CachedContents = "any" }},
		"allow.safety":          {"gateway", func(s *Settings) { s.Allow.Safety = "gateway" }},
		"allow.tiers":           {"priority flex", func(s *Settings) { s.Allow.Tiers = []string{"priority", "flex"} }},
		"allow.labels":          {"true", func(s *Settings) { s.Allow.Labels = true }},
	}
	for name := range setters {
		row, ok := rows[name]
		if !ok {
			t.Errorf("%s has no row", name)
			continue
		}
		want := DefaultSettings()
		row.want(&want)
		got, err := DefaultSettings().Override(" " + name + "=" + row.value)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v,\nwant %+v", name, got, err, want)
		}
		if _, err := DefaultSettings().Override(name); err == nil {
			t.Errorf("%s is taken without a value", name)
		}
	}
	if len(rows) != len(setters) {
		t.Errorf("%d rows of %d setters", len(rows), len(setters))
	}
	for _, bad := range []string{"thinking.history", "wait", "memory", "authority", "upstream_stream", "resume", "hedge", "allow.cached_contents", "allow.safety",
		"attempts", "reserved_status", "deadline", "max_wait", "idle_timeout", "max_stream", "ping", "peek.timeout", "peek.max_bytes", "strict", "local.title"} {
		if _, err := DefaultSettings().Override(bad + "=other"); err == nil {
			t.Errorf("%s=other is taken", bad)
		}
	}
	for _, word := range []string{"thinking.history=drop", "wait=envoy", "authority=heald", "upstream_stream=always", "resume=off", "hedge=off"} {
		if got, err := DefaultSettings().Override(word); err != nil || !reflect.DeepEqual(got, DefaultSettings()) {
			t.Errorf("%s: %+v, %v", word, got, err)
		}
	}
}
