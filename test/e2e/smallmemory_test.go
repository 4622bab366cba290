package e2e

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/heald-proxy/heald/test/stack"
)

// With 128 MiB and bodies of 16 MB, one after the other and at the same time,
// heald stays within its limit, answers all of them, and says how its collector is
// set. What does not fit at the same time waits.
func TestSmallMemoryAndLargeBodies(t *testing.T) {
	const limit = 128 * mib
	// A machine that sets these itself would test something else.
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	s := stack.Start(t, stack.Options{Plain: true, MemoryLimit: limit})
	body := `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"messages":[{"role":"user","content":[` +
		`{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"/9j/` + strings.Repeat("A", 16_000_000) + `"}}]}]}`
	alone := func() {
		t.Helper()
		if a := s.Post("/v1/messages", body); a.Status != 200 {
			t.Fatalf("got %d %.300s", a.Status, a.Body)
		}
	}
	for range 5 {
		alone()
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if a := s.Post("/v1/messages", body); a.Status != 200 {
				t.Errorf("got %d %.300s", a.Status, a.Body)
			}
		})
	}
	group.Wait()
	alone()
	replica := s.Replicas[0]
	peak := peakMemory(t, replica.Pid())
	gogc := replica.Metric("go_gc_gogc_percent")
	t.Logf("at most %d MiB of %d; GOGC %v at the end", peak/mib, limit/mib, gogc)
	if peak > limit {
		t.Errorf("heald took %d MiB, its limit is %d", peak/mib, limit/mib)
	}
	if gogc < 25 || gogc > 400 || gogc == 100 {
		t.Errorf("GOGC is %v", gogc)
	}
	if got := replica.Metric("go_gc_gomemlimit_bytes"); got != limit-32*mib {
		t.Errorf("the collector aims at %v bytes", got)
	}
	if line := `"gogc":"400 to 25, by what is live"`; !strings.Contains(replica.Log.Text(), line) {
		t.Errorf("no %s in\n%s", line, replica.Log.Text())
	}
}

// peakMemory is the most resident memory that a process had, in bytes, without
// the pages of its binary, which a kernel short of memory drops first.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil && runtime.GOOS == "linux" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("needs Linux's /proc:", err)
	}
	kib := func(name string) int {
		m := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(text)
		if m == nil {
			t.Fatalf("no %s in\n%s", name, text)
		}
		n, err := strconv.Atoi(string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return (kib("VmHWM") - kib("RssFile")) << 10
}
