package gemini

import (
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini/media"
)

// Options say how a request is rendered. The zero value is the usual way; most
// fields are for the second try after a refusal.
type Options struct {
	// Table is what is known of models; nil means DefaultTable. A caller that
	// learns of a refusal (a level, a model turn at the end) adds a row.
	Table Table
	// Operation is Generate or CountTokens.
	Operation conversation.Operation
	// History says what happens to earlier thoughts.
	History History

	// StripSignatures leaves all signatures out, and thoughts with them,
	// after the upstream refused one.
	StripSignatures bool
	// RepairPrompt is added to the last user turn when StripSignatures is
	// set; "" for none.
	RepairPrompt string
	// NoPlaceholder gives calls without a signature no placeholder, after the
	// upstream refused it.
	NoPlaceholder bool
	// RelaxSchema removes bounds, formats and long texts from schemas, after
	// the upstream found them too complex.
	RelaxSchema bool
	// ProtoSchema writes schemas as the API's own type instead of JSON Schema,
	// as it is done for models before 2.5.
	ProtoSchema bool
	// OmitIDs leaves the ids of calls and answers out, after the upstream said
	// that it does not know the name.
	OmitIDs bool
	// OmitPenalties and OmitLogprobs leave those settings out, after the
	// upstream said that the model has none.
	OmitPenalties, OmitLogprobs bool
	// OmitMedia replaces files by lines of text, after the upstream refused one.
	OmitMedia media.Omit
	// Tier is one of Kind.Tiers, which the owner of the gateway requests
	// regardless of the client; "" leaves it to the client. Unprovisioned avoids
	// the provisioned throughput of Vertex AI, after it was used up.
	Tier          string
	Unprovisioned bool
	// Unary asks for the answer in one document. Otherwise it is a stream,
	// whatever the client wants: its quota is looser, an empty answer is noticed
	// early, and a document is made by folding the events.
	Unary bool
	// Compiler remembers compiled schemas; nil compiles them each time.
	Compiler *Compiler
	// Resource is called for each resource that would go upstream, and reports
	// whether to keep it; an error refuses the request. nil keeps all.
	Resource func(conversation.Resource) (keep bool, err error)
	// Gone is called for every part and tool; its error, if the client has left,
	// ends the rendering. nil if the client cannot leave.
	Gone func() error
}

// Keeps calls Resource, if it is set.
func (o *Options) Keeps(kind conversation.ResourceKind, field, name string) (bool, error) {
	if o.Resource == nil {
		return true, nil
	}
	return o.Resource(conversation.Resource{Kind: kind, Field: field, Name: name})
}

// RefusesPenalties reports whether a model refuses presence and frequency
// penalties.
func (o *Options) RefusesPenalties(can Capability) bool { return can.NoPenalties || o.OmitPenalties }

// CheckClient returns the error of Gone, if it is set.
func (o *Options) CheckClient() error {
	if o.Gone == nil {
		return nil
	}
	return o.Gone()
}

// Rendered is a request as the upstream takes it.
type Rendered struct {
	Path string
	Body []byte
	// Headers are settings that the target takes as headers.
	Headers policies.Headers
	// Names maps the reply's function names back to the client's.
	Names *Names
	// Expect is what NewDecoderOf needs to know of the request.
	Expect Expect
	// Stop are the stop sequences that the upstream does not know of: it takes
	// five. The answer must be ended where one of them appears (package stopscan).
	Stop []string
}

