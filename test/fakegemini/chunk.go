package fakegemini

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// chunk is one GenerateContentResponse of a reply, before it is known how the
// request wants it.
type chunk struct {
	parts        []part
	finish       string // finishReason; empty: none
	emptyContent bool   // a content with a role and no parts
	noCandidates bool
	extra        string // more members of the response, raw
	document     string // the whole document instead, raw
	fault        bool   // the document is an error
}

// part is one part of a chunk.
type part struct {
	text    string
	thought bool
	call    *FunctionCall
	sign    bool // sign a call or an image, or on a text part all text so far
	image   []byte
}

// renderer turns the chunks of one reply into JSON, counting as it goes.
type renderer struct {
	j        *validator
	fixed    *Usage
	ints     bool // enum values as numbers
	id       string
	prompt   int
	out      int // bytes of answer so far
	thoughts int // bytes of thought so far
	text     strings.Builder
	calls    int
	told     int // tokens in all, as the last chunk had them
}

func newRenderer(j *validator, fixed *Usage, ints bool) *renderer {
	r := &renderer{j: j, fixed: fixed, ints: ints, prompt: estimateTokens(j.body)}
	sum := sha256.Sum256([]byte(j.body.json()))
	r.id = base64.RawURLEncoding.EncodeToString(sum[:16])
	return r
}

// render writes a chunk as compact JSON, members in the order Google uses.
func (r *renderer) render(c chunk) string {
	if c.document != "" {
		return c.document
	}
	var members []string
	if !c.noCandidates {
		members = append(members, `"candidates":[`+r.candidate(c)+`]`)
	}
	if c.extra != "" {
		members = append(members, c.extra)
	}
	members = append(members, `"usageMetadata":`+r.usage(), `"modelVersion":`+quote(r.j.target.model), `"responseId":`+quote(r.id))
	return "{" + strings.Join(members, ",") + "}"
}

func (r *renderer) candidate(c chunk) string {
	content := `{"role":"model"}`
	if !c.emptyContent {
		parts := make([]string, len(c.parts))
		for i, p := range c.parts {
			parts[i] = r.part(p)
		}
		content = `{"parts":[` + strings.Join(parts, ",") + `],"role":"model"}`
	}
	finish := ""
	if c.finish != "" {
		finish = `,"finishReason":` + r.finishReason(c.finish)
	}
	return `{"content":` + content + finish + `,"index":0}`
}

// finishReasons in the order of their numbers.
var finishReasons = []string{
	"FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "LANGUAGE", "BLOCKLIST",
	"PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL",
}

func (r *renderer) finishReason(name string) string {
	if i := slices.Index(finishReasons, name); r.ints && i >= 0 {
		return fmt.Sprint(i)
	}
	return quote(name)
}

func (r *renderer) part(p part) string {
	if p.call != nil {
		return r.call(p)
	}
	switch {
	case p.image != nil:
		return r.picture(p)
	case p.thought:
		r.thoughts += len(p.text)
		return `{"text":` + quote(p.text) + `,"thought":true}`
	case p.sign && r.j.cap.signs() && r.calls == 0:
		r.addText(p.text)
		s := r.j.signer.sign(signedText, r.scope(), []byte(r.text.String()))
		return `{"text":` + quote(p.text) + `,"thoughtSignature":` + quote(s) + `}`
	}
	r.addText(p.text)
	return `{"text":` + quote(p.text) + `}`
}

func (r *renderer) addText(s string) {
	r.out += len(s)
	r.text.WriteString(s)
}

func (r *renderer) scope() string { return r.j.target.scope(r.j.cap) }

func (r *renderer) call(p part) string {
	args := p.call.Args
	if args == "" {
		args = "{}"
	}
	r.calls++
	r.out += len(p.call.Name) + len(args)
	out := `{"functionCall":{"name":` + quote(p.call.Name) + `,"args":` + args
	if id := r.callID(p.call); id != "" {
		out += `,"id":` + quote(id)
	}
	out += `}`
	if s := r.callSignature(p, args); s != "" {
		out += `,"thoughtSignature":` + quote(s)
	}
	return out + `}`
}

// callID: Gemini gives ids from 3.x on, but at an older endpoint of Vertex; it is
// a hash, as the fake keeps no state, over the request so far so that turns
// differ.
func (r *renderer) callID(c *FunctionCall) string {
	switch {
	case c.ID == "-":
		return ""
	case c.ID != "":
		return c.ID
	case !r.j.cap.signs() || r.j.target.vertex && r.j.opts.VertexWithoutIDs:
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%s", r.id, r.calls, c.Name))
	return hex.EncodeToString(sum[:4])
}

func (r *renderer) callSignature(p part, args string) string {
	switch {
	case p.call.Signature == "-":
		return ""
	case p.call.Signature != "":
		return p.call.Signature
	case !p.sign || !r.j.cap.signs():
		return ""
	}
	return r.j.signer.sign(signedCall, r.scope(), callSubject(p.call.Name, []byte(args)))
}
