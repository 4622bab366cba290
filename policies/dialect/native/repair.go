package native

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/gemini/media"
)

// repair makes one body fit for one target.
type repair struct {
	rewriter
	req    *conversation.Request
	target gemini.Target
	opts   gemini.Options
	can    gemini.Capability
	vertex bool
	ids    bool // calls and answers may carry ids
	count  bool // countTokens

	headers  policies.Headers
	tally    jsonwalk.Tally
	content  int // index of the content being read
	part     int // and of the part in it
	fit      gemini.HistoryCheck
	lists    int  // number of conversations; one in a valid body
	odd      bool // it has something that the API does not have: upstream will refuse it
	span     struct{ from, to int }
	declared map[string]bool // names of functions
	forced   bool            // some function must be called
	tooled   bool            // there is some tool
	cached   bool            // the tools may be in cached content
	warnings map[string]int
	loops    gemini.LoopOpener

	history *gemini.NativeHistory // collects what is read; usually nil
	mended  bool                  // the body is not the client's, whose size was checked

	allSchemas  *gemini.NativeSchemas // nil until there is one
	media       media.Converter
	lastContent int // index of the last content; -1 where it does not matter
}

// Repair returns body as target takes it, which is body itself if it was fit
// already, and headers that go with it. What was changed or left out is noted
// in req.Warnings; errors are *conversation.Error.
func (d *Dialect) Repair(req *conversation.Request, body []byte, target gemini.Target, opts gemini.Options) ([]byte, policies.Headers, error) {
	body = jsonwalk.Sanitize(body)
	r, warned := newRepair(req, target, opts), len(req.Warnings)
	if err := r.read(body); err != nil {
		return nil, nil, err
	}
	if opts.OmitMedia == media.Odd && r.media.Omitted == 0 {
		opts.OmitMedia = media.History // any of them may be the refused one
		req.Warnings = req.Warnings[:warned]
		return d.Repair(req, body, target, opts)
	}
	if r.fit.Fit() || r.odd || r.lists != 1 {
		return r.result(), opts.AddTier(r.headers, target.Kind), nil
	}
	if mended, err := mend(req, body, target, opts); err != nil {
		return nil, nil, err
	} else if mended != nil {
		body = mended
	}
	warned = len(req.Warnings)     // further warnings would name places that the client does not have
	opts.OmitMedia = media.Nothing // files that must be left out have been
	last := newRepair(req, target, opts)
	last.mended, last.entries = true, -maxEntries
	err := last.read(body)
	req.Warnings = req.Warnings[:warned]
	return last.result(), opts.AddTier(last.headers, target.Kind), err
}

// fieldNames are the API's names of fields, for warnings.
var fieldNames = &conversation.FieldNames{Fields: map[string]string{"messages": "contents"}}

func newRepair(req *conversation.Request, target gemini.Target, opts gemini.Options) *repair {
	table := opts.Table
	if table == nil {
		table = gemini.DefaultTable
	}
	r := &repair{
		req: req, target: target, opts: opts,
		can:    table.Capabilities(target.Model),
		vertex: target.Kind == gemini.Vertex,
		count:  opts.Operation == conversation.CountTokens,
		fit:    gemini.NewHistoryCheck(target, opts),
	}
	r.target.Model = strings.TrimPrefix(target.Model, "models/")
	r.ids = target.CallIDs(r.can, opts.OmitIDs)
	r.fit.Counts = r.count
	r.media.Omit, r.media.Gone, r.loops.Strict = opts.OmitMedia, opts.Gone, opts.RelaxSchema
	return r
}

// read walks a whole body.
func (r *repair) read(body []byte) error {
	if r.lastContent = -1; r.media.Omit == media.History {
		r.lastContent = lastContent(body)
	}
	r.filesAhead(body)
	r.reset(body)
	read := r.generate
	if r.count {
		read = r.countTokens
	}
	if err := read(); err != nil {
		return jsonwalk.Syntax(err)
	}
	if err := r.end(); err != nil {
		return jsonwalk.Syntax(err)
	}
	return r.opts.CheckClient()
}

// generate repairs a GenerateContentRequest.
func (r *repair) generate() error {
	config := -1 // the member toolConfig, if it has no effect without functions
	return r.members(func(i int, name []byte) (outcome, error) {
		if string(name) == "toolConfig" || string(name) == "tool_config" {
			f, bare, err := r.toolConfig()
			if bare {
				config = i
			}
			return f, err
		}
		return r.field(name)
	}, func(it items) {
		// A functionCallingConfig without any tool is refused; with built-in
		// ones alone it was recorded to be taken.
		if config >= 0 && !r.tooled && !r.cached {
			if it.list[config].outcome = cut; r.forced {
				r.warn("toolConfig.functionCallingConfig", "left out: it asks for a call, and the request has no tools")
			}
		}
		if tier := r.opts.BodyTier(r.target.Kind); tier != "" {
			head := `"serviceTier":` + quoted(tier)
			if _, full := it.end(); full {
				head += ","
			}
			r.replace(it.open, it.open, head)
		}
	})
}

