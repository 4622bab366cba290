package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// Envoy's clusters are compared with the backends also where something else of
// heald.yaml is wrong, and where there is no heald.yaml.
func TestWantOfBackends(t *testing.T) {
	t.Setenv("KEY", "k")
	t.Setenv(config.KeyVariable, "")
	for text, want := range map[string][]string{
		minimal: {"a"},
		"backends: [{name: a, kind: ai_studio, cluster: outbound|443||a}, {name: b, kind: ai_studio}]\n":      {"outbound|443||a", "b"},
		"backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: NOT_SET_ANYWHERE}}]\n": {"a"},
	} {
		cfg, err := (&config.Flags{File: write(t, "heald.yaml", text)}).Load()
		if err != nil {
			t.Fatal(err)
		}
		if got := wantOf(cfg).Backends; !slices.Equal(got, want) {
			t.Errorf("%s: got %q", text, got)
		}
	}
	t.Setenv(config.KeyVariable, "a credential of the test")
	cfg, err := (&config.Flags{}).Load()
	if err != nil {
		t.Fatal(err)
	}
	if got := wantOf(cfg).Backends; !slices.Equal(got, []string{config.DefaultBackend}) {
		t.Errorf("without heald.yaml: got %q", got)
	}
}

// The Lua filter that carries the memory is asked for unless no policy needs it.
func TestWantOfStoredMemory(t *testing.T) {
	t.Setenv("KEY", "k")
	for text, want := range map[string]bool{
		minimal: false,
		minimal + "policies: {default: {memory: store}}\n":                         true,
		minimal + "policies: {default: {memory: store}, gold: {memory: store}}\n":  true,
		minimal + "policies: {default: {memory: store}, gold: {memory: header}}\n": false,
		minimal + "policies: {gold: {memory: store}}\n":                            false,
	} {
		cfg, err := (&config.Flags{File: write(t, "heald.yaml", text)}).Load()
		if err != nil {
			t.Fatal(err)
		}
		if got := wantOf(cfg).StoreMemory; got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
}

// A status is reserved if no policy uses it.
func TestWantOfReserved(t *testing.T) {
	t.Setenv("KEY", "k")
	for text, want := range map[string][]int{
		minimal: nil,
		minimal + "policies: {default: {reserved_status: [502, 503]}}\n":                                      {502, 503},
		minimal + "policies: {default: {reserved_status: [502, 503]}, gold: {reserved_status: [504, 503]}}\n": {503},
		minimal + "policies: {default: {reserved_status: [502]}, gold: {reserved_status: []}}\n":              nil,
	} {
		cfg, err := (&config.Flags{File: write(t, "heald.yaml", text)}).Load()
		if err != nil {
			t.Fatal(err)
		}
		if got := wantOf(cfg).Reserved; !slices.Equal(got, want) {
			t.Errorf("%s: got %v", text, got)
		}
	}
}

// What only some policies need is asked of Envoy where one of them does.
func TestWantOfHedge(t *testing.T) {
	t.Setenv("KEY", "k")
	for text, want := range map[string]bool{
		minimal: false,
		minimal + "policies: {default: {hedge: off}}\n":                    false,
		minimal + "policies: {default: {hedge: off}, gold: {hedge: 2s}}\n": true,
	} {
		cfg, err := (&config.Flags{File: write(t, "heald.yaml", text)}).Load()
		if err != nil {
			t.Fatal(err)
		}
		if got := wantOf(cfg).Hedge; got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
}

// What `heald envoy --buffer-requests` prints passes `heald check` as well.
func TestBufferedEnvoyPassesCheck(t *testing.T) {
	t.Setenv("KEY", "k")
	file := write(t, "heald.yaml", minimal)
	code, out, errs := heald(t, "envoy", "--buffer-requests", "--config", file)
	if code != exitOK || !strings.Contains(out, "request_body_mode: BUFFERED") || strings.Contains(out, "allow_content_length_header: true") {
		t.Fatalf("%d: %s\n%s", code, errs, out)
	}
	code, out, errs = heald(t, "check", "--config", file, "--envoy", write(t, "envoy.yaml", out))
	if code != exitOK || !strings.Contains(out, "no problems") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
}

// What `heald envoy --lean` prints passes `heald check`, and says where it could
// be leaner.
func TestLeanEnvoyPassesCheck(t *testing.T) {
	t.Setenv("KEY", "k")
	for _, c := range []struct {
		policies string
		carried  bool
	}{
		{"policies: {default: {memory: store}}\n", false},
		{"policies: {default: {memory: store}, gold: {memory: header}}\n", true},
		{"", true},
	} {
		file := write(t, "heald.yaml", minimal+c.policies)
		code, out, errs := heald(t, "envoy", "--lean", "--config", file)
		if code != exitOK {
			t.Fatalf("%d: %s", code, errs)
		}
		if strings.Contains(out, "name: heald.memory") != c.carried || strings.Contains(errs, "memory: store") != c.carried || !strings.Contains(out, "stats_matcher") {
			t.Errorf("%q: carried %v; %s", c.policies, !c.carried, errs)
		}
		code, out, errs = heald(t, "check", "--config", file, "--envoy", write(t, "envoy.yaml", out))
		if code != exitOK || !strings.Contains(out, "no problems") || strings.Contains(out, "stats_config") {
			t.Errorf("%q: %d\n%s%s", c.policies, code, out, errs)
		}
	}
}

// The last line counts in English.
func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		problems, notes int
		want            string
	}{
		{0, 0, "no problems\n"}, {0, 1, "no problems, 1 note\n"}, {0, 2, "no problems, 2 notes\n"},
		{1, 0, "1 problem\n"}, {2, 1, "2 problems, 1 note\n"}, {1, 3, "1 problem, 3 notes\n"},
	} {
		var out strings.Builder
		if err := verdict(&out, c.problems, c.notes); out.String() != c.want || (err != nil) != (c.problems > 0) {
			t.Errorf("%d, %d: %q, %v; want %q", c.problems, c.notes, out.String(), err, c.want)
		}
	}
}

// What keeps a file from being checked is told with its consequence and a fix: a
// file that cannot be read says nothing about Envoy.
func TestCheckEnvoyUnread(t *testing.T) {
	t.Setenv("KEY", "k")
	config := write(t, "heald.yaml", minimal)
	for name, c := range map[string]struct{ file, consequence, fix string }{
		"no file":     {filepath.Join(t.TempDir(), "none.yaml"), "nothing of the Envoy was checked", "name a file that heald may read"},
		"half a dump": {write(t, "cut.json", `{"configs": [{"@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump"`), "nothing of the Envoy was checked", "/config_dump?include_eds"},
		"no Envoy":    {write(t, "other.yaml", "a: b\n"), "Envoy does not start with it", "--mode validate"},
	} {
		code, out, errs := heald(t, "check", "--config", config, "--envoy", c.file)
		if code != exitProblems || !strings.Contains(out, "problem: "+c.file+": ") || !strings.Contains(out, "consequence: "+c.consequence+"\n  fix: ") || !strings.Contains(out, c.fix) || !strings.Contains(out, "1 problem") {
			t.Errorf("%s: %d\n%s%s", name, code, out, errs)
		}
	}
}
