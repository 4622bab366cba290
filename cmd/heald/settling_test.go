package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// Events of one change are one reload; events without end put it off no longer
// than a second.
func TestSettling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		runs := make(chan time.Duration, 100)
		s := newSettling(func() { runs <- time.Since(start) })
		defer s.stop()
		all := func() (out []time.Duration) {
			time.Sleep(time.Second)
			for len(runs) > 0 {
				out = append(out, <-runs)
			}
			return out
		}
		s.heard()
		time.Sleep(100 * time.Millisecond)
		s.heard()
		if ran := all(); len(ran) != 1 || ran[0] != 300*time.Millisecond {
			t.Fatalf("two events: ran %v", ran)
		}
		begin := time.Since(start)
		for range 36 { // every 70 ms from 0 to 2.45 s
			s.heard()
			time.Sleep(70 * time.Millisecond)
		}
		if ran := all(); len(ran) != 3 || ran[0]-begin != time.Second || ran[1]-begin > 2100*time.Millisecond {
			t.Errorf("events all the time: ran %v", ran)
		}
	})
}

// A file beside heald.yaml that is written all the time keeps no change from being
// taken, also while the files are refused and may lack any file.
func TestBusyDirectory(t *testing.T) {
	s, _ := rewriting(t, minimal+"max_body: 1000\n")
	dir := filepath.Dir(s.flags.File)
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- s.watch(ctx) }()
	busy := make(chan error, 1)
	go func() { // it ends with ctx
		var err error
		for ctx.Err() == nil && err == nil {
			err = os.WriteFile(filepath.Join(dir, "usage.jsonl"), []byte("{}\n"), 0o600)
			time.Sleep(20 * time.Millisecond)
		}
		busy <- err
	}()
	secret := filepath.Join(dir, "hop-secret")
	put := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	eventually := func(what string, holds func() bool) {
		t.Helper()
		for range 1000 {
			if holds() {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Error(what)
	}
	time.Sleep(300 * time.Millisecond) // it is watched
	put(s.flags.File, minimal+"max_body: 500\n")
	eventually("the change is not taken", func() bool { return s.asks("501") == 413 })
	put(s.flags.File, minimal+"max_body: 100\nhop_secret: {file: "+secret+"}\n")
	eventually("a file is lacking, and nobody says so", s.amiss.Load)
	put(secret, "hop-secret-hop-secret")
	eventually("the file that was lacking is not heard", func() bool { return !s.amiss.Load() })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := <-busy; err != nil {
		t.Error(err)
	}
}
