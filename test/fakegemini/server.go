package fakegemini

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Options configure a Server. The zero value is the strictest.
type Options struct {
	// Keys that are valid, as API keys and as bearer tokens. Empty: any that is not empty.
	Keys []string
	// Models known beside the built-in table; they behave as the newest model.
	Models []string
	// Limits are the input and output tokens of models, where they are not those
	// of the built-in table.
	Limits map[string][2]int
	// Tolerate lists rules that only leave a mark on the recorded request.
	Tolerate []Rule
	// Refuse lists rules that are marks by default but shall refuse.
	Refuse []Rule
	// PresenceOnly asks only that a signature is there, not that it was issued
	// here: for recorded histories.
	PresenceOnly bool
	// RefusePlaceholder takes the documented placeholders for invalid, as some
	// reports have it of Vertex AI.
	RefusePlaceholder bool
	// RefuseLogprobs takes response_logprobs for not enabled.
	RefuseLogprobs bool
	// OneInstance: predict takes one instance, as Vertex AI had it at first for
	// gemini-embedding-001.
	OneInstance bool
	// VertexWithoutIDs makes Vertex an older endpoint, whose calls and answers
	// have no ids: the field is an unknown name.
	VertexWithoutIDs bool
	// SignatureKey keys thought signatures; servers with one key accept each
	// other's. Empty: a fixed key.
	SignatureKey []byte
	// Faults may answer what no script answers: request n, counted from 0, of
	// those that would get to the auto model. It is called from many goroutines.
	Faults func(n int) (Reply, bool)
	// Quotas are what keys are granted; those that are in none have no limits.
	Quotas []Quota
	// Pace is how long the auto model takes for each chunk.
	Pace time.Duration
	// TLS, if set, is spoken instead of plain text, with HTTP/2 where the client
	// offers it. URL does not have it: its host is not in the certificate.
	TLS *tls.Config
	// Gzip compresses replies for clients that accept it, as Google does.
	Gzip bool
}

// Server is a running fake. Its methods may be called from any goroutine.
type Server struct {
	opts    Options
	signer  signer
	records recorder
	scripts queue
	gates   gates
	quotas  *quotas
	http    *http.Server
	addr    net.Addr
	stop    context.CancelFunc
	served  chan error
	unasked atomic.Int64 // requests that no script has answered
}

// Listen runs a server on address. It speaks HTTP/1.1 and cleartext HTTP/2 with
// prior knowledge. The caller must Close it.
func Listen(address string, opts Options) (*Server, error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if len(opts.SignatureKey) == 0 {
		opts.SignatureKey = defaultSignatureKey
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{opts: opts, signer: signer{opts.SignatureKey}, quotas: newQuotas(opts.Quotas), addr: ln.Addr(), stop: stop, served: make(chan error, 1)}
	s.records.changed = make(chan struct{})
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	protocols.SetHTTP2(true)
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		Protocols:         &protocols,
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withConn,
		TLSConfig:         opts.TLS.Clone(), // the server writes to it, and several servers may share one
	}
	go func() { // ends with Close, which waits for it
		if opts.TLS != nil {
			s.served <- s.http.ServeTLS(ln, "", "")
			return
		}
		s.served <- s.http.Serve(ln)
	}()
	return s, nil
}

// Close drops all connections and waits for every request to end.
func (s *Server) Close() error {
	s.stop()
	err := s.http.Close()
	if serr := <-s.served; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	s.records.drain()
	return err
}

// URL is the base address, without a trailing slash.
func (s *Server) URL() string { return "http://" + s.addr.String() }

// Addr is host and port.
func (s *Server) Addr() string { return s.addr.String() }

// serve handles one request to its end, however it ends.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if isControl(r.URL.Path) {
		s.control(w, r)
		return
	}
	h := s.records.begin(r)
	ended := EndedBroken
	defer func() { s.records.end(h, ended) }()
	ended = s.answer(w, r, h)
	if ended == EndedReset || ended == EndedClient {
		// net/http would complete the reply; this makes it close an HTTP/1
		// connection as it is, and reset an HTTP/2 stream.
		panic(http.ErrAbortHandler)
	}
}

