package main

import (
	"bytes"
	"strings"
	"testing"
)

// The flag counts first, else the file does, also after a reload.
func TestLogLevel(t *testing.T) {
	for _, c := range []struct {
		flag, file string
		written    string // which of the four lines
	}{
		{"", "", "info warn error"}, {"", "warn", "warn error"}, {"", "debug", "debug info warn error"},
		{"error", "debug", "error"}, {"debug", "error", "debug info warn error"},
	} {
		var out bytes.Buffer
		log, level, err := newLogger(&out, c.flag)
		if err != nil {
			t.Fatal(err)
		}
		level.follow("error")
		level.follow(c.file)
		log.Debug("debug")
		log.Info("info")
		log.Warn("warn")
		log.Error("error")
		var got []string
		for line := range strings.Lines(out.String()) {
			_, word, _ := strings.Cut(line, `"msg":"`)
			word, _, _ = strings.Cut(word, `"`)
			got = append(got, word)
		}
		if strings.Join(got, " ") != c.written {
			t.Errorf("flag %q, file %q: %q", c.flag, c.file, got)
		}
	}
	if _, _, err := newLogger(&bytes.Buffer{}, "loud"); err == nil || !strings.Contains(err.Error(), "--log-level") {
		t.Errorf("loud: %v", err)
	}
}

// A reload changes the level of the log that runs.
func TestReloadChangesLogLevel(t *testing.T) {
	s, rewrite := rewriting(t, minimal)
	_, level, err := newLogger(&bytes.Buffer{}, "")
	if err != nil {
		t.Fatal(err)
	}
	s.level = level
	for _, want := range []string{"error", "debug"} {
		if rewrite(minimal + "log: {level: " + want + "}\n"); level.Level().String() != want {
			t.Errorf("level %s, want %s", level.Level(), want)
		}
	}
	if rewrite(minimal); level.Level().String() != "info" {
		t.Errorf("level %s without a line", level.Level())
	}
}
