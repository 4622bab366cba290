package exchange

import (
	"reflect"
	"strings"
	"testing"
)

func TestSettingsBounds(t *testing.T) {
	for item, ok := range map[string]bool{
		"attempts=1": true, "attempts=10": true, "attempts=0": false, "attempts=11": false, "attempts=-1": false,
		"peek.max_bytes=1": true, "peek.max_bytes=0": false,
		"ping=1ns": true, "ping=0s": false, "deadline=-1s": false, "max_wait=0s": false, "idle_timeout=0s": false, "peek.timeout=0s": false,
	} {
		if _, err := DefaultSettings().override(item); (err == nil) != ok {
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
	f.Add("attempts=0")
	f.Add("attempt=3")
	f.Add("=,,")
	f.Add("ping=-1s,resume=")
	f.Fuzz(func(t *testing.T, list string) {
		base := DefaultSettings()
		got, err := base.override(list)
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
		if twice, err := got.override(list); err != nil || !reflect.DeepEqual(twice, got) {
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