// answer walks the steps of doc.go.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, h *handle) Ended {
	t, ok := parseTarget(r)
	if !ok {
		s.records.reject(h, "no such route: "+r.Method+" "+r.URL.Path)
		writeNotFound(w)
		return EndedComplete
	}
	refuse := func(e *apiError) Ended {
		s.records.reject(h, e.Message)
		writeError(w, *e, t.framing(r.URL.Query()) == array)
		return EndedComplete
	}
	key, fail := s.credential(r, t)
	s.records.update(h, func(rec *Request) { rec.Key, rec.Model = key, t.model })
	if fail != nil {
		return refuse(fail)
	}
	if t.method == list || t.method == getModel {
		return s.listing(w, r, t, refuse)
	}
	raw, fail := readBody(r)
	s.records.update(h, func(rec *Request) { rec.Body = raw })
	if fail != nil {
		return refuse(fail)
	}
	j, marks, fail := s.examine(t, raw)
	s.records.update(h, func(rec *Request) { rec.Marks = marks })
	if fail != nil {
		return refuse(fail)
	}
	if t.method != count {
		release, fail := s.quotas.take(key, t.model, estimateTokens(j.body), time.Now())
		if fail != nil {
			return refuse(fail)
		}
		defer release()
	}
	reply := StopWithoutParts()
	if !j.lost || t.method == count {
		reply = s.next(j, key, r.URL.Path)
	}
	s.records.update(h, func(rec *Request) { rec.Reply = reply.name })
	ended, told := s.play(w, r, j, reply)
	s.records.update(h, func(rec *Request) { rec.Tokens = told })
	return ended
}

// next is the scripted reply that is due, or the fake's own.
func (s *Server) next(j *validator, key, path string) Reply {
	reply, scripted := s.scripts.next(key, path)
	switch {
	case scripted:
		return reply
	case j.target.method == count:
		return countReply(j)
	case j.target.embeds():
		return embedReply(j)
	}
	return s.unscripted(j)
}

// unscripted answers as the auto model does, or as Faults has it.
func (s *Server) unscripted(j *validator) Reply {
	n := int(s.unasked.Add(1) - 1)
	if s.opts.Faults != nil {
		if fault, ok := s.opts.Faults(n); ok {
			return fault
		}
	}
	return autoReply(j).Slow(s.opts.Pace)
}

// examine parses and validates a body.
func (s *Server) examine(t target, raw []byte) (*validator, []string, *apiError) {
	c, ok := capabilityOf(t.model, s.opts.Models)
	if !ok || !c.does(t) {
		e := modelNotFound(t)
		return nil, nil, &e
	}
	n, err := parseNode(raw)
	if err != nil {
		e := newError(400, err.Error())
		return nil, nil, &e
	}
	name := "GenerateContentRequest"
	if named := requestNames[t.method]; named != "" {
		name = named
	}
	table := tables()[dialect{t.vertex, t.vertex && !s.opts.VertexWithoutIDs}]
	if v := checkMessage(table, t.namespace(), name, n); len(v) > 0 {
		e := schemaError(v)
		return nil, nil, &e
	}
	j := &validator{opts: &s.opts, signer: &s.signer, target: t, cap: c, body: n}
	if t.embeds() {
		return j, nil, j.embedding()
	}
	if t.method == count {
		if n, err = countBody(t, n); err != nil {
			e := newError(400, err.Error())
			return nil, nil, &e
		}
	}
	j.body = n
	fail, marks := j.verdict()
	return j, marks, fail
}

// modelNotFound is the 404 of a model or method that does not exist.
func modelNotFound(t target) apiError {
	if t.vertex {
		name := "publishers/google/models/" + t.model
		if t.project != "" {
			name = "projects/" + t.project + "/locations/" + t.location + "/" + name
		}
		return newError(404, "Publisher Model `"+name+"` was not found or your project does not have access to it. Please ensure you are using a valid model version. For more information, see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions")
	}
	what := string(t.method)
	if t.method == stream {
		what = string(generate) // as recorded
	}
	return newError(404, "models/"+t.model+" is not found for API version "+t.version+", or is not supported for "+what+". Call ModelService.ListModels to see the list of available models and their supported methods.")
}

// connKey finds the connection of a request, to reset it.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}
