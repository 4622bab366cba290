package config

import (
	"errors"
	"math"
	"testing"
)

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		text string
		want Size // -1 if it is none
	}{
		{"0", 0}, {"1048576", 1 << 20}, {"64KiB", 64 << 10}, {"512MiB", 512 << 20}, {"512 MiB", 512 << 20}, {"2GiB", 2 << 30}, {"1TiB", 1 << 40},
		{"", -1}, {"MiB", -1}, {"-1", -1}, {"-1MiB", -1}, {"1.5GiB", -1}, {"512MB", -1}, {"512M", -1}, {"9223372036854775807", math.MaxInt64}, {"9223372036854775807KiB", -1},
	} {
		got, err := ParseSize(c.text)
		if c.want < 0 {
			if err == nil {
				t.Errorf("%q was read as %d", c.text, got)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%q: got %d, %v; want %d", c.text, got, err, c.want)
		}
	}
}

func TestMemoryLimits(t *testing.T) {
	const (
		v2, v1 = "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"
		own    = "/proc/self/cgroup"
	)
	for _, c := range []struct {
		name  string
		limit Size
		env   string
		files map[string]string
		want  Limits
	}{
		{"none", 0, "", nil, Limits{Source: "none"}},
		{"of the file", 1000, "", map[string]string{v2: "3000\n"}, Limits{1000, 750, 500, "memory.limit", 3000}},
		{"large", 1000 << 20, "", nil, Limits{1000 << 20, 750 << 20, 900 << 20, "memory.limit", 0}},
		{"small", 128 << 20, "", nil, Limits{128 << 20, 128 << 20 / 100 * 75, 96 << 20, "memory.limit", 0}},
		{"of the file, and where Go aims", 1000, "600", map[string]string{v2: "3000\n"}, Limits{1000, 750, 600, "memory.limit", 3000}},
		{"of the file, and Go aims nowhere", 1000, "off", nil, Limits{1000, 750, 0, "memory.limit", 0}},
		{"of Go", 0, "2000", map[string]string{v2: "3000\n"}, Limits{2000, 1500, 2000, "GOMEMLIMIT", 3000}},
		{"of Go, with a unit", 0, "100KiB", nil, Limits{102400, 76800, 102400, "GOMEMLIMIT", 0}},
		{"of Go, with its own unit", 0, "2000B", nil, Limits{2000, 1500, 2000, "GOMEMLIMIT", 0}},
		{"off", 0, "off", nil, Limits{Source: "none"}},
		{"off in a container", 0, "off", map[string]string{v2: "3000\n"}, Limits{3000, 2250, 0, "cgroup", 3000}},
		{"of the container", 0, "", map[string]string{v2: "3000\n", own: "0::/\n"}, Limits{3000, 2250, 1500, "cgroup", 3000}},
		{"of an older container", 0, "", map[string]string{v1: "4000\n", own: "12:cpu:/docker/1\n9:hugetlb,memory:/docker/1\n"}, Limits{4000, 3000, 2000, "cgroup", 4000}},
		{"a container without", 0, "", map[string]string{v2: "max\n"}, Limits{Source: "none"}},
		{"an older container without", 0, "", map[string]string{v1: "9223372036854771712\n"}, Limits{Source: "none"}},
		{"of a unit", 0, "", map[string]string{own: "0::/a.slice/heald.service\n", "/sys/fs/cgroup/a.slice/heald.service/memory.max": "5000\n"}, Limits{5000, 3750, 2500, "cgroup", 5000}},
		{"of what is around a unit", 0, "", map[string]string{own: "0::/a.slice/heald.service\n", "/sys/fs/cgroup/a.slice/heald.service/memory.max": "max\n", "/sys/fs/cgroup/a.slice/memory.max": "6000\n", v2: "7000\n"}, Limits{6000, 4500, 3000, "cgroup", 6000}},
		{"of an older unit", 0, "", map[string]string{own: "9:memory:/a\n", "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "8000\n"}, Limits{8000, 6000, 4000, "cgroup", 8000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := Memory{Limit: c.limit}
			got := m.limits(func(string) string { return c.env }, func(name string) ([]byte, error) {
				if text, ok := c.files[name]; ok {
					return []byte(text), nil
				}
				return nil, errors.New("no such file")
			})
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
