package translate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/route"
)

// Options say what to translate and how.
type Options struct {
	Dialect string // claude, chat, responses, completions, embeddings, images or gemini; "" guesses
	Path    string // the client's path, in place of Dialect
	Model   string // the upstream's; "" follows the client's by the default aliases
	Backend route.Backend
	Strict  bool

	// Reply says that the input is a reply of the upstream to Request.
	Reply   bool
	Request []byte // nil: a request that asks for everything
	Status  int    // of the reply; 0: found from its body
	// Stream says whether the client wants a stream; nil: as the request says,
	// or without a request as the reply came.
	Stream *bool

	Raw bool // do not indent bodies
}

// ErrRefused says that the client gets an error, which was written.
var ErrRefused = errors.New("the client gets an error")

// Run translates input. The result is written to out, and notes about it to
// notes.
func Run(ctx context.Context, input []byte, o Options, out, notes io.Writer) error {
	req, err := o.request(input, notes)
	if err != nil {
		return err
	}
	t, err := exchange.NewTranslator(exchange.TranslatorConfig{
		Backend: o.Backend, Model: o.Model, Settings: route.Settings{Strict: o.Strict},
	})
	if err != nil {
		return err
	}
	tr := t.Request(ctx, req.head(), req.body)
	if tr.Model() != "" {
		fmt.Fprintln(notes, "model:", policies.Clean(tr.Model()))
	}
	warnings, more := tr.Warnings()
	for _, w := range warnings {
		fmt.Fprintf(notes, "warning: %s: %s\n", w.Field, w.Why)
	}
	if more > 0 {
		fmt.Fprintf(notes, "warning: and %d more\n", more)
	}
	switch {
	case tr.Reply != nil:
		return o.write(out, notes, exchange.Answered{
			Status: tr.Reply.Status, Headers: tr.Reply.Headers, Body: tr.Reply.Body,
			Verdict: tr.Reply.Verdict, Reason: tr.Reply.Reason,
		})
	case o.Reply:
		return o.answer(tr, input, out, notes)
	}
	fmt.Fprintf(out, "POST %s\n\n", tr.Forward.Path)
	return o.body(out, tr.Forward.Body)
}

// request is the client's request, given or made up.
func (o *Options) request(input []byte, notes io.Writer) (request, error) {
	body := input
	if o.Reply {
		body = o.Request
	}
	dialect, stream := o.Dialect, o.Stream
	switch {
	case dialect == "" && o.Path == "" && body == nil:
		dialect = "claude"
		fmt.Fprintln(notes, "dialect: claude, as no request was given (--request or --dialect)")
	case dialect == "" && o.Path == "":
		var why string
		var err error
		if dialect, why, err = guess(body); err != nil {
			return request{}, err
		}
		fmt.Fprintf(notes, "dialect: %s, guessed: the request %s\n", dialect, why)
	}
	if body == nil {
		if dialect == "" {
			return request{}, errors.New("a reply needs --request FILE or --dialect, not --path alone")
		}
		sample, ok := samples[dialect]
		if !ok {
			return request{}, fmt.Errorf("dialect %q is none of claude, chat, responses, completions, embeddings, images and gemini", dialect)
		}
		body = []byte(sample)
		if dialect != "gemini" {
			body = fmt.Appendf(nil, sample, placeholder)
		}
		if stream == nil {
			as := isStream(input)
			stream = &as
		}
	}
	return newRequest(dialect, o.Path, o.Model, body, stream)
}

// answer translates the upstream's reply.
func (o *Options) answer(tr *exchange.Translation, reply []byte, out, notes io.Writer) error {
	status, kind := o.Status, "application/json"
	if status == 0 {
		status = statusOf(reply)
	}
	if isStream(reply) {
		kind = "text/event-stream"
	}
	return o.write(out, notes, tr.Answer(status, policies.Headers{{Name: "content-type", Value: kind}}, reply, 0))
}

// write writes what the client gets.
func (o *Options) write(out, notes io.Writer, got exchange.Answered) error {
	fmt.Fprintf(notes, "verdict: %s (%s)\n", got.Verdict, got.Reason)
	if got.Verdict.Again() {
		fmt.Fprintln(notes, "the gateway would make another attempt; this is what the client gets after the last one")
	}
	fmt.Fprintf(out, "%d %s\n\n", got.Status, got.Headers.Get("content-type"))
	if err := o.body(out, got.Body); err != nil {
		return err
	}
	if got.Verdict != policies.Pass {
		return ErrRefused
	}
	return nil
}

// body writes a body, indented if it is JSON.
func (o *Options) body(w io.Writer, body []byte) error {
	if v := jsontext.Value(body).Clone(); !o.Raw && v.Indent(lenient, jsontext.WithIndent("  ")) == nil {
		body = v
	}
	if _, err := w.Write(body); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if n := len(body); n == 0 || body[n-1] != '\n' {
		_, err := io.WriteString(w, "\n")
		return err
	}
	return nil
}

// ParseTarget reads ai_studio or vertex[,project=…,location=…,version=…].
func ParseTarget(s string) (route.Backend, error) {
	if kind, _, _ := strings.Cut(s, ","); kind == string(route.Vertex) && !strings.Contains(s, "project=") {
		s += ",project=project" // only the path has it
	}
	b, err := route.ParseBackend("target=" + s)
	if err != nil {
		return b, fmt.Errorf("want ai_studio or vertex[,project=…,location=…]: %w", err)
	}
	return b, nil
}