// Render renders req for target. It notes in req.Warnings what was changed or
// left out; errors are *conversation.Error, but for that of Options.Gone.
func Render(req *conversation.Request, target Target, opts Options) (*Rendered, error) {
	if err := ValidModel(target.Model); err != nil {
		return nil, invalid("model", err.Error())
	}
	if err := noImagen(target.Model); err != nil {
		return nil, err
	}
	r := newRenderer(req, target, opts)
	turns, err := r.normalise()
	if err != nil {
		return nil, err
	}
	if opts.OmitMedia == media.Odd && r.files.Omitted == 0 {
		opts.OmitMedia = media.History // any of them may be the refused one
		return Render(req, target, opts)
	}
	tools, err := r.toolset()
	if err != nil {
		return nil, err
	}
	config, err := r.generation(turns, !tools.empty())
	if err != nil {
		return nil, err
	}
	settings, err := r.settings(tools)
	if err != nil {
		return nil, err
	}
	if err := opts.CheckClient(); err != nil {
		return nil, err
	}
	return &Rendered{
		Path:    target.Path(opts.Operation, !opts.Unary),
		Body:    r.body(turns, tools, config, settings),
		Headers: settings.headers,
		Names:   r.names,
		Expect: Expect{
			Original: r.names.Original, Context: r.can.Context, Candidates: config.candidates,
			// A cache may contain tools.
			Citations: len(tools.builtins) > 0 || settings.cached != "",
			Silent:    config.silent,
		},
		Stop: config.unknownStops,
	}, nil
}

// renderer renders one request.
type renderer struct {
	req    *conversation.Request
	target Target
	opts   Options
	model  string
	can    Capability
	names  *Names
	ids    bool // calls and answers carry ids

	schemas *schemaBudget // of tools and answer together

	files media.Converter
	last  bool // the message being read is the last one

	system []conversation.Text
	warned map[string]int // by reason
}

func newRenderer(req *conversation.Request, target Target, opts Options) *renderer {
	table := opts.Table
	if table == nil {
		table = DefaultTable
	}
	r := &renderer{
		req: req, target: target, opts: opts,
		model: bareModel(target.Model),
		can:   table.Capabilities(target.Model),
		names: newNames(req),

		schemas: newSchemaBudget(schemaBytes(req)),
		files:   media.Converter{Omit: opts.OmitMedia, Gone: opts.Gone},
	}
	r.ids = target.CallIDs(r.can, opts.OmitIDs)
	return r
}

// schemaBytes is the total length of a request's schemas.
func schemaBytes(req *conversation.Request) (size int) {
	for i := range req.Tools {
		size += len(req.Tools[i].Schema)
	}
	if req.Format != nil {
		size += len(req.Format.Schema)
	}
	return size
}

// body writes the request body.
func (r *renderer) body(turns []turn, tools toolset, config generation, settings settings) []byte {
	w := &bodyWriter{buf: make([]byte, 0, r.size(turns, tools))}
	count := r.opts.Operation == conversation.CountTokens
	w.open('{')
	if count && r.target.Kind == AIStudio {
		w.key("generateContentRequest")
		w.open('{')
		w.stringField("model", "models/"+r.model)
	}
	w.system(r.system)
	w.key("contents")
	w.open('[')
	for i := range turns {
		w.turn(&turns[i], r.ids)
	}
	w.close(']')
	w.tools(tools)
	if !count || r.target.Kind == AIStudio {
		w.toolConfig(tools)
	}
	w.generationConfig(config)
	w.settings(settings)
	w.close('}')
	if count && r.target.Kind == AIStudio {
		w.close('}')
	}
	return w.buf
}

// size is about how long the body will be, so that the buffer does not grow.
func (r *renderer) size(turns []turn, tools toolset) int {
	const (
		fixed    = 512
		perText  = 40 // {"text":""}, and a content around it
		perPiece = 96 // a functionResponse and its members, the longest
	)
	n := fixed
	for _, t := range r.system {
		n += len(t) + perText
	}
	for i := range turns {
		for j := range turns[i].pieces {
			p := &turns[i].pieces[j]
			n += perText + len(p.text) + len(p.signature)
			if p.pieceData == noData {
				continue
			}
			n += perPiece - perText + len(p.id) + len(p.name) + len(p.raw)
			if p.kind == conversation.KindResult {
				for _, t := range p.output {
					n += len(t)
				}
			}
			for _, f := range p.files {
				n += perPiece + len(f.Data)
			}
			if p.media != nil {
				n += len(p.media.Data) + len(p.media.URI)
			}
		}
	}
	for _, f := range tools.functions {
		n += perPiece + len(f.name) + len(f.description) + len(f.schema)
	}
	for _, b := range tools.builtins {
		n += perText + len(b.settings)
	}
	if r.req.Format != nil {
		n += len(r.req.Format.Schema)
	}
	return n
}

