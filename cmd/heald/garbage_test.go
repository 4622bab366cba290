package main

import (
	"runtime/debug"
	"testing"

	"github.com/heald-proxy/heald/cmd/heald/collector"
	"github.com/heald-proxy/heald/cmd/heald/config"
)

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

// GOGC is chosen for the least limit that is known: a GOMEMLIMIT that is off or
// large does not let the heap grow beyond what the process may use.
func TestHeapBudget(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name      string
		limits    config.Limits
		withEnvoy bool
		want      int64
	}{
		{"no limit", config.Limits{Source: "none"}, false, 0},
		{"no limit, with Envoy", config.Limits{Source: "none"}, true, 0},
		{"of the file", config.Limits{Limit: 512 * mib, Soft: 460 * mib, Source: "memory.limit"}, false, 460 * mib},
		{"of the file, GOMEMLIMIT off", config.Limits{Limit: 64 * mib, Source: "memory.limit"}, false, 64 * mib},
		{"of the file, GOMEMLIMIT larger", config.Limits{Limit: 64 * mib, Soft: 8 << 30, Source: "memory.limit"}, false, 64 * mib},
		{"of the file, in a smaller container", config.Limits{Limit: 512 * mib, Soft: 460 * mib, Source: "memory.limit", Cgroup: 128 * mib}, false, 128 * mib},
		{"GOMEMLIMIT above the container's", config.Limits{Limit: 8 << 30, Soft: 8 << 30, Source: "GOMEMLIMIT", Cgroup: 256 * mib}, false, 256 * mib},
		{"GOMEMLIMIT above the container's, with Envoy", config.Limits{Limit: 8 << 30, Soft: 8 << 30, Source: "GOMEMLIMIT", Cgroup: 256 * mib}, true, 128 * mib},
		{"GOMEMLIMIT below it, with Envoy", config.Limits{Limit: 100 * mib, Soft: 100 * mib, Source: "GOMEMLIMIT", Cgroup: 256 * mib}, true, 100 * mib},
		{"of the container", config.Limits{Limit: 256 * mib, Soft: 224 * mib, Source: "cgroup", Cgroup: 256 * mib}, false, 224 * mib},
		{"of the container, with Envoy", config.Limits{Limit: 256 * mib, Soft: 224 * mib, Source: "cgroup", Cgroup: 256 * mib}, true, 112 * mib},
		{"of the container, GOMEMLIMIT off, with Envoy", config.Limits{Limit: 256 * mib, Source: "cgroup", Cgroup: 256 * mib}, true, 128 * mib},
	} {
		s := &sidecar{flags: &config.Flags{StartsEnvoy: c.withEnvoy}}
		if got := s.heapBudget(c.limits); got != c.want {
			t.Errorf("%s: %d MiB, want %d", c.name, got/mib, c.want/mib)
		}
	}
}

// The same with the real environment.
func TestGOMEMLIMITIsNotAllOfIt(t *testing.T) {
	const limit, live = 64 << 20, 25 << 20
	was := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(was)
	for _, env := range []string{"", "off", "8GiB"} {
		t.Setenv("GOMEMLIMIT", env)
		s := &sidecar{flags: &config.Flags{}}
		budget := s.heapBudget(s.limitMemory(&config.Config{Memory: config.Memory{Limit: limit}}))
		if percent := collector.Percent(collector.Reading{Live: live}, budget); live+live*percent/100 > limit/2 {
			t.Errorf("GOMEMLIMIT=%s: at GOGC %d the heap grows to %d MiB", env, percent, (live+live*percent/100)>>20)
		}
	}
}
