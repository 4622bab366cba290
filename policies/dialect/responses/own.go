package responses

import "github.com/go-json-experiment/json/jsontext"

// own is what the decoder passes to the encoder.
type own struct {
	// calls are the shapes of the client's tools, by the name that the
	// upstream knows.
	calls map[string]shape
	// echo holds the fields of the request that replies repeat, in the order
	// of echoed; nil for those that were absent. They are copies, on one line.
	echo  [len(echoed)]jsontext.Value
	cites bool // the answer may cite pages
}

// shape is what calls of a tool look like to the client.
type shape struct {
	name      string
	namespace string // "" for none
	freeform  bool
	typed     *typedTool // nil unless the tool was declared by its type alone
}

// echoed are the fields of a request that replies repeat, with their values
// where the request has none.
var echoed = [...]struct{ name, absent string }{
	{"instructions", `null`},
	{"max_output_tokens", `null`},
	{"max_tool_calls", `null`},
	{"metadata", `{}`},
	{"parallel_tool_calls", `true`},
	{"prompt_cache_key", `null`},
	{"reasoning", `{"effort":null,"summary":null}`},
	{"safety_identifier", `null`},
	{"temperature", `1.0`},
	{"text", `{"format":{"type":"text"}}`},
	{"tool_choice", `"auto"`},
	{"tools", `[]`},
	{"top_logprobs", `0`},
	{"top_p", `1.0`},
	{"truncation", `"disabled"`},
	{"user", `null`},
}

// keep notes a field of the request if replies repeat it. It is compacted to
// one line, for streams.
func (o *own) keep(name []byte, v jsontext.Value) {
	for i := range echoed {
		if echoed[i].name != string(name) || v.Kind() == 'n' {
			continue
		}
		v = v.Clone()
		if v.Compact(jsontext.AllowDuplicateNames(true)) == nil { // it was read before, so it is valid
			o.echo[i] = v
		}
	}
}

// appendEcho writes the repeated fields as members, each after a comma.
func (o *own) appendEcho(dst []byte) []byte {
	for i, f := range echoed {
		dst = append(append(append(dst, `,"`...), f.name...), `":`...)
		if o.echo[i] == nil {
			dst = append(dst, f.absent...)
			continue
		}
		dst = append(dst, o.echo[i]...)
	}
	return dst
}