// field repairs one member of a GenerateContentRequest.
func (r *repair) field(name []byte) (outcome, error) {
	switch string(name) {
	case "contents":
		return keep, r.contents()
	case "generationConfig", "generation_config":
		return keep, r.generation()
	case "tools":
		return keep, r.tools()
	case "systemInstruction", "system_instruction":
		return keep, r.files("systemInstruction")
	case "cachedContent", "cached_content":
		r.cached = true
		return r.cache()
	case "model":
		return r.model()
	case "serviceTier", "service_tier":
		return r.serviceTier()
	case "safetySettings", "safety_settings":
		return r.safety()
	case "labels":
		if r.vertex {
			return r.named(conversation.ResourceLabels, "labels")
		}
		return r.onlyVertex("labels", "labels exist at Vertex AI only")
	case "store":
		f, err := r.named(conversation.ResourceLabels, "store")
		if f == keep && r.vertex && err == nil {
			r.warn("store", "left out: only AI Studio takes it")
		}
		return f && outcome(!r.vertex), err
	case "modelArmorConfig", "model_armor_config":
		if !r.vertex {
			return cut, unsupported("modelArmorConfig", "Model Armor exists at Vertex AI only, and leaving it out would change what is filtered")
		}
		return r.named(conversation.ResourceArmor, "modelArmorConfig")
	}
	return keep, r.files(string(jsonwalk.Shorten(name)))
}

// named asks for a resource that the next value names; null names none.
func (r *repair) named(kind conversation.ResourceKind, field string) (outcome, error) {
	v, err := r.value()
	if err != nil || v.Kind() == 'n' {
		return keep, err
	}
	kept, err := r.opts.Keeps(kind, field, string(jsonwalk.Chars(v)))
	return outcome(kept), err
}

// cache asks for cached content, and refuses what the target cannot have.
func (r *repair) cache() (outcome, error) {
	from := r.at()
	f, err := r.named(conversation.ResourceCache, "cachedContent")
	if err != nil || r.count {
		return f, err
	}
	name := jsonwalk.Chars(jsontext.Value(bytes.TrimLeft(r.text[from:r.at()], ": \t\r\n")))
	if why := r.target.Kind.UnknownCache(string(name)); why != "" {
		return cut, unsupported("cachedContent", why)
	}
	return f, nil
}

// onlyVertex leaves out what AI Studio refuses as an unknown name.
func (r *repair) onlyVertex(field, why string) (outcome, error) {
	if !r.vertex {
		r.warn(field, why)
	}
	return outcome(r.vertex), r.skip()
}

// onlyStudio leaves out what Vertex AI refuses as an unknown name and what
// changes nothing there.
func (r *repair) onlyStudio() (outcome, error) { return outcome(!r.vertex), r.skip() }

// model makes the model in the body the one in the path. Vertex AI has it in
// the path alone.
func (r *repair) model() (outcome, error) {
	v, err := r.value()
	if err != nil || r.vertex {
		return cut, err
	}
	if name := string(jsonwalk.Chars(v)); name != r.target.Model && name != "models/"+r.target.Model {
		r.replace(r.at()-len(v), r.at(), quoted("models/"+r.target.Model))
	}
	return keep, nil
}

// serviceTier turns the field of AI Studio into the header of Vertex AI. The
// standard tier has no word there.
func (r *repair) serviceTier() (outcome, error) {
	v, err := r.value()
	if r.opts.Tier != "" {
		return cut, err // the owner's setting wins
	}
	if err != nil || v.Kind() == 'n' {
		return outcome(!r.vertex), err
	}
	tier := strings.ToLower(string(v)) // a number of the enumeration
	if v.Kind() == '"' {
		tier = strings.TrimPrefix(strings.ToLower(string(jsonwalk.Chars(v))), "service_tier_")
	}
	if tier != "" && tier != "unspecified" {
		if kept, err := r.opts.Keeps(conversation.ResourceTier, "serviceTier", tier); !kept || err != nil {
			return cut, err
		}
	}
	if !r.vertex {
		return keep, nil
	}
	switch tier {
	case "flex", "priority":
		r.headers.Set(gemini.TierHeader, tier)
	case "", "standard", "unspecified":
	default:
		r.req.Warn("serviceTier", "this tier is not known at Vertex AI")
	}
	return cut, nil
}

// safety leaves out how Vertex AI measures harm, which AI Studio does not know.
func (r *repair) safety() (outcome, error) {
	if r.kind() != 'n' {
		if _, err := r.opts.Keeps(conversation.ResourceSafety, "safetySettings", ""); err != nil {
			return cut, err
		}
	}
	return keep, r.elements(func(int) (outcome, error) {
		return keep, r.members(func(_ int, name []byte) (outcome, error) {
			if string(name) == "method" {
				return r.onlyVertex("safetySettings.method", "methods exist at Vertex AI only")
			}
			return keep, r.skip()
		}, nil)
	}, nil)
}

// warningLimit bounds the warnings for the same reason; a long history may give
// thousands.
const warningLimit = 10

// warn notes what was changed at a place in a long list.
func (r *repair) warn(field, why string) {
	if r.warnings == nil {
		r.warnings = map[string]int{}
	}
	if r.warnings[why]++; r.warnings[why] > warningLimit {
		r.req.OmittedWarnings++
		return
	}
	r.req.Warn(field, why)
}

func unsupported(field, why string) error {
	return &conversation.Error{Kind: conversation.ErrUnsupported, Param: field, Message: field + ": not supported: " + why}
}

// quoted returns s as a JSON string.
func quoted(s string) string { return string(jsonwalk.AppendString(nil, s)) }
