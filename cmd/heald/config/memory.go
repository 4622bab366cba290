package config

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Memory bounds what the process uses.
type Memory struct {
	// Limit is what the process may use. Default: GOMEMLIMIT or, without that, the
	// limit of the container or systemd unit, else none. Near it Go's collector
	// works harder, and requests whose bodies do not fit are refused. GOMEMLIMIT,
	// if set, is the collector's target in any case. Below about 200 MiB the
	// largest bodies are only accepted one at a time.
	Limit Size `yaml:"limit"`
}

// Size is a number of bytes: 1048576 or 1024KiB, 1MiB, 2GiB.
type Size int64

var units = []struct {
	name  string
	bytes Size
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}}

// ParseSize reads a size.
func ParseSize(s string) (Size, error) {
	number, unit := s, Size(1)
	for _, u := range units {
		if n, ok := strings.CutSuffix(s, u.name); ok {
			number, unit = strings.TrimSpace(n), u.bytes
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || Size(n) > math.MaxInt64/unit {
		return 0, fmt.Errorf("%s is no size; %s", redact.Quote(s), sizeForm)
	}
	return Size(n) * unit, nil
}

// sizeForm is what to write.
const sizeForm = "write bytes, or a whole number with KiB, MiB, GiB or TiB, such as 512MiB"

// UnmarshalYAML reads a size; shape has found all mistakes before.
func (s *Size) UnmarshalYAML(n *yaml.Node) (err error) {
	*s, err = ParseSize(n.Value)
	return err
}

const (
	// apartShare is the part of the limit, in percent, that Go's collector
	// leaves free for memory that Go does not manage, unless GOMEMLIMIT sets
	// the target.
	apartShare = 10
	// apartLeast is the least that it leaves free, up to half of the limit:
	// Go's limit is a soft one, and a body (32 MiB) that comes while the
	// collector runs exceeds it.
	apartLeast = 32 << 20
	// heldShare is the part of the limit that bodies and answers in flight may
	// take, in percent. The rest is for bodies that arrive (up to a quarter of
	// this), the windows of streams, remembered signatures (64 MiB at most) and
	// garbage.
	heldShare = 75
)

// smallestLimit is hardly enough for heald itself.
const smallestLimit = 64 << 20

func (m *Memory) validate() error {
	if m.Limit != 0 && m.Limit < smallestLimit {
		return &setting.Problem{Path: "memory.limit", Found: fmt.Sprintf("%d bytes are fewer than heald itself takes", m.Limit), Fix: "give it at least 64MiB"}
	}
	return nil
}

// Limits is what follows from a limit, in bytes.
type Limits struct {
	// Limit is what the process may use; 0 for no limit.
	Limit int64
	// Held is what bodies and answers in flight may take; 0 for no bound.
	Held int64
	// Soft is the target of Go's collector: GOMEMLIMIT if it is set, also to
	// off, else a part of Limit; 0 for none.
	Soft int64
	// Source says where Limit comes from.
	Source string
	// Cgroup is the limit of the cgroup, which may not be Limit; 0 for none.
	Cgroup int64
}

// Apply sets the collector's limit and returns what follows from it.
func (m *Memory) Apply() Limits {
	l := m.limits(os.Getenv, os.ReadFile)
	if l.Soft == 0 { // a reload may have taken the limit away
		debug.SetMemoryLimit(math.MaxInt64)
	} else {
		debug.SetMemoryLimit(l.Soft)
	}
	return l
}

func (m *Memory) limits(getenv func(string) string, readFile func(string) ([]byte, error)) Limits {
	env := getenv("GOMEMLIMIT")
	soft, err := goLimit(env)
	l := Limits{Source: "none", Cgroup: cgroupLimit(readFile)}
	if m.Limit > 0 {
		l.Limit, l.Source = int64(m.Limit), "memory.limit"
	} else if err == nil {
		l.Limit, l.Source = soft, "GOMEMLIMIT"
	} else if l.Cgroup > 0 {
		l.Limit, l.Source = l.Cgroup, "cgroup"
	}
	l.Held = l.Limit / 100 * heldShare
	l.Soft = max(l.Limit-max(l.Limit/100*apartShare, apartLeast), l.Limit/2)
	if err == nil || env == "off" {
		l.Soft = soft
	}
	return l
}

// goLimit reads GOMEMLIMIT as Go does, whose smallest unit is B; an error if
// there is no limit.
func goLimit(s string) (int64, error) {
	if !strings.HasSuffix(s, "iB") {
		s = strings.TrimSuffix(s, "B")
	}
	n, err := ParseSize(s)
	if err != nil || n == 0 || n >= noLimit {
		return 0, errors.New("no limit")
	}
	return int64(n), nil
}
