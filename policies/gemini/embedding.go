package gemini

import (
	"fmt"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Embeddings have three methods. AI Studio takes one content by embedContent
// and several by batchEmbedContents. So does Vertex AI for models since
// gemini-embedding-2, where settings stand in an object of their own; older
// models use predict there, which takes texts only. Google's SDK chooses the
// same methods.
const (
	methodEmbed   = ":embedContent"
	methodBatch   = ":batchEmbedContents"
	methodPredict = ":predict"
)

// How many inputs one request takes: what the services say in their refusals.
const (
	mostInBatch   = 100
	mostInPredict = 250
)

// embedMethod is the method for n inputs.
func (t Target) embedMethod(can Capability, n int) string {
	switch {
	case t.Kind == Vertex && (can.Predicts || can.Outputs == nil): // models without a row are old ones
		return methodPredict
	case n == 1:
		return methodEmbed
	}
	return methodBatch
}

// MostInputs is the maximum number of inputs in one request for embeddings at
// the target, for a model with these capabilities.
func (t Target) MostInputs(can Capability) int {
	if t.embedMethod(can, 2) == methodPredict {
		return mostInPredict
	}
	return mostInBatch
}

// RenderEmbedding renders a request for embeddings for target. It notes in
// req.Warnings what was changed; errors are *conversation.Error, but for that of
// Options.Gone.
func RenderEmbedding(req *conversation.Request, target Target, opts Options) (*Rendered, error) {
	r := newRenderer(req, target, opts)
	e := embedder{renderer: r, want: req.Embedding}
	n := len(e.want.Inputs)
	e.method = target.embedMethod(r.can, n)
	if most := target.MostInputs(r.can); n > most {
		return nil, invalid(e.want.List, fmt.Sprintf("%d inputs are too many: the model backend takes %d in one request; send them in several", n, most))
	}
	if target.Kind == Vertex && target.Version == "" && e.method != methodPredict {
		target.Version = "v1beta1" // Google's SDK uses this version for these methods
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	e.body()
	return &Rendered{Path: target.prefix() + bareModel(target.Model) + e.method, Body: e.buf}, nil
}

// embedder writes the body of one request for embeddings.
type embedder struct {
	*renderer
	bodyWriter
	want   *conversation.Embedding
	method string
}

// check refuses what the target cannot take.
func (e *embedder) check() error {
	first := &e.want.Inputs[0]
	for i := range e.want.Inputs {
		if err := e.opts.CheckClient(); err != nil {
			return err
		}
		in := &e.want.Inputs[i]
		if e.method == methodPredict && (!same(in.Dimensions, first.Dimensions) || !same(in.Truncate, first.Truncate)) {
			return unsupported(e.want.Place(i), "Vertex AI has one length of vectors, and one way with long texts, for all inputs of a request")
		}
		if in.Truncate != nil && e.target.Kind == AIStudio {
			e.req.Warn("autoTruncate", "left out: AI Studio always cuts inputs that are too long")
		}
		for j := range in.Parts {
			p := &in.Parts[j]
			if p.Kind != conversation.KindMedia {
				continue
			}
			if e.method == methodPredict {
				return unsupported(e.want.Place(i), "model "+e.model+" embeds texts only at Vertex AI")
			}
			sent, _, err := e.file(p.Media, &p.At, false)
			if err != nil {
				return err
			}
			if sent == nil { // the vector of a placeholder would be meaningless
				return unsupported(e.where(&p.At), "the model makes no vectors of files of this type; send what it says as text")
			}
			p.Media = sent
		}
	}
	return nil
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func (e *embedder) body() {
	e.open('{')
	switch e.method {
	case methodEmbed:
		e.one(&e.want.Inputs[0])
	case methodBatch:
		e.key("requests")
		e.open('[')
		for i := range e.want.Inputs {
			e.open('{')
			e.one(&e.want.Inputs[i])
			e.close('}')
		}
		e.close(']')
	case methodPredict:
		e.instances()
	}
	e.close('}')
}

// one appends the members of an EmbedContentRequest.
func (e *embedder) one(in *conversation.EmbeddingInput) {
	if e.target.Kind == AIStudio {
		e.stringField("model", "models/"+bareModel(e.target.Model))
	}
	e.key("content")
	e.open('{')
	e.key("parts")
	e.open('[')
	for i := range in.Parts {
		e.open('{')
		if p := &in.Parts[i]; p.Kind == conversation.KindMedia {
			e.media(p.Media)
		} else {
			e.textField("text", p.Text)
		}
		e.close('}')
	}
	e.close(']')
	e.close('}')
	if e.target.Kind == AIStudio {
		e.settings(in, "taskType")
		return
	}
	if in.Task == nil && in.Title == nil && in.Dimensions == nil && in.Truncate == nil {
		return
	}
	e.key("embedContentConfig")
	e.open('{')
	e.settings(in, "taskType")
	e.parameters(in)
	e.close('}')
}

// settings appends the settings of one input.
func (e *embedder) settings(in *conversation.EmbeddingInput, task string) {
	e.textField(task, in.Task)
	e.textField("title", in.Title)
	if e.target.Kind == AIStudio && in.Dimensions != nil {
		e.key("outputDimensionality")
		e.int(*in.Dimensions)
	}
}

// parameters appends those that Vertex AI takes for the whole request.
func (e *embedder) parameters(in *conversation.EmbeddingInput) {
	if in.Dimensions != nil {
		e.key("outputDimensionality")
		e.int(*in.Dimensions)
	}
	if in.Truncate != nil {
		e.key("autoTruncate")
		e.raw(fmt.Appendf(nil, "%t", *in.Truncate))
	}
}

// instances appends the members of a PredictRequest.
func (e *embedder) instances() {
	e.key("instances")
	e.open('[')
	for i := range e.want.Inputs {
		in := &e.want.Inputs[i]
		texts := make([]conversation.Text, len(in.Parts))
		for j := range in.Parts {
			texts[j] = in.Parts[j].Text
		}
		e.open('{')
		e.textField("content", conversation.Join("\n", texts...))
		e.settings(in, "task_type")
		e.close('}')
	}
	e.close(']')
	if first := &e.want.Inputs[0]; first.Dimensions != nil || first.Truncate != nil {
		e.key("parameters")
		e.open('{')
		e.parameters(first)
		e.close('}')
	}
}

// textField appends a member; nothing if there is no text.
func (e *embedder) textField(name string, t conversation.Text) {
	if t != nil {
		e.key(name)
		e.raw(t)
	}
}
