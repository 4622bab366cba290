package native

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// documentEncoder folds the frames of an answer into the document that the
// unary method would have given. Except for texts, it consists of the
// upstream's bytes.
type documentEncoder struct {
	scan       scan
	fields     fields // the response's, candidates aside
	candidates []*candidate
	indexed    map[string]*candidate
}

// field is a member that is kept; its bytes are copies.
type field struct {
	name  string
	value []byte
	more  [][]byte // pieces that are joined to value
}

// Headers implements dialect.Encoder.
func (e *documentEncoder) Headers() policies.Headers {
	return policies.Headers{{Name: "content-type", Value: jsonType}}
}

// EncodeFrame folds a frame in; nothing is written before the end.
func (e *documentEncoder) EncodeFrame(dst, frame []byte) []byte {
	eachResponse(frame, e.add)
	return dst
}

// Features implements dialect.Encoder.
func (e *documentEncoder) Features() dialect.EncoderFeatures {
	return dialect.EncoderFeatures{EncodeFrame: e.EncodeFrame}
}

// Encode writes the document, or the error that it became.
func (e *documentEncoder) Encode(dst []byte, ev conversation.Event) []byte {
	switch {
	case ev.Kind == conversation.EventFailure && ev.Err != nil:
		return appendError(dst, ev.Err)
	case ev.Kind == conversation.EventFinish:
		return e.append(dst)
	}
	return dst
}

// Ping implements dialect.Encoder: a document has no room for one.
func (e *documentEncoder) Ping(dst []byte) []byte { return dst }

// add folds a response in. It was decoded before, so it is valid.
func (e *documentEncoder) add(response []byte) {
	s := &e.scan
	s.reset(response)
	_ = s.object(func(name []byte) error {
		if string(name) == "candidates" {
			return s.array(func() error { return e.candidate(s) })
		}
		key := string(name)
		v, err := s.value()
		if err == nil {
			e.fields.follow(key, v)
		}
		return err
	})
}

// candidate folds a candidate in. Those of one index are merged; many answers
// lack the index, and it may follow the content.
func (e *documentEncoder) candidate(s *scan) error {
	var index string
	var list []field
	var content jsontext.Value
	err := s.object(func(name []byte) error {
		key := string(name)
		v, err := s.value()
		switch {
		case err != nil:
			return err
		case key == "content":
			content = v
		case key == "index":
			index = string(v)
			fallthrough
		default:
			list = append(list, field{name: key, value: v})
		}
		return nil
	})
	if err != nil {
		return err
	}
	c := e.at(index)
	for _, f := range list {
		c.fields.follow(f.name, f.value)
	}
	c.content(content)
	return nil
}

// at returns the candidate with an index; none and null are 0.
func (e *documentEncoder) at(index string) *candidate {
	if index == "" || index == "null" {
		index = "0"
	}
	c := e.indexed[index]
	if c == nil {
		if e.indexed == nil {
			e.indexed = map[string]*candidate{}
		}
		c = &candidate{}
		e.indexed[index] = c
		e.candidates = append(e.candidates, c)
	}
	return c
}

func (e *documentEncoder) append(dst []byte) []byte {
	o := open(dst)
	if len(e.candidates) > 0 {
		o.dst = append(o.key("candidates"), '[')
		for i, c := range e.candidates {
			if i > 0 {
				o.dst = append(o.dst, ',')
			}
			o.dst = c.append(o.dst)
		}
		o.dst = append(o.dst, ']')
	}
	o.fields(e.fields.list)
	return o.close()
}

// fields are members that are kept, in the order in which they came first.
type fields struct {
	list []field
	at   places
}

// follow replaces the value of a member by the next one. Values that come in
// pieces are joined, and empty ones are ignored.
func (l *fields) follow(name string, value jsontext.Value) {
	i, known := l.at.of(name)
	if !known {
		l.list = append(l.list, field{name: name, value: bytes.Clone(value)})
		return
	}
	f := &l.list[i]
	switch {
	case name == "citationMetadata", name == "logprobsResult":
		f.more = append(f.more, bytes.Clone(value))
	case value.Kind() == 'n', bytes.Equal(value, []byte("{}")),
		(name == "usageMetadata" || name == "usage_metadata") && counts(f.value) && !counts(value):
	default:
		f.value = append(f.value[:0], value...)
	}
}

// places number names in the order in which they come first.
type places map[string]int

// of returns the number of a name, and whether it came before.
func (p *places) of(name string) (i int, known bool) {
	if i, known = (*p)[name]; known {
		return i, true
	}
	if *p == nil {
		*p = places{}
	}
	i = len(*p)
	(*p)[name] = i
	return i, false
}

// counts reports whether a usageMetadata has token counts: Vertex AI also sends
// some with only the traffic type.
func counts(usage []byte) bool {
	return bytes.Contains(usage, []byte("TokenCount")) || bytes.Contains(usage, []byte("_token_count"))
}
