package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/record"
)

// screen is a terminal of a test, to which several write.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (*screen) Size() (int, int) { return 100, 30 }

// What stands on standard error and in the file of --log, for each kind of both.
func TestWhereUpTells(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	file := filepath.Join(t.TempDir(), "log")
	for _, c := range []struct {
		name           string
		log, level     string
		told, terminal bool
		line           bool     // a readable line for the request
		json           bool     // the log as JSON on standard error
		shown          []string // messages on standard error
		file           bool
	}{
		{name: "a terminal", terminal: true, line: true, shown: []string{"a warning", "an error"}},
		{name: "a terminal, all of the log", level: "debug", told: true, terminal: true, line: true, shown: []string{"a detail", "configuration loaded", "a warning", "an error"}},
		{name: "a terminal, errors", level: "error", told: true, terminal: true, line: true, shown: []string{"an error"}},
		{name: "a terminal, JSON", log: "json", terminal: true, json: true, shown: []string{"request finished", "configuration loaded", "a warning", "an error"}},
		{name: "a terminal and a file", log: file, terminal: true, line: true, shown: []string{"a warning", "an error"}, file: true},
		{name: "a pipe", json: true, shown: []string{"request finished", "configuration loaded", "a warning", "an error"}},
		{name: "a pipe, text", log: "text", line: true, shown: []string{"a warning", "an error"}},
		{name: "a pipe and a file", log: file, file: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_ = os.Remove(file)
			var s screen
			o := upOptions{log: c.log, level: c.level, told: c.told}
			if o.level == "" {
				o.level = "info"
			}
			var log *zap.Logger
			var sinks []namedSink
			var done func()
			var err error
			if c.terminal {
				log, _, sinks, done, err = o.openLog(&s)
			} else {
				log, _, sinks, done, err = o.openLog(&pipe{&s})
			}
			if err != nil {
				t.Fatal(err)
			}
			log.Debug("a detail")
			log.Info("configuration loaded")
			log.Info("request finished")
			log.Warn("a warning")
			log.Error("an error")
			r, err := newRecords(&config.Record{}, nil, prometheus.NewRegistry(), zap.NewNop(), sinks...)
			if err != nil {
				t.Fatal(err)
			}
			r.fan.Request(record.Request{Origin: record.Origin{Time: time.Now(), API: "claude"}, Alias: "asked", Model: "answered", Outcome: "passed"})
			if err := r.close(); err != nil {
				t.Fatal(err)
			}
			done()
			got := s.String()
			for _, message := range []string{"a detail", "configuration loaded", "request finished", "a warning", "an error"} {
				want := 0
				for _, shown := range c.shown {
					if shown == message {
						want = 1
					}
				}
				if n := strings.Count(got, message); n != want {
					t.Errorf("%q is there %d times, want %d:\n%s", message, n, want, got)
				}
			}
			if strings.Contains(got, "claude     asked → answered  passed") != c.line || strings.Contains(got, `{"level":`) != c.json {
				t.Errorf("%s", got)
			}
			text, err := os.ReadFile(file)
			if (err == nil) != c.file || c.file && strings.Count(string(text), "\n") != 4 {
				t.Errorf("%v: %s", err, text)
			}
		})
	}
}

// pipe is a writer that is no terminal.
type pipe struct{ to *screen }

func (p *pipe) Write(b []byte) (int, error) { return p.to.Write(b) }

// A stopped terminal delays nothing, and what it misses is counted.
func TestStoppedTerminal(t *testing.T) {
	release := make(chan struct{})
	r, err := newRecords(&config.Record{}, nil, prometheus.NewRegistry(), zap.NewNop(), namedSink{"terminal", stopped(release)})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 * record.DefaultQueue { // returns although nobody reads
		r.fan.Request(record.Request{})
	}
	close(release)
	if err := r.close(); err != nil {
		t.Error(err)
	}
}

type stopped chan struct{}

func (s stopped) Write(context.Context, []record.Entry) error { <-s; return nil }
func (s stopped) Close() error                                { return nil }
