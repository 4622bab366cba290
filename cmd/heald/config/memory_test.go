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
	const v2, v1 = "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"
	for _, c := range []struct {
		name  string
		limit Size
		env   string
		files map[string]string
		want  Limits
	}{
		{"none", 0, "", nil, Limits{Source: "none"}},
		{"of the file", 1000, "2000", map[string]string{v2: "3000\n"}, Limits{1000, 750, "memory.limit"}},
		{"of Go", 0, "2000", map[string]string{v2: "3000\n"}, Limits{2000, 1500, "GOMEMLIMIT"}},
		{"of Go, with a unit", 0, "100KiB", nil, Limits{102400, 76800, "GOMEMLIMIT"}},
		{"of Go, with its own unit", 0, "2000B", nil, Limits{2000, 1500, "GOMEMLIMIT"}},
		{"off", 0, "off", nil, Limits{Source: "none"}},
		{"of the container", 0, "", map[string]string{v2: "3000\n"}, Limits{3000, 2250, "cgroup"}},
		{"of an older container", 0, "", map[string]string{v1: "4000\n"}, Limits{4000, 3000, "cgroup"}},
		{"a container without", 0, "", map[string]string{v2: "max\n"}, Limits{Source: "none"}},
		{"an older container without", 0, "", map[string]string{v1: "9223372036854771712\n"}, Limits{Source: "none"}},
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
