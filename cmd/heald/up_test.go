package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/policies/redact"
)

// A reload that begins to resume finds the listener that this Envoy has. Any
// other, such as the default one, may be anybody's, and would be told the
// account's key.
func TestUpAlwaysHasItsResumeListener(t *testing.T) {
	t.Setenv("KEY", "k")
	file := write(t, "heald.yaml", minimal)
	o := upOptions{listen: "127.0.0.1:0", admin: "127.0.0.1:0"}
	o.flags.File = file
	dir := t.TempDir()
	cfg, err := o.load(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := o.bootstrap(cfg, "unix://"+filepath.Join(dir, "envoy-admin.sock"))
	if err != nil {
		t.Fatal(err)
	}
	var sockets []string
	for _, l := range b.GetStaticResources().GetListeners() {
		if pipe := l.GetAddress().GetPipe(); pipe != nil {
			sockets = append(sockets, "unix://"+pipe.GetPath())
		}
	}
	for _, more := range []string{"policies: {default: {resume: text}}\n", "resume_via: http://127.0.0.1:1\npolicies: {gold: {resume: text}}\n"} {
		rewrite(t, file, minimal+more)
		again, err := o.flags.Load()
		if err != nil {
			t.Fatal(err)
		}
		x, err := again.Exchange()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(sockets, x.ResumeVia) {
			t.Errorf("%s: the rest is fetched through %q, and Envoy's sockets are %q", more, x.ResumeVia, sockets)
		}
	}
}

// `heald up` prints the address of the page.
func TestReadyNamesThePage(t *testing.T) {
	for want, address := range map[string]string{
		"what happens to requests, and why: http://127.0.0.1:9001/\nmetrics http://127.0.0.1:9001/metrics\n": adminAddress(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9001}, false),
		"why: https://[::1]:9001/\n":                                   adminAddress(&net.TCPAddr{IP: net.IPv6loopback, Port: 9001}, true),
		"metrics --unix-socket /run/admin.sock http://heald/metrics\n": adminAddress(&net.UnixAddr{Name: "/run/admin.sock", Net: "unix"}, true),
	} {
		var out strings.Builder
		printReady(&out, "127.0.0.1:10000", "", address, "heald")
		if !strings.Contains(out.String(), want) {
			t.Errorf("want %q in\n%s", want, out.String())
		}
	}
}

// What `heald up` prints is what CLIENTS.md says, whose blocks real clients are
// tested with.
func TestReadyIsWhatThePageSays(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "CLIENTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	var out strings.Builder
	printReady(&out, "127.0.0.1:10000", "", "", "heald")
	text, _, found := strings.Cut(out.String(), "\ncurl:\n")
	if !found {
		t.Fatalf("no curl in\n%s", text)
	}
	checked := 0
	for line := range strings.Lines(text) {
		line, pasted := strings.CutPrefix(strings.TrimRight(line, "\n"), "  ")
		if !pasted {
			continue
		}
		checked++
		words := strings.Fields(line)
		if !strings.Contains(words[0], "_") || !strings.Contains(words[0], "=") { // a line of a file
			if !strings.Contains(page, "\n"+line+"\n") {
				t.Errorf("CLIENTS.md lacks the line %q", line)
			}
			continue
		}
		for i, word := range words {
			if strings.Contains(word, "=") {
				word = "export " + word
			} else {
				word = strings.Join(words[i:], " ")
			}
			if !strings.Contains(page, "\n"+word+"\n") {
				t.Errorf("CLIENTS.md lacks the line %q", word)
			}
			if !strings.HasPrefix(word, "export ") {
				break
			}
		}
	}
	if checked < 12 {
		t.Errorf("only %d lines to paste in\n%s", checked, text)
	}
}

// Envoy's own lines may quote headers, with the credentials in them.
func TestEnvoyLogTellsNoKeys(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	if _, err := io.WriteString(envoyLog(zap.New(core)), "[2026-11-29 21:38:48.015][27424][warning][main] [source/server/server.cc:1028] caught ENVOY_SIGTERM\n"); err != nil || logs.Len() != 0 {
		t.Errorf("%v: %d lines of a stop that was asked for", err, logs.Len())
	}
	if _, err := io.WriteString(envoyLog(zap.New(core)), "x-goog-api-key: AIzaSyA1234567890abcdefghijklmnopqrstuv "+strings.Repeat("x", 10_000)+"\n"); err != nil {
		t.Fatal(err)
	}
	line := logs.All()[0].ContextMap()["line"].(string)
	if strings.Contains(line, "AIza") || len(line) > redact.Limit {
		t.Errorf("%d bytes: %.100s", len(line), line)
	}
}

// Envoy gets half of the cores, so that heald has the others.
func TestUpChoosesEnvoysWorkers(t *testing.T) {
	for cores, want := range map[int]int{1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 64: 32} {
		if got := workers(cores); got != want {
			t.Errorf("%d workers on %d cores, want %d", got, cores, want)
		}
	}
	t.Setenv("KEY", "k")
	told := filepath.Join(t.TempDir(), "arguments")
	binary := write(t, "envoy", "#!/bin/sh\necho \"$@\" >> "+told+"\nexit 1\n")
	if err := os.Chmod(binary, 0o700); err != nil {
		t.Fatal(err)
	}
	heald(t, "up", "--envoy", binary, "--listen", "127.0.0.1:0", "--backend", "a=ai_studio,http://127.0.0.1:1", "--account", "a=env:KEY")
	args, err := os.ReadFile(told)
	if want := fmt.Sprintf("--concurrency %d", workers(runtime.GOMAXPROCS(0))); err != nil || !strings.Contains(string(args)+"\n", want) {
		t.Errorf("Envoy is started with %q, %v; want %s", args, err, want)
	}
}
