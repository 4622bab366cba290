package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// asCommand has the binary of the tests be heald, for shells that call it.
const asCommand = "HEALD_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// Help fits a screen of 80 columns and 40 lines, and comes once, on standard
// output, where a pager can take it.
func TestHelpFitsAScreen(t *testing.T) {
	for _, c := range commands(newRoot(streams{})) {
		line := strings.Fields(c.CommandPath())[1:]
		_, out, _ := heald(t, append(line, "--help")...)
		rows := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		if len(rows) > 40 {
			t.Errorf("%s: %d lines\n%s", c.CommandPath(), len(rows), out)
		}
		for _, row := range rows {
			if n := utf8.RuneCountInString(row); n > helpWidth {
				t.Errorf("%s: %d columns: %s", c.CommandPath(), n, row)
			}
		}
		if strings.Count(out, "Usage: ") != 1 || strings.Contains(out, "`") {
			t.Errorf("%s:\n%s", c.CommandPath(), out)
		}
		if _, again, errs := heald(t, append([]string{"help"}, line...)...); again != out || errs != "" {
			t.Errorf("heald help %s:\n%s%s", line, again, errs)
		}
		for _, asked := range []string{"--help", "-help", "-h"} {
			if _, again, errs := heald(t, append([]string{asked}, line...)...); again != out || errs != "" {
				t.Errorf("heald %s %s:\n%s%s", asked, line, again, errs)
			}
		}
	}
}

// Exit codes are what help says, and a mistake is told in one line.
func TestExitCodes(t *testing.T) {
	t.Setenv("GEMINI_API_KEY", "")
	t.Setenv("KEY", "a credential of the tests")
	good := write(t, "heald.yaml", minimal+"auth: none\n")
	bad := write(t, "bad.yaml", minimal+"max_body: -1\n")
	for _, c := range []struct {
		args []string
		code int
	}{
		{nil, exitOK}, {[]string{"--version"}, exitOK}, {[]string{"version"}, exitOK}, {[]string{"help"}, exitOK}, {[]string{"help", "tenant", "add"}, exitOK},
		{[]string{"check", "--config", good}, exitOK}, {[]string{"envoy", "--config", good}, exitOK},
		{[]string{"check", "--config", bad}, exitProblems}, {[]string{"check", "--config", "/nonexistent"}, exitProblems}, {[]string{"check", "--config", good, "--envoy", "/nonexistent"}, exitProblems},
		{[]string{"health", "--admin", "127.0.0.1:1"}, exitProblems},
		{[]string{"frob"}, exitUsage}, {[]string{"--frob"}, exitUsage}, {[]string{"help", "frob"}, exitUsage}, {[]string{"tenant", "frob"}, exitUsage}, {[]string{"help", "tenant", "frob"}, exitUsage},
		{[]string{"check", "--frob"}, exitUsage}, {[]string{"check", "-x"}, exitUsage}, {[]string{"check", "it"}, exitUsage}, {[]string{"completion", "tcsh"}, exitUsage}, {[]string{"completion"}, exitUsage},
		{[]string{"serve", "--log-level", "loud"}, exitUsage}, {[]string{"top", "--interval", "1ms"}, exitUsage}, {[]string{"accounts", "--admin", "nowhere"}, exitUsage},
		{[]string{"serve", "--config", bad}, exitFailed}, {[]string{"up", "--config", bad}, exitFailed}, {[]string{"envoy", "--config", bad}, exitFailed}, {[]string{"serve"}, exitFailed},
		{[]string{"accounts", "--admin", "127.0.0.1:1"}, exitFailed}, {[]string{"top", "--admin", "127.0.0.1:1"}, exitFailed}, {[]string{"translate", "/nonexistent"}, exitFailed}, {[]string{"tenant", "list", "--dir", "/nonexistent"}, exitFailed},
	} {
		code, out, errs := heald(t, c.args...)
		if code != c.code {
			t.Errorf("heald %q: exit %d, want %d\n%s%s", c.args, code, c.code, out, errs)
		}
		if code != exitOK && strings.Contains(out+errs, "Usage: ") || code == exitUsage && strings.Count(errs, "\n") != 1 {
			t.Errorf("heald %q: a mistake is told in one line, without help:\n%s%s", c.args, out, errs)
		}
	}
	if _, out, _ := heald(t, "-h"); !strings.Contains(out, exitCodes) {
		t.Errorf("help does not tell the exit codes:\n%s", out)
	}
}

func TestDidYouMean(t *testing.T) {
	t.Setenv("KEY", "a credential of the tests")
	chains := "backends: [{name: studio, kind: ai_studio, models: [gemini-3.8-flash]}]\naccounts: [{backend: studio, secret: {env: KEY}}]\nmodels: {aliases: {x: [{model: gemini-3.8-flsh, backend: %s}]}}\n"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"chekc"}, `no command "chekc"; did you mean check?; see heald -h`},
		{[]string{"acounts"}, "did you mean accounts?"},
		{[]string{"tenant", "remove"}, `no command "remove"; see heald tenant -h`},
		{[]string{"tenant", "rotat", "x"}, "did you mean rotate?"},
		{[]string{"help", "serv"}, "did you mean serve?"},
		{[]string{"serve", "--log-lvl", "info"}, "there is no flag --log-lvl; did you mean --log-level?; see heald serve -h"},
		{[]string{"serve", "-confg", "x"}, "did you mean --config?"},
		{[]string{"serve", "--zzzzz"}, "there is no flag --zzzzz; see"},
		{[]string{"serve", "--backend", "studio=ai_studio,http://x", "--account", "stuido=env:KEY"}, `no backend is called "stuido"; did you mean studio?`},
		{[]string{"check", "--config", write(t, "a.yaml", fmt.Sprintf(chains, "studoi"))}, `no backend is called "studoi"; did you mean studio?`},
		{[]string{"check", "--config", write(t, "b.yaml", fmt.Sprintf(chains, "studio"))}, "it would never be asked; did you mean gemini-3.8-flash?"},
	} {
		if _, out, errs := heald(t, c.args...); !strings.Contains(out+errs, c.want) {
			t.Errorf("heald %q: want %q:\n%s%s", c.args, c.want, out, errs)
		}
	}
}

