package route

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/hedge"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Validate lists every invalid setting, with path as prefix.
func (s Settings) Validate(path string) error {
	var errs []error
	bad := func(name, found, fix string) {
		errs = append(errs, &setting.Problem{Path: path + "." + name, Found: found, Fix: fix})
	}
	if s.Attempts < 1 || s.Attempts > 10 {
		bad("attempts", fmt.Sprintf("%d is not between 1 and 10", s.Attempts), "1 is no retry at all; leave the line out for 3")
	}
	for name, d := range map[string]time.Duration{
		"deadline": s.Deadline, "max_wait": s.MaxWait, "queue_wait": s.QueueWait, "idle_timeout": s.IdleTimeout,
		"max_stream": s.MaxStream, "ping": s.Ping, "peek.timeout": s.Peek.Timeout,
	} {
		if d <= 0 {
			bad(name, fmt.Sprintf("%s is not a positive duration such as 15s", d), "leave the line out for the default")
		}
	}
	if s.Peek.MaxBytes < 1 {
		bad("peek.max_bytes", fmt.Sprintf("%d is not a positive number of bytes", s.Peek.MaxBytes), "leave the line out for 1 MiB")
	}
	for _, w := range []struct{ name, got, one, other string }{
		{"thinking.history", s.Thinking.History, "drop", "keep"},
		{"wait", s.Wait, "envoy", "heald"},
		{"memory", s.Memory, "header", memoryInStore},
		{"upstream_stream", s.UpstreamStream, "always", asClient},
		{"authority", s.Authority, "heald", "route"},
		{"resume", s.Resume, "off", resumeText},
	} {
		if w.got != w.one && w.got != w.other {
			bad(w.name, fmt.Sprintf("%s is neither %q nor %q", redact.Quote(w.got), w.one, w.other), "write one of the two")
		}
	}
	errs = append(errs, s.validateReserved(path))
	if _, err := hedge.ParseDelay(s.Hedge); err != nil {
		bad("hedge", redact.Quote(s.Hedge)+" "+err.Error(), "leave the line out for off")
	}
	if err := s.Allow.Validate(path + ".allow"); err != nil {
		errs = append(errs, err)
	}
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	sort.Slice(errs, func(i, j int) bool { return errs[i].Error() < errs[j].Error() })
	return errors.Join(errs...)
}

// Notes reports settings that are valid by themselves but probably not intended
// together.
func (s Settings) Notes(path string) []*setting.Problem {
	var out []*setting.Problem
	delay, _ := hedge.ParseDelay(s.Hedge) // Validate has reported it
	if delay.Percentile > 0 && delay.Percentile < 90 {
		out = append(out, &setting.Problem{Note: true, Path: path + ".hedge",
			Found:       fmt.Sprintf("%d of 100 attempts are slower than %s, and 10 of 100 may be sent twice", 100-delay.Percentile, s.Hedge),
			Consequence: "the budget is spent on attempts that are hardly slow", Fix: "p90 or above"})
	}
	for _, w := range []struct {
		name, longer     string
		value, than      time.Duration
		orSame           bool
		consequence, fix string
	}{
		{"peek.timeout", "deadline", s.Peek.Timeout, s.Deadline, false,
			"the request ends at its deadline, so that an attempt which hangs is never tried again", "make peek.timeout a fraction of deadline"},
		{"max_wait", "deadline", s.MaxWait, s.Deadline, false,
			"a delay that long is never waited for, because the request is over by then", "make max_wait shorter than deadline"},
		{"ping", "idle_timeout", s.Ping, s.IdleTimeout, true,
			"the stream is ended before its client gets a keep-alive", "make ping shorter than idle_timeout"},
		{"hedge", "peek.timeout", delay.Fixed, s.Peek.Timeout, true,
			"an attempt is given up before it would be sent a second time", "make hedge a fraction of peek.timeout"},
	} {
		if w.value > w.than || w.orSame && w.value == w.than {
			out = append(out, &setting.Problem{Note: true, Path: path + "." + w.name,
				Found: fmt.Sprintf("%s is not shorter than %s, which is %s", w.value, w.longer, w.than), Consequence: w.consequence, Fix: w.fix})
		}
	}
	return out
}

// validateReserved checks that heald has statuses left.
func (s *Settings) validateReserved(path string) error {
	const name = "reserved_status"
	for i, status := range s.ReservedStatus {
		if status < 400 || status > 599 {
			return &setting.Problem{Path: fmt.Sprintf("%s.%s[%d]", path, name, i), Found: fmt.Sprintf("%d is no status of an error", status), Fix: "write statuses between 400 and 599"}
		}
	}
	if !dialect.Remains(s.ReservedStatus) {
		return &setting.Problem{Path: path + "." + name, Found: "no status is left for heald's own errors",
			Fix: "leave out one of 500, 429 and 529, for errors that pass, and one of 400, 422 and 403, for all others"}
	}
	return nil
}

// Setters read a setting that is given as text. Their errors go behind the value.

func setInt(field *int, v string) (err error) {
	if *field, err = strconv.Atoi(v); err != nil {
		return errors.New("is not a whole number such as 3")
	}
	return nil
}

func setInts(field *[]int, v string) error {
	*field = nil
	if v == "none" {
		return nil
	}
	words := strings.Fields(v)
	if len(words) == 0 {
		return errors.New("is not a list of whole numbers such as 502 503; none is an empty one")
	}
	for _, word := range words {
		var one int
		if err := setInt(&one, word); err != nil {
			return errors.New("is not a list of whole numbers such as 502 503; none is an empty one")
		}
		*field = append(*field, one)
	}
	return nil
}

func setBool(field *bool, v string) (err error) {
	if *field, err = strconv.ParseBool(v); err != nil {
		return errors.New("is neither true nor false")
	}
	return nil
}

func setDuration(field *time.Duration, v string) (err error) {
	if *field, err = time.ParseDuration(v); err != nil {
		return errors.New("is not a duration such as 15s or 2m")
	}
	return nil
}
