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
	// Limit is what the process may use. Go's collector works harder as it is
	// approached, and requests whose bodies do not fit are refused. 0 means
	// GOMEMLIMIT or, without that, the cgroup's limit; without both there is
	// none. Below some 200 MiB the largest bodies are only taken one at a time.
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

// UnmarshalYAML reads a size; what can be wrong with it, shape has found before.
func (s *Size) UnmarshalYAML(n *yaml.Node) (err error) {
	*s, err = ParseSize(n.Value)
	return err
}

const (
	// softShare is the part of the limit at which Go's collector aims, in
	// percent; the rest is for stacks and for what it does not manage.
	softShare = 90
	// heldShare is the part of the limit that bodies and answers in flight may
	// take, in percent. The rest is for the windows of streams, remembered
	// signatures (64 MiB at most) and garbage.
	heldShare = 75
)

// smallestLimit is where heald itself hardly fits.
const smallestLimit = 64 << 20

func (m *Memory) validate() error {
	if m.Limit != 0 && m.Limit < smallestLimit {
		return &setting.Problem{Path: "memory.limit", Found: fmt.Sprintf("%d bytes are fewer than heald itself takes", m.Limit), Fix: "give it 64MiB at least"}
	}
	return nil
}

// Limits is what follows from a limit, in bytes.
type Limits struct {
	// Limit is what the process may use; 0 for no limit.
	Limit int64
	// Held is what bodies and answers in flight may take; 0 for no bound.
	Held int64
	// Source says where the limit comes from.
	Source string
}

// Apply sets the collector's limit and returns what follows from it.
func (m *Memory) Apply() Limits {
	l := m.limits(os.Getenv, os.ReadFile)
	switch l.Source {
	case "none": // a reload may have taken the limit away
		debug.SetMemoryLimit(math.MaxInt64)
	case "GOMEMLIMIT": // it says itself where the collector shall aim
		debug.SetMemoryLimit(l.Limit)
	default:
		debug.SetMemoryLimit(l.Limit / 100 * softShare)
	}
	return l
}

// cgroupFiles hold the limit of the process's own cgroup as it sees it in a
// container, of version 2 and 1.
var cgroupFiles = []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// noLimit is more than any machine has: version 1 says "no limit" by a number
// near the largest.
const noLimit = 1 << 50

func (m *Memory) limits(getenv func(string) string, readFile func(string) ([]byte, error)) Limits {
	of := func(n int64, source string) Limits { return Limits{n, n / 100 * heldShare, source} }
	if m.Limit > 0 {
		return of(int64(m.Limit), "memory.limit")
	}
	if n, err := goLimit(getenv("GOMEMLIMIT")); err == nil {
		return of(n, "GOMEMLIMIT")
	}
	for _, f := range cgroupFiles {
		text, err := readFile(f)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 && n < noLimit {
			return of(n, "cgroup")
		}
	}
	return Limits{Source: "none"}
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
