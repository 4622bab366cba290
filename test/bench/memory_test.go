package main

import (
	"strings"
	"testing"
)

func TestHeapAndStacks(t *testing.T) {
	const metrics = `# HELP go_memstats_heap_inuse_bytes Number of heap bytes that are in use.
go_memstats_heap_inuse_bytes 1.5e+06
go_memstats_heap_inuse_bytes_other 7
go_memstats_stack_inuse_bytes 500000
go_memstats_sys_bytes 9e+09
`
	if got, err := heapAndStacks(strings.NewReader(metrics)); got != 2_000_000 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
	for _, bad := range []string{"", "go_memstats_heap_inuse_bytes 1\n", "go_memstats_heap_inuse_bytes many\ngo_memstats_stack_inuse_bytes 1\n"} {
		if got, err := heapAndStacks(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: got %d and no error", bad, got)
		}
	}
}
