package extproc

import (
	"reflect"
	"testing"
	"time"
)

// The defaults are those of the comments at Config; what is set stays.
func TestConfigDefaults(t *testing.T) {
	want := Config{
		MaxBody: 32 << 20, MaxStreams: 10_000,
		KeepaliveMinTime: 10 * time.Second, KeepaliveTime: 30 * time.Second, KeepaliveTimeout: 20 * time.Second,
		StreamWindow: 1 << 20, ConnectionWindow: 8 << 20, DrainGrace: 800 * time.Millisecond,
	}
	if got := (Config{}).withDefaults(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	var set Config
	for v, i := reflect.ValueOf(&set).Elem(), 0; i < v.NumField(); i++ {
		if f := v.Field(i); f.CanUint() {
			f.SetUint(77)
		} else {
			f.SetInt(77)
		}
	}
	if got := set.withDefaults(); got != set {
		t.Errorf("got %+v, want %+v", got, set)
	}
	if err := set.Validate(); err != nil {
		t.Error(err)
	}
}

// Every number that is negative is named, and a body that no message holds.
func TestConfigValidate(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{}, ""},
		{Config{MaxBody: 1 << 30}, ""},
		{Config{MaxBody: 1<<30 + 1}, "extproc.max_body: 1073741825 bytes; a gRPC message holds at most 1 GiB"},
		{Config{MaxBody: -1}, "extproc.max_body: -1 is negative; leave it out for the default"},
		{Config{KeepaliveMinTime: -1}, "extproc.keepalive_min_time: -1 is negative; leave it out for the default"},
		{Config{KeepaliveTime: -1}, "extproc.keepalive_time: -1 is negative; leave it out for the default"},
		{Config{KeepaliveTimeout: -1}, "extproc.keepalive_timeout: -1 is negative; leave it out for the default"},
		{Config{StreamWindow: -1}, "extproc.stream_window: -1 is negative; leave it out for the default"},
		{Config{ConnectionWindow: -1}, "extproc.connection_window: -1 is negative; leave it out for the default"},
		{Config{DrainGrace: -1}, "extproc.drain_grace: -1 is negative; leave it out for the default"},
	} {
		got := ""
		if err := c.config.Validate(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.config, got, c.want)
		}
	}
}
