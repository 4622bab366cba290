package config

import (
	"path"
	"strconv"
	"strings"
)

// noLimit is more than any machine has: version 1 of cgroups says "no limit" by
// a number near the largest.
const noLimit = 1 << 50

// cgroupLimit is the least memory limit, in bytes, of the process's cgroup and
// of those around it, of version 2 or 1; 0 if there is none. A container sees
// its own as the root; a unit of systemd (MemoryMax=) is below it.
func cgroupLimit(readFile func(string) ([]byte, error)) int64 {
	least := int64(0)
	look := func(root, own, file string) {
		for dir := path.Join("/", own); ; dir = path.Dir(dir) {
			if n := readLimit(readFile, path.Join(root, dir, file)); n > 0 && (least == 0 || n < least) {
				least = n
			}
			if dir == "/" {
				return
			}
		}
	}
	v2, v1 := "/", "/"
	text, _ := readFile("/proc/self/cgroup") // without it, the root is looked at
	for line := range strings.Lines(string(text)) {
		// As in "0::/a.slice" (version 2) or "9:cpu,memory:/a".
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		if fields[0] == "0" && fields[1] == "" {
			v2 = fields[2]
		}
		for name := range strings.SplitSeq(fields[1], ",") {
			if name == "memory" {
				v1 = fields[2]
			}
		}
	}
	look("/sys/fs/cgroup", v2, "memory.max")
	look("/sys/fs/cgroup/memory", v1, "memory.limit_in_bytes")
	return least
}

// readLimit is the number in a file; 0 if it is no limit.
func readLimit(readFile func(string) ([]byte, error), name string) int64 {
	text, err := readFile(name)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n < 0 || n >= noLimit {
		return 0
	}
	return n
}