func TestVersionFlag(t *testing.T) {
	_, want, _ := heald(t, "version")
	if code, out, _ := heald(t, "--version"); code != exitOK || out != want {
		t.Errorf("exit %d: %s", code, out)
	}
}

// completing makes a directory with a heald in it, for the PATH of a shell.
func completing(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "heald"), []byte(fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", asCommand, self)), 0o700); err != nil { //nolint:gosec // it must be executable
		t.Fatal(err)
	}
	return dir
}

// A real bash offers what can stand where the cursor is, also without the package
// bash-completion.
func TestBashCompletion(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("there is no bash: install Debian's package bash")
	}
	book := write(t, "heald.yaml", minimal)
	if code, _, errs := heald(t, "tenant", "add", "search", "--file", book); code != exitOK {
		t.Fatal(errs)
	}
	script := `source <(heald completion bash) || exit 1
while IFS= read -r line; do
  COMP_LINE=$line COMP_POINT=${#line} COMP_TYPE=9 COLUMNS=80
  COMP_WORDS=($line) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  compopt() { :; }
  __start_heald
  for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]%% *}; done
  echo "${COMPREPLY[*]}"
done
complete -p heald`
	cases := []struct{ line, want string }{
		{"heald se", "serve"},
		{"heald t", "translate tenant top"},
		{"heald tenant r", "rotate remove-key"},
		{"heald serve --log-level w", "warn"},
		{"heald serve --log-level=e", "--log-level=error"},
		{"heald serve --log-l", "--log-level"},
		{"heald completion ", "bash zsh fish"},
		{"heald tenant rotate --file " + book + " ", "search"},
		{"heald serve --gr", "--grpc"},
	}
	var lines strings.Builder
	for _, c := range cases {
		lines.WriteString(c.line + "\n")
	}
	cmd := exec.Command(bash, "--norc", "--noprofile", "-c", script)
	cmd.Env = []string{"PATH=" + completing(t) + ":" + os.Getenv("PATH")}
	cmd.Stdin = strings.NewReader(lines.String())
	out, err := cmd.CombinedOutput()
	got := strings.Split(string(out), "\n")
	if err != nil || len(got) < len(cases)+1 {
		t.Fatalf("%v: %s", err, out)
	}
	for i, c := range cases {
		if strings.TrimPrefix(got[i], "--log-level=") != strings.TrimPrefix(c.want, "--log-level=") {
			t.Errorf("%q: %q, want %q", c.line, got[i], c.want)
		}
	}
	if !strings.Contains(got[len(cases)], "-F __start_heald heald") {
		t.Errorf("nothing completes heald: %s", got[len(cases)])
	}
}

// Other shells, where they are installed, take their scripts and complete.
func TestOtherCompletions(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"requests --outc", "--outcome\tthat ended as passed, failed, broken, canceled or local: OUTCOMES"},
		{"requests --outcome f", "failed"},
	} {
		if code, out, _ := heald(t, append([]string{"__complete"}, strings.Fields(c.args)...)...); code != exitOK || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit %d, %s", c.args, code, out)
		}
	}
	for shell, script := range map[string]string{
		"zsh":  `autoload -U compinit && compinit -u -D && source <(heald completion zsh) && print -r -- ${_comps[heald]}`,
		"fish": `heald completion fish | source; and complete -C "heald se"`,
	} {
		if code, out, errs := heald(t, "completion", shell); code != exitOK || !strings.Contains(out, "heald") || errs != "" {
			t.Errorf("%s: exit %d, %s", shell, code, errs)
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("there is no %s: its script was not sourced", shell)
			continue
		}
		cmd := exec.Command(path, "-c", script)
		cmd.Env = []string{"PATH=" + completing(t) + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
		out, err := cmd.CombinedOutput()
		want := map[string]string{"zsh": "_heald", "fish": "serve"}[shell]
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
}

// heald.yaml's completion words are those that the flags take.
func TestCompletedWordsAreTaken(t *testing.T) {
	for _, level := range wordsByFlag["log-level"] {
		if _, _, err := newLogger(os.Stderr, level); err != nil {
			t.Error(err)
		}
	}
	body := write(t, "body", `{"model":"m","messages":[{"role":"user","content":"x"}],"contents":[],"input":"x"}`)
	for _, api := range wordsByFlag["dialect"] {
		if _, _, errs := heald(t, "translate", "--dialect", api, body); strings.Contains(errs, "is none of") {
			t.Error(errs)
		}
	}
	for _, field := range wordsByFlag["by"] {
		if code, _, errs := heald(t, "usage", "--by", field, write(t, "empty", "")); code != exitOK {
			t.Error(errs)
		}
	}
}
