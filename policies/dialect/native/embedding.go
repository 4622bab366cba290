package native

import (
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// The methods for embeddings. The first is that of both services; of the others
// AI Studio's clients use the second, Vertex AI's the third for most models.
const (
	embedContent       = "embedContent"
	batchEmbedContents = "batchEmbedContents"
	predict            = "predict"
)

// embedding reads one request for embeddings. What it does not know is left out
// with a warning.
type embedding struct {
	jsonwalk.Walker
	want *conversation.Embedding
}

// decodeEmbedding reads the body of any of the three methods.
func decodeEmbedding(route dialect.Route, body []byte) (*conversation.Request, error) {
	return jsonwalk.DecodeSanitized(body, func(body []byte) (*conversation.Request, error) {
		want := &conversation.Embedding{Each: "content"}
		e := &embedding{want: want, Walker: jsonwalk.Walker{Brackets: true, Gone: route.Gone,
			Req: &conversation.Request{Model: route.Model, Embedding: want, Own: own{method: route.Method}}}}
		var err error
		switch route.Method {
		case embedContent:
			want.Inputs = make([]conversation.EmbeddingInput, 1)
			err = e.Body(body, e.each(func(name string, v jsontext.Value) error { return e.field(&want.Inputs[0], name, v) }))
		case batchEmbedContents:
			want.List = "requests"
			err = e.Body(body, e.each(e.batch))
		default:
			want.List = "instances"
			err = e.predict(body)
		}
		if err != nil {
			return nil, err
		}
		return e.Req, e.complete()
	})
}

// complete refuses a request without anything to embed.
func (e *embedding) complete() error {
	if len(e.want.Inputs) == 0 {
		return e.Invalid(e.want.List, "there is nothing to embed; send at least one element")
	}
	for i := range e.want.Inputs {
		if at := e.want.Place(i); len(e.want.Inputs[i].Parts) == 0 {
			return &conversation.Error{Kind: conversation.ErrInvalid, Param: at, Message: at + ": there is nothing to embed; send a text"}
		}
	}
	return nil
}

// each reads the members of a body, by their names in camelCase, null as absent.
func (e *embedding) each(f func(name string, v jsontext.Value) error) func(*jsonwalk.Reader, []byte) error {
	return func(r *jsonwalk.Reader, name []byte) error {
		v, err := r.Value()
		if err != nil || v.Kind() == 'n' {
			return err
		}
		return f(camel(canonical(name)), v)
	}
}

// object reads the members of a value in the same way.
func (e *embedding) object(v jsontext.Value, f func(name string, v jsontext.Value) error) error {
	if v.Kind() != '{' {
		return e.Invalid("", "an object belongs here")
	}
	var r jsonwalk.Reader
	r.Reset(v)
	return r.Object(func(name []byte) error { return e.each(f)(&r, name) })
}

// list reads the elements of a list of inputs.
func (e *embedding) list(name string, v jsontext.Value, f func(in *conversation.EmbeddingInput, v jsontext.Value) error) error {
	return e.Within(name, func() error {
		return e.List(v, func(i int, v jsontext.Value) error {
			if i == conversation.MaxInputs {
				return jsonwalk.TooMany(name, conversation.MaxInputs, "inputs")
			}
			e.want.Inputs = append(e.want.Inputs, conversation.EmbeddingInput{})
			return f(&e.want.Inputs[i], v)
		})
	})
}

// batch reads a member of a BatchEmbedContentsRequest.
func (e *embedding) batch(name string, v jsontext.Value) error {
	switch name {
	case "model": // that of the path
	case "requests":
		e.want.Inputs = nil
		return e.list(name, v, func(in *conversation.EmbeddingInput, v jsontext.Value) error {
			return e.object(v, func(name string, v jsontext.Value) error { return e.field(in, name, v) })
		})
	default:
		e.unknown(name)
	}
	return nil
}

// field reads a member of an EmbedContentRequest.
func (e *embedding) field(in *conversation.EmbeddingInput, name string, v jsontext.Value) error {
	switch name {
	case "model": // that of the path
		return nil
	case "content":
		return e.Within(name, func() error { return e.content(in, v) })
	case "embedContentConfig":
		return e.Within(name, func() error {
			return e.object(v, func(name string, v jsontext.Value) error { return e.setting(in, name, v) })
		})
	}
	return e.setting(in, name, v)
}

// setting reads how an input is embedded.
func (e *embedding) setting(in *conversation.EmbeddingInput, name string, v jsontext.Value) (err error) {
	switch name {
	case "taskType":
		in.Task, err = e.Text(name, v)
	case "title":
		in.Title, err = e.Text(name, v)
	case "outputDimensionality":
		var n int
		n, err = e.Count(name, v)
		in.Dimensions = &n
	case "autoTruncate":
		var cut bool
		cut, err = e.Flag(name, v)
		in.Truncate = &cut
	default:
		e.unknown(name)
	}
	return err
}

// content reads a Content.
func (e *embedding) content(in *conversation.EmbeddingInput, v jsontext.Value) error {
	in.Parts = nil
	return e.object(v, func(name string, v jsontext.Value) error {
		switch name {
		case "role": // vectors have no speaker
		case "parts":
			return e.Within(name, func() error {
				return e.List(v, func(_ int, v jsontext.Value) error { return e.part(in, v) })
			})
		default:
			e.unknown(name)
		}
		return nil
	})
}

// part reads a Part: a text, or media.
func (e *embedding) part(in *conversation.EmbeddingInput, v jsontext.Value) error {
	return e.object(v, func(name string, v jsontext.Value) error {
		switch name {
		case "text":
			text, err := e.Text(name, v)
			if err == nil && !text.Empty() {
				in.Parts = append(in.Parts, conversation.Part{Kind: conversation.KindText, Text: text})
			}
			return err
		case "inlineData", "fileData":
			return e.Within(name, func() error { return e.media(in, v) })
		}
		return e.Unsupported(name, "texts and media have embeddings")
	})
}

func (e *embedding) media(in *conversation.EmbeddingInput, v jsontext.Value) error {
	m := &conversation.Media{}
	err := e.object(v, func(name string, v jsontext.Value) error {
		text, err := e.Text(name, v)
		switch name {
		case "mimeType":
			m.MIME = text.String()
		case "data":
			m.Data = text
		case "fileUri":
			m.URI = text.String()
		}
		return err
	})
	in.Parts = append(in.Parts, conversation.Part{Kind: conversation.KindMedia, Media: m, At: conversation.Place{Root: e.Where(""), Item: -1, Index: -1}})
	return err
}

// predict reads a PredictRequest.
func (e *embedding) predict(body []byte) error {
	var shared conversation.EmbeddingInput
	err := e.Body(body, e.each(func(name string, v jsontext.Value) error {
		switch name {
		case "instances":
			e.want.Inputs = nil
			return e.list(name, v, func(in *conversation.EmbeddingInput, v jsontext.Value) error {
				return e.object(v, func(name string, v jsontext.Value) error { return e.instance(in, name, v) })
			})
		case "parameters":
			return e.Within(name, func() error {
				return e.object(v, func(name string, v jsontext.Value) error { return e.setting(&shared, name, v) })
			})
		}
		e.unknown(name)
		return nil
	}))
	for i := range e.want.Inputs {
		e.want.Inputs[i].Dimensions, e.want.Inputs[i].Truncate = shared.Dimensions, shared.Truncate
	}
	return err
}

// instance reads a member of an instance.
func (e *embedding) instance(in *conversation.EmbeddingInput, name string, v jsontext.Value) error {
	if name != "content" {
		return e.setting(in, name, v)
	}
	text, err := e.Text(name, v)
	if err == nil && !text.Empty() {
		in.Parts = []conversation.Part{{Kind: conversation.KindText, Text: text}}
	}
	return err
}

func (e *embedding) unknown(name string) { e.Warn(name, "unknown field, left out") }

// Embeddings is the feature of dialect.Features, in the shape of the client's method.
func (d *Dialect) Embeddings(req *conversation.Request, e *conversation.Embeddings) []byte {
	note, _ := req.Own.(own)
	var dst []byte
	switch note.method {
	case embedContent:
		dst = append(appendVector([]byte(`{"embedding":`), e.Vectors[0].Values), '}')
		if e.Vectors[0].Truncated {
			dst = append(dst, `,"truncated":true`...)
		}
	case batchEmbedContents:
		dst = append(appendVectors([]byte(`{"embeddings":[`), e, ""), ']')
	default:
		return append(appendVectors([]byte(`{"predictions":[`), e, `{"embeddings":`), `]}`...)
	}
	if !e.Estimated {
		dst = strconv.AppendInt(append(dst, `,"usageMetadata":{"promptTokenCount":`...), int64(e.Tokens), 10)
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// appendVectors appends a list of embeddings. Those of predict stand in objects
// of their own, which begin with around, and have statistics: SDKs require them.
func appendVectors(dst []byte, e *conversation.Embeddings, around string) []byte {
	for i := range e.Vectors {
		v := &e.Vectors[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendVector(append(dst, around...), v.Values)
		if around != "" {
			dst = fmt.Appendf(dst, `,"statistics":{"token_count":%d,"truncated":%t}}`, v.Tokens, v.Truncated)
		}
		dst = append(dst, '}')
	}
	return dst
}

// appendVector appends an embedding, but for the bracket that closes it.
func appendVector(dst, values []byte) []byte {
	return append(append(dst, `{"values":`...), values...)
}
