package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"time"

	"github.com/heald-proxy/heald/policies/redact"
)

// Failure says why there is no token.
type Failure struct {
	// Refused says that the provider does not want this credential: asking
	// again soon changes nothing.
	Refused bool
	// Text is for the operator, without any secret or e-mail address.
	Text string

	ahead time.Duration // how far the local clock is ahead of the server's; 0 if unknown
}

func (f *Failure) Error() string { return f.Text }

// clockTolerance is how far the local clock may be off before a failure
// mentions it. Assertions are made 10 s older than they are.
const clockTolerance = 30 * time.Second

// failure classifies an error of a fetch by the server's last answer.
func (a *answer) failure(err error) *Failure {
	var known *Failure
	if errors.As(err, &known) {
		return known
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	f := &Failure{ahead: a.ahead}
	switch ok := a.status >= 200 && a.status < 300; {
	case errors.Is(err, context.DeadlineExceeded):
		f.Text = "no token in time"
		if a.host != "" {
			f.Text = a.host + " did not answer in time"
		}
	case a.status == 0 && a.host != "":
		f.Text = a.host + " cannot be reached: " + clean(rootCause(err))
	case a.status == 0 || ok:
		// Of a local file, or an answer that makes no sense.
		f.Text = clean(local(err))
	default:
		f.Refused = a.status < 500 && a.status != http.StatusTooManyRequests && a.status != http.StatusRequestTimeout
		f.Text = fmt.Sprintf("%s answered %d", a.host, a.status)
		if a.status >= 300 && a.status < 400 {
			f.Text += ", a redirect, which is not followed with a credential"
		}
		if words := wordsOf(a.body); words != "" {
			f.Text += ": " + clean(words)
		}
	}
	if f.Refused && a.ahead.Abs() > clockTolerance {
		side := "ahead of"
		if a.ahead < 0 {
			side = "behind"
		}
		f.Text += fmt.Sprintf("; this machine's clock is %v %s that server's", a.ahead.Abs().Round(time.Second), side)
	}
	return f
}

// rootCause leaves out the URL that net/http puts before an error.
func rootCause(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// local describes an error that came before any call. The path is left out,
// since it may be a pasted credential.
func local(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return "the file of the subject token: " + path.Err.Error()
	}
	return err.Error()
}

// wordsOf returns the provider's text in the body of an error: OAuth's error
// and error_description (RFC 6749, 5.2), or the error of Google's APIs. The
// rest of the body is dropped, since it may repeat what was sent.
func wordsOf(body []byte) string {
	var oauth struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	if json.Unmarshal(body, &oauth) != nil {
		return ""
	}
	var code string
	if json.Unmarshal(oauth.Error, &code) == nil {
		if oauth.Description != "" {
			code += ": " + oauth.Description
		}
		return code
	}
	var api struct {
		Message string `json:"message"`
		Status  string `json:"status"`
	}
	if json.Unmarshal(oauth.Error, &api) != nil || api.Message == "" {
		return ""
	}
	if api.Status != "" {
		return api.Status + ": " + api.Message
	}
	return api.Message
}

// address finds e-mail addresses, those of service accounts too.
var address = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+`)

// textLimit bounds the text of a failure, in bytes.
const textLimit = 300

func clean(text string) string {
	return redact.Bound(address.ReplaceAllString(redact.ForLog(redact.Bound(text, redact.SearchLimit)), "[address]"), textLimit)
}