// system appends the system instruction, a part for each block.
func (w *bodyWriter) system(texts []conversation.Text) {
	if len(texts) == 0 {
		return
	}
	w.key("systemInstruction")
	w.open('{')
	w.key("parts")
	w.open('[')
	for _, t := range texts {
		w.open('{')
		w.key("text")
		w.raw(t)
		w.close('}')
	}
	w.close(']')
	w.close('}')
}

// turn appends one content.
func (w *bodyWriter) turn(t *turn, ids bool) {
	role := "user"
	if t.model {
		role = "model"
	}
	w.open('{')
	w.stringField("role", role)
	w.key("parts")
	w.open('[')
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.kind == conversation.KindUpstream {
			w.raw(p.raw)
			continue
		}
		w.open('{')
		w.piece(p, ids)
		w.close('}')
	}
	w.close(']')
	w.close('}')
}

// piece appends the members of one part.
func (w *bodyWriter) piece(p *piece, ids bool) {
	switch p.kind {
	case conversation.KindText, conversation.KindThought:
		w.key("text")
		w.joined([]conversation.Text{p.text})
		if p.kind == conversation.KindThought {
			w.key("thought")
			w.raw([]byte("true"))
		}
	case conversation.KindMedia:
		w.media(p.media)
		w.resolution(p.resolution)
	case conversation.KindCall:
		w.key("functionCall")
		w.open('{')
		if ids {
			w.stringField("id", p.id)
		}
		w.stringField("name", p.name)
		w.key("args")
		w.raw(p.raw)
		w.close('}')
	case conversation.KindResult:
		w.answer(p, ids)
		return // never signed
	}
	if p.signature != "" {
		w.stringField("thoughtSignature", p.signature)
	}
}

// answer appends a functionResponse. Its two keys are those that the API
// documents.
func (w *bodyWriter) answer(p *piece, ids bool) {
	key := "output"
	if p.failed {
		key = "error"
	}
	w.key("functionResponse")
	w.open('{')
	if ids {
		w.stringField("id", p.id)
	}
	w.stringField("name", p.name)
	w.key("response")
	w.open('{')
	w.key(key)
	w.joined(p.output)
	w.close('}')
	if len(p.files) > 0 {
		w.key("parts")
		w.open('[')
		for _, f := range p.files {
			w.open('{')
			w.media(f)
			w.close('}')
		}
		w.close(']')
	}
	w.close('}')
}

// where returns a place as the client writes it.
func (r *renderer) where(at *conversation.Place) string {
	if at == nil {
		at = &conversation.Place{}
	}
	return r.req.FieldNames.Place(*at)
}

// note, invalid and unsupported take the name of a field in package
// conversation.

func (r *renderer) note(field, why string) { r.req.Warn(r.req.FieldNames.Field(field), why) }

func (r *renderer) invalid(field, why string) error {
	return invalid(r.req.FieldNames.Field(field), why)
}

func (r *renderer) unsupported(field, why string) error {
	return unsupported(r.req.FieldNames.Field(field), why)
}

func invalid(field, why string) *conversation.Error {
	return &conversation.Error{Kind: conversation.ErrInvalid, Param: field, Message: field + ": " + why}
}

func unsupported(field, why string) *conversation.Error {
	return &conversation.Error{Kind: conversation.ErrUnsupported, Param: field, Message: field + ": " + why}
}
