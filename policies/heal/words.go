package heal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/redact"
)

// text is the innermost message of the upstream's error.
func (s *Seen) text() string {
	if s.Error == nil {
		return ""
	}
	return s.Error.Message
}

// cause is the error for the log and the records: of the provider's words only
// what cannot be the client's.
func (s *Seen) cause() error {
	switch {
	case s.Error != nil && s.Error.Message != "":
		return fmt.Errorf("upstream status %d%s: %s", s.Status, s.pointer(), redact.ForLog(s.Error.RecordText()))
	case s.Details != "" && s.Proxy != "":
		return errors.New("envoy, through the proxy " + s.Proxy + ": " + s.Details)
	case s.Details != "":
		return errors.New("envoy: " + s.Details)
	case s.Peek == ReasonPeekTimeout: // perhaps not even headers came
		return errors.New("upstream sent no answer in time: " + s.Peek)
	case s.Peek != "":
		return errors.New("upstream status 200 without an answer: " + s.Peek)
	default:
		return fmt.Errorf("upstream status %d%s", s.Status, s.pointer())
	}
}

// pointer says where a redirect points.
func (s *Seen) pointer() string {
	if s.Location == "" {
		return ""
	}
	return ", redirects to " + redact.ForLog(s.Location)
}

// textLimit bounds how many bytes of an error's text are searched: a hostile
// upstream may send megabytes. What is shown of it ends at redact.Limit; the
// difference ensures that no credential is cut in two there.
const textLimit = 8 * redact.Limit

func head(text string) string { return text[:min(len(text), textLimit)] }

// client makes the error that the client gets if the verdict is the end.
func (r *row) client(s *Seen) conversation.Error {
	out := conversation.Error{Kind: r.kind, Message: clientText(r, s)}
	if s.Delay > 0 && isTemporary(r.kind) {
		out.RetryAfter = int((s.Delay + time.Second - 1) / time.Second)
	}
	switch r.kind {
	case conversation.ErrRateLimit, conversation.ErrQuota:
		out.Rates = s.rates()
	}
	switch r.kind {
	case conversation.ErrQuota:
		out.NoRetry = true
	case conversation.ErrContext:
		if m := tokenCounts.FindStringSubmatch(s.words); m != nil {
			out.Used, _ = strconv.Atoi(m[1])
			out.Limit, _ = strconv.Atoi(m[2])
		}
	case conversation.ErrInvalid:
		if s.Error != nil && s.Error.HTTP() == s.Status {
			out.Name = s.Error.Name()
		}
		if s.Error != nil && len(s.Error.Violations) > 0 {
			out.Param = s.Error.Violations[0].Field
		}
	}
	return out
}

// isTemporary reports whether an error may be gone when the client comes back.
func isTemporary(kind conversation.ErrorKind) bool {
	switch kind {
	case conversation.ErrRateLimit, conversation.ErrQuota, conversation.ErrOverloaded, conversation.ErrTimeout, conversation.ErrAPI:
		return true
	}
	return false
}

// clientText is the upstream's text if it helps the client, and heald's own if
// upstream wrote about heald's credentials or sent no text.
func clientText(r *row, s *Seen) string {
	if s.Peek != "" && s.Error == nil {
		return peekTexts[s.Peek]
	}
	switch r.reason {
	case ReasonBadKey, ReasonForbidden:
		return "the gateway's credential for the model backend was refused; see the gateway's log"
	case ReasonUnpaid:
		return "the gateway's account at the model backend has no credit or no quota; see the gateway's log"
	case ReasonBodyTooLarge:
		return "the request body is larger than the gateway or the model backend accepts"
	case ReasonNoCluster:
		return "the gateway has no Envoy cluster for the chosen backend"
	case ReasonEnvoyTimeout:
		return "the model backend did not answer in time"
	case ReasonProxy:
		return proxyText(s)
	case ReasonConnect, ReasonStale:
		if s.Proxy != "" {
			return "the model backend could not be reached through the gateway's proxy"
		}
		return "the model backend could not be reached"
	}
	if t := s.text(); t != "" {
		return redact.ForClient(head(t + s.particulars()))
	}
	return fmt.Sprintf("the model backend answered with status %d", s.Status)
}

// mostParticulars bounds how many are added to an error's text.
const mostParticulars = 5

// particulars are the fields and quotas of an error that its text does not
// name.
func (s *Seen) particulars() string {
	var b strings.Builder
	n := 0
	add := func(name string, texts ...string) {
		if name == "" || n == mostParticulars || strings.Contains(s.Error.Message, name) {
			return
		}
		n++
		b.WriteString(strings.Join(texts, ""))
	}
	for _, v := range s.Error.Violations {
		add(v.Field, "; ", v.Field, ": ", v.Description)
	}
	for _, q := range s.Error.Quotas {
		if q.Value == "" {
			add(q.Metric, "; quota ", q.Metric)
		} else {
			add(q.Metric, "; quota ", q.Metric, ", limit ", q.Value)
		}
	}
	return b.String()
}

var peekTexts = map[string]string{
	ReasonSignature:     "the model backend refused the conversation for a missing thought signature",
	ReasonPeekTimeout:   "the model backend sent no answer in time",
	ReasonPeekEOF:       "the model backend ended the reply before any content",
	ReasonPeekNoContent: "the model backend finished without an answer",
	ReasonPeekThoughts:  "the model thought, and finished without an answer",
	ReasonPeekTooLong:   "the model backend sent a piece of the answer that is longer than the gateway takes",
	ReasonPeekMalformed: "the model made a malformed tool call",
	ReasonPeekGarbage:   "the model backend sent something that is no answer",
	ReasonPeekTruncated: "the model backend ended the reply without finishing it",
}
