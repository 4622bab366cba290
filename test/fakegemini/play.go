package fakegemini

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"time"
)

// stage performs one reply on the wire.
//
// A unary reply gathers its documents, and a scripted one is written whole; of
// any other the headers go out before the first byte, or with a flush.
type stage struct {
	w       http.ResponseWriter
	r       *http.Request
	framing framing
	render  *renderer
	reply   Reply
	coding  string   // of the body; empty: not compressed
	packer  packer   // once open, when compressing
	open    bool     // the headers are out
	docs    []string // unary: chunks so far
	chunks  int      // stream: chunks written
}

// play performs a reply; it returns how the request ended, and the tokens that
// the reply has reported.
func (s *Server) play(w http.ResponseWriter, r *http.Request, j *validator, reply Reply) (ended Ended, told int) {
	q := r.URL.Query()
	st := &stage{w: w, r: r, framing: j.target.framing(q), render: newRenderer(j, reply.usage, intEnums(r.URL.RawQuery)), reply: reply}
	st.coding = reply.packed
	if s.opts.Gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		st.coding = "gzip"
	}
	for _, step := range reply.script(j.cap) {
		if ended := st.do(step); ended != "" {
			return ended, st.render.told
		}
		if r.Context().Err() != nil {
			return EndedClient, st.render.told
		}
	}
	return st.close(), st.render.told
}

// script is the steps with the finish in its place.
func (r Reply) script(c capability) []step {
	steps := append([]step(nil), r.steps...)
	if r.finish == "" {
		return steps
	}
	apart := r.place == placeApart || r.place == placeByModel && c.signs()
	if last := len(steps) - 1; !apart && last >= 0 && steps[last].op == opChunk && steps[last].chunk.document == "" {
		steps[last].chunk.finish = r.finish
		return steps
	}
	last := chunk{parts: []part{{sign: true}}, finish: r.finish}
	if c.output == imageOut { // each of its parts was signed
		last = chunk{emptyContent: true, finish: r.finish}
	}
	return append(steps, step{op: opChunk, chunk: last})
}

// do performs one step; an empty result means go on.
func (s *stage) do(p step) Ended {
	switch p.op {
	case opChunk:
		if !s.pause(s.reply.delay) {
			return EndedClient
		}
		return s.chunk(s.render.render(p.chunk))
	case opVerbatim:
		s.flushDocs()
		return s.write(p.raw)
	case opWhole:
		return s.whole(p)
	case opFlush:
		return s.write(nil)
	case opComment:
		return s.comments(p)
	case opWait:
		return s.wait(p.gate)
	case opDelay:
		if !s.pause(p.delay) {
			return EndedClient
		}
	case opSilence:
		<-s.r.Context().Done()
		return EndedClient
	case opReset:
		return s.reset()
	}
	return ""
}

func (s *stage) wait(gate <-chan struct{}) Ended {
	select {
	case <-gate:
		return ""
	case <-s.r.Context().Done():
		return EndedClient
	}
}

// pause waits; false when the client left.
func (s *stage) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.r.Context().Done():
		return false
	}
}

func (s *stage) comments(p step) Ended {
	for range p.status {
		if !s.pause(p.delay) {
			return EndedClient
		}
		if s.framing != sse {
			continue // nothing can be sent before a document
		}
		if ended := s.write([]byte(": keep-alive\r\n\r\n")); ended != "" {
			return ended
		}
	}
	return ""
}

// chunk frames one document, or keeps it for the fold.
func (s *stage) chunk(document string) Ended {
	s.chunks++
	switch s.framing {
	case unary:
		s.docs = append(s.docs, document)
		return ""
	case array:
		lead := ",\r\n"
		if s.chunks == 1 {
			lead = "["
		}
		return s.write(append([]byte(lead), indentedChunk(document)...))
	}
	b := append([]byte("data: "), spaced(document)...)
	return s.write(append(b, "\r\n\r\n"...))
}

func indentedChunk(document string) []byte {
	return []byte(strings.TrimSuffix(string(indented(document)), "\n"))
}

// write sends bytes and flushes; the first call sends the headers.
func (s *stage) write(b []byte) Ended {
	s.headers()
	var out io.Writer = s.w
	if s.packer != nil {
		out = s.packer
	}
	if _, err := out.Write(b); err != nil {
		return EndedClient
	}
	if s.packer != nil {
		if err := s.packer.Flush(); err != nil {
			return EndedClient
		}
	}
	if err := http.NewResponseController(s.w).Flush(); err != nil {
		return EndedClient
	}
	return ""
}

func (s *stage) headers() {
	if s.open {
		return
	}
	s.open = true
	h := s.w.Header()
	h.Set("Content-Type", "application/json; charset=UTF-8")
	if s.framing == sse {
		h.Set("Content-Type", "text/event-stream")
	}
	h.Set("Vary", "Origin, X-Origin, Referer")
	h.Set("Server", "scaffolding on HTTPServer2")
	if s.coding != "" {
		h.Set("Content-Encoding", s.coding)
		s.packer = packers[s.coding](s.w)
	}
	s.w.WriteHeader(http.StatusOK)
}

// whole answers with a scripted status, headers and body.
func (s *stage) whole(p step) Ended {
	maps.Copy(s.w.Header(), p.header)
	body := p.raw
	if s.framing == array && p.status >= 400 && strings.HasPrefix(string(body), "{") {
		body = []byte("[" + string(body) + "]")
	}
	if s.reply.packed != "" {
		body = Pack(s.reply.packed, body)
		s.w.Header().Set("Content-Encoding", s.reply.packed)
		s.w.Header().Del("Content-Length")
	}
	s.w.WriteHeader(p.status)
	if _, err := s.w.Write(body); err != nil {
		return EndedClient
	}
	return EndedComplete
}

func (s *stage) flushDocs() {
	if len(s.docs) == 0 {
		return
	}
	s.write(indented(fold(s.docs)))
	s.docs = nil
}

// close ends the body cleanly.
func (s *stage) close() Ended {
	s.flushDocs()
	if s.framing == array && s.chunks > 0 {
		s.write([]byte("]\r\n"))
	}
	s.headers()
	if s.packer != nil {
		if err := s.packer.Close(); err != nil {
			return EndedClient
		}
	}
	if s.r.Context().Err() != nil {
		return EndedClient
	}
	return EndedComplete
}

// reset breaks the connection. HTTP/2 connections carry other requests, so
// there only the stream is reset, by the caller's panic.
func (s *stage) reset() Ended {
	if len(s.docs) > 0 {
		whole := indented(fold(s.docs))
		s.write(whole[:len(whole)/2])
	}
	if s.r.ProtoMajor < 2 {
		abort(s.r.Context())
	}
	return EndedReset
}

// abort closes the request's TCP connection with a reset instead of a FIN.
func abort(ctx context.Context) {
	c, ok := ctx.Value(connKey{}).(net.Conn)
	if !ok {
		return
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
