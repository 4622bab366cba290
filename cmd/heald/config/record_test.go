package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/price"
)

const recordBase = "backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: KEY}}]\n"

// What stands in heald.yaml is what is used.
func TestRecordAndPrices(t *testing.T) {
	t.Setenv("KEY", "a-credential-of-some-length")
	t.Setenv("TOKEN", "Bearer abc")
	c, err := Parse([]byte(recordBase + `
record:
  file: ` + filepath.Join(t.TempDir(), "usage.jsonl") + `
  max_size: 10MiB
  otlp: {endpoint: "http://127.0.0.1:4318", headers: {authorization: {env: TOKEN}}}
prices:
  on_unknown: deny
  models:
    own-model:
      - standard: {input: 1.25, output: 10, long: {input: 2.5}}
      - from: 2027-01-01
        standard: {input: 2, cached: 0, output: "12"}
`))
	if err != nil {
		t.Fatal(err)
	}
	c.setDefaults()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if o := c.Record.Files(); o.MaxSize != 10<<20 || o.MaxAge != 24*time.Hour || o.Keep != 30 || o.Path == "" {
		t.Errorf("%+v", o)
	}
	if h, err := c.Record.OTLP.ReadHeaders(); err != nil || h["authorization"] != "Bearer abc" {
		t.Errorf("%v, %v", h, err)
	}
	table := price.New(c.Prices)
	u := &record.Usage{Input: 1000, Cached: 1000}
	if got := table.Cost("own-model", "", time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC), u); got.Nano == nil || *got.Nano != 0 {
		t.Errorf("cached tokens that are free cost %v", got.Nano)
	}
	if got := table.Cost("own-model", "", time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC), u); got.Nano != nil {
		t.Errorf("cached tokens without a price cost %d", *got.Nano)
	}
	if !table.Denies() {
		t.Error("on_unknown")
	}
}

func TestRecordFaults(t *testing.T) {
	t.Setenv("KEY", "a-credential-of-some-length")
	for _, c := range []struct{ file, want string }{
		{"record: {max_size: 1KiB}", "record.max_size: 1024 bytes are too few"},
		{"record: {max_age: 1s}", "record.max_age: 1s is too short"},
		{"record: {keep: -1}", "record.keep: -1 is negative"},
		{"record: {otlp: {endpoint: \"127.0.0.1:4317\"}}", "record.otlp.endpoint: is no URL of a collector; write one as in http://127.0.0.1:4318"},
		{"record: {otlp: {endpoint: \"http://c:4318\", headers: {a: {env: NONE_SUCH}}}}", "record.otlp.headers.a"},
		{"record: {redis_stream: true}", "record.redis_stream: there is no shared store"},
		{"record: {history: -1}", "record.history: -1 is no number of requests to remember; write one up to 100000; 0 remembers none"},
		{"record: {history: 100001}", "record.history: 100001 is no number"},
		{"prices: {on_unknown: maybe}", "prices.on_unknown: \"maybe\" is neither allow nor deny"},
		{"prices: {models: {m: [{standard: {input: 0.00000125}}]}}", "prices.models.m[0].standard.input: \"0.00000125\" looks like the price of one token; prices are those of a million tokens, and 0 is free (line 3); write the price of a million tokens, as in 1.25"},
		{"prices: {models: {m: [{standard: {input: 1.25e-6}}]}}", "looks like the price of one token"},
		{"prices: {models: {m: [{standard: {input: cheap}}]}}", "prices.models.m[0].standard.input: \"cheap\" is not a price (line 3)"},
		{"prices: {models: {m: [{standard: {inptu: 1}}]}}", "prices.models.m[0].standard.inptu: there is no such setting"},
		{"prices: {models: {m: [{from: tomorrow, standard: {input: 1}}]}}", "prices.models.m[0].from: \"tomorrow\" is not a day"},
	} {
		parsed, err := Parse([]byte(recordBase + c.file))
		if err == nil {
			parsed.setDefaults()
			err = parsed.Validate()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.file, err)
		}
	}
}

func TestRemembered(t *testing.T) {
	t.Setenv("KEY", "a-credential-of-some-length")
	for file, want := range map[string]int{"": 10_000, "record: {history: 0}": 0, "record: {history: 500}": 500} {
		c, err := Parse([]byte(recordBase + file))
		if err == nil {
			c.setDefaults()
			err = c.Validate()
		}
		if err != nil || c.Record.Remembered() != want {
			t.Errorf("%q: %v", file, err)
		}
	}
}

// The least and the most that may be written.
func TestRecordLimits(t *testing.T) {
	t.Setenv("KEY", "a-credential-of-some-length")
	for file, taken := range map[string]bool{
		"max_size: 64KiB": true, "max_size: 65535": false, "max_age: 1m": true, "max_age: 59s": false, "keep: 1": true, "history: 100000": true,
		"store_keep: 1m, bodies_keep: 1m": true, "store_keep: 59s": false, "store_max_size: 16MiB": true, "store_max_size: 16777215": false,
		"body_max: 8MiB": true, "body_max: 8388609": false, "body_max: 1": true, "bodies_keep: 168h": true, "store_keep: 2h, bodies_keep: 2h": true, "store_keep: 2h, bodies_keep: 121m": false,
	} {
		c, err := Parse([]byte(recordBase + "record: {" + file + "}"))
		if err != nil {
			t.Fatal(err)
		}
		c.setDefaults()
		if err := c.Validate(); (err == nil) != taken {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// What has no defaults yet is no fault.
func TestRecordWithoutDefaults(t *testing.T) {
	if err := (&Record{}).validate(false); err != nil {
		t.Error(err)
	}
}

// Defaults depend on what is written: bodies go with their requests.
func TestRecordDefaults(t *testing.T) {
	for _, c := range []struct{ given, want Record }{
		{Record{}, Record{MaxSize: 100 << 20, MaxAge: 24 * time.Hour, Keep: 30, StoreKeep: 168 * time.Hour, StoreMaxSize: 1 << 30, Bodies: "off", BodyMax: 256 << 10, BodiesKeep: 24 * time.Hour}},
		{Record{StoreKeep: time.Hour}, Record{MaxSize: 100 << 20, MaxAge: 24 * time.Hour, Keep: 30, StoreKeep: time.Hour, StoreMaxSize: 1 << 30, Bodies: "off", BodyMax: 256 << 10, BodiesKeep: time.Hour}},
		{Record{MaxSize: 1, MaxAge: 2, Keep: 3, StoreKeep: 4, StoreMaxSize: 5, Bodies: "all", BodyMax: 6, BodiesKeep: 7},
			Record{MaxSize: 1, MaxAge: 2, Keep: 3, StoreKeep: 4, StoreMaxSize: 5, Bodies: "all", BodyMax: 6, BodiesKeep: 7}},
	} {
		got := c.given
		if got.setDefaults(); got != c.want {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
}
