package gemini

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxDelay is the longest stated delay that is believed. A longer one is a Unix
// time or a mistake and is ignored: one number must not keep an account out for
// weeks.
const maxDelay = 24 * time.Hour

// believed returns a stated delay, or 0 for one that is not believed.
func believed(d time.Duration) time.Duration {
	if d < 0 || d > maxDelay {
		return 0
	}
	return d
}

// RetryDelay returns how long the server asks to wait, or 0 if it does not say,
// and whether nothing but the text of an error says so. The Retry-After header
// wins over the body; see Status.RetryDelay. st may be nil.
func RetryDelay(header string, st *Status, now time.Time) (d time.Duration, inText bool) {
	if d, ok := parseRetryAfter(header, now); ok {
		return d, false
	}
	if st == nil {
		return 0, false
	}
	return st.RetryDelay, st.DelayInText
}

// parseRetryAfter reads a Retry-After header: seconds or a date (RFC 9110,
// section 10.2.3). A date that has passed is no delay.
func parseRetryAfter(header string, now time.Time) (time.Duration, bool) {
	header = strings.TrimSpace(header)
	if d, ok := parseDelay(header); ok {
		return d, true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	d := believed(at.Sub(now))
	return d, d > 0
}

// settleDelay sets RetryDelay to the first delay found: RetryInfo, the quota's
// reset in the metadata, error.retry_after, the text.
func (r *statusReader) settleDelay() {
	r.st.RetryDelay = r.retryInfo
	if r.st.RetryDelay == 0 {
		r.st.RetryDelay, _ = parseDelay(r.st.Metadata["quotaResetDelay"])
	}
	if r.st.RetryDelay == 0 {
		r.st.RetryDelay = r.retryAfter
	}
	if r.st.RetryDelay == 0 {
		r.st.RetryDelay = textDelay(WithoutClientText(r.st.Message))
		r.st.DelayInText = r.st.RetryDelay > 0
	}
}

// retryText finds the delay in "Please retry in 47.434392449s.", "Please try
// again in 12.3s", "Please retry after 30 seconds", "Your quota will reset
// after 1h2m3s."
var retryText = regexp.MustCompile(
	`(?i)(?:retry|try again|reset)\s+(?:in|after)\s+([0-9.]+ ?seconds?\b|[0-9.]+ ?minutes?\b|[0-9][0-9.hms]*)`)

func textDelay(message string) time.Duration {
	m := retryText.FindStringSubmatch(message)
	if m == nil {
		return 0
	}
	text := strings.ToLower(strings.ReplaceAll(m[1], " ", ""))
	for _, unit := range []string{"minute", "second"} {
		if before, _, ok := strings.Cut(text, unit); ok {
			text = before + unit[:1]
		}
	}
	d, _ := parseDelay(strings.TrimRight(text, "."))
	return d
}

// delayGrammar is 1h2m3.5s, 850ms, or bare seconds. Signs and the finer units
// of Go's durations are no delays.
var delayGrammar = regexp.MustCompile(`^(?:[0-9]+(?:\.[0-9]*)?(?:h|ms|m|s))+$`)

// parseDelay reads a delay above 0.
func parseDelay(text string) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if len(text) > 64 {
		return 0, false
	}
	if strings.Trim(text, "0123456789.") == "" {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n > maxDelay.Seconds() {
			return 0, false
		}
		d := believed(time.Duration(n * float64(time.Second)))
		return d, d > 0
	}
	if !delayGrammar.MatchString(text) {
		return 0, false
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, false // the grammar holds, so it is out of range
	}
	d = believed(d)
	return d, d > 0
}

// duration reads a delay as proto3 JSON prints it ("3.5s"), as a number of
// seconds, or as an object of seconds and nanos.
func (w *walker) duration(dst *time.Duration) error {
	if w.kind() != '{' {
		var text string
		err := w.scalar(&text)
		if d, ok := parseDelay(text); ok {
			*dst = d
		}
		return err
	}
	var seconds, nanos int
	err := w.object(func(name []byte) error {
		switch string(name) {
		case "seconds":
			return w.int(&seconds)
		case "nanos":
			return w.int(&nanos)
		}
		return w.skip()
	})
	if d := believed(time.Duration(seconds)*time.Second + time.Duration(nanos)); d > 0 {
		*dst = d
	}
	return err
}
