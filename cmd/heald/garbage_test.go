package main

import "testing"

// The operator's GOGC wins, and the log says so.
func TestOwnGOGC(t *testing.T) {
	t.Setenv("GOGC", "70")
	if p := newPacer(); p != nil {
		t.Error("GOGC is chosen all the same")
		p.Stop()
	}
	if got := tellGOGC(1 << 30); got != "70 (GOGC of the environment)" {
		t.Errorf("the log says %q", got)
	}
	t.Setenv("GOGC", "")
	if got := tellGOGC(1 << 30); got != "400 to 25, by what is live" {
		t.Errorf("the log says %q", got)
	}
	if got := tellGOGC(0); got != "400 to 100, by what is live" {
		t.Errorf("the log says %q without a limit", got)
	}
}
