package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

// extremes are heald.yaml files at the ends of what it takes.
var extremes = map[string]string{
	"nothing set":       "",
	"an hour of all":    "policies: {default: {attempts: 10, deadline: 1h, max_wait: 1h, idle_timeout: 1h, peek: {timeout: 1h}}}\n",
	"a day of silence":  "policies: {default: {deadline: 24h, idle_timeout: 24h, peek: {timeout: 24h}}}\n",
	"slow models":       "policies: {default: {peek: {timeout: 20m}, deadline: 30m, idle_timeout: 20m, max_wait: 15m}}\n",
	"exactly envoy's":   "policies: {default: {peek: {timeout: 15m}, idle_timeout: 15m, max_wait: 10m}}\n",
	"heald waits":       "policies: {default: {max_wait: 59m, wait: heald}}\n",
	"each wants more":   "policies: {a: {attempts: 7}, b: {max_wait: 20m}, c: {peek: {timeout: 40m}}, d: {idle_timeout: 50m, wait: heald}}\n",
	"as short as can":   "policies: {default: {attempts: 1, deadline: 1ms, max_wait: 1ms, idle_timeout: 1ms, max_stream: 1ms, ping: 1ms, peek: {timeout: 1ms, max_bytes: 1}}}\n",
	"a body of one":     "max_body: 1\n",
	"the largest body":  "max_body: 1073741824\n",
	"resumed":           "policies: {gold: {resume: text, peek: {timeout: 2h}}}\nhop_secret: {env: HOP}\n",
	"hedged":            "policies: {gold: {hedge: p90}, other: {hedge: 2s}}\n",
	"route's authority": "policies: {default: {authority: route}, other: {max_wait: 30m}}\n",
}

// Whatever policies are possible, the Envoy that heald makes for them suits
// them: the one of `heald envoy`, and the one of `heald up`.
func TestRenderedEnvoyFits(t *testing.T) {
	t.Setenv("KEY", "k")
	t.Setenv("HOP", "a secret of the hop, long enough")
	for name, text := range extremes {
		file := write(t, "heald.yaml", minimal+text)
		code, yaml, errs := heald(t, "envoy", "--config", file)
		if code != exitOK {
			t.Errorf("%s: exit %d: %s", name, code, errs)
			continue
		}
		if code, out, _ := heald(t, "check", "--config", file, "--envoy", write(t, "envoy.yaml", yaml)); code != exitOK || !strings.Contains(out, "no problems") || strings.Contains(out, "envoy.yaml") {
			t.Errorf("%s: exit %d:\n%s", name, code, out)
		}
		for _, listen := range []string{"127.0.0.1:0", "unix:///run/outer.sock", "0.0.0.0:10000"} {
			dir := t.TempDir()
			o := upOptions{listen: listen, admin: "127.0.0.1:0", insecureOpen: true}
			o.flags.File = file
			cfg, err := o.load(dir)
			if err != nil {
				t.Fatal(err)
			}
			b, err := o.bootstrap(cfg, "unix://"+filepath.Join(dir, "envoy-admin.sock"))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for _, p := range bootstrap.Check(b, wantOf(cfg)) {
				if !p.Note {
					t.Errorf("%s: heald up --listen %s: %s", name, listen, p)
				}
			}
		}
	}
}

// Envoy itself takes no longer message_timeout; that is said where it is rendered.
func TestWaitLongerThanEnvoyWaits(t *testing.T) {
	t.Setenv("KEY", "k")
	file := write(t, "heald.yaml", minimal+"policies: {default: {deadline: 3h, max_wait: 2h}}\n")
	if code, _, errs := heald(t, "envoy", "--config", file); code != exitFailed || !strings.Contains(errs, "lower max_wait") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// A reload that asks more of Envoy than it was started with says so, once.
func TestReloadTellsWhatEnvoyLacks(t *testing.T) {
	t.Setenv("KEY", "k")
	s, reload := rewriting(t, minimal)
	o := upOptions{listen: "127.0.0.1:0", admin: "127.0.0.1:0"}
	o.flags.File = s.flags.File
	cfg, err := o.load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := o.bootstrap(cfg, "")
	if err != nil {
		t.Fatal(err)
	}
	s.flags, s.fit, s.listen = &o.flags, newFit(b, cfg), cfg.Listen
	const unfit = "does not fit heald.yaml: restart heald up"
	for _, c := range []struct {
		text string
		want int
	}{
		{minimal + "max_body: 1000\n", 0},
		{minimal + "policies: {default: {peek: {timeout: 20m}, deadline: 30m}}\n", 1},
		{minimal + "policies: {default: {peek: {timeout: 20m}, deadline: 30m}, gold: {resume: text}}\n", 0},
		{minimal + "policies: {default: {peek: {timeout: 20m}, deadline: 30m, max_wait: 11m, attempts: 8}}\n", 3},
		{minimal, 0},
		{strings.Replace(minimal, "kind: ai_studio", "kind: ai_studio, url: 'http://127.0.0.1:1'", 1), 1},
		{strings.Replace(minimal, "kind: ai_studio", "kind: ai_studio, proxy: 'http://127.0.0.1:1'", 1), 1},
		{"backends: [{name: a, kind: ai_studio}, {name: b, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: KEY}}, {backend: b, secret: {env: KEY}}]\n", 2},
	} {
		if said := reload(c.text); strings.Count(said, unfit) != c.want || strings.Contains(said, "not reloaded") {
			t.Errorf("%s: want it %d times:\n%s", c.text, c.want, said)
		}
	}
	// An Envoy that somebody else runs is not known.
	s.fit = nil
	if said := reload(minimal + "policies: {default: {attempts: 9}}\n"); strings.Contains(said, unfit) {
		t.Error(said)
	}
}
