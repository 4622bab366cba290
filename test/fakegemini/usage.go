package fakegemini

import "fmt"

// mediaTokens is what one image costs.
const mediaTokens = 258

// tokens estimates the tokens of n bytes of text.
func tokens(n int) int { return (n + 3) / 4 }

// estimateTokens counts a request: four bytes of text, names and values alike,
// are a token; media is a flat sum.
func estimateTokens(n *node) int {
	size, media := textSize(n)
	return tokens(size) + media*mediaTokens
}

func textSize(n *node) (size, media int) {
	if n == nil {
		return 0, 0
	}
	if n.get("data") != nil && n.get("mimeType") != nil {
		return 0, 1
	}
	size = len(n.text)
	for _, m := range n.members {
		if m.name == "thoughtSignature" || m.name == "thought_signature" {
			continue
		}
		s, k := textSize(m.value)
		size, media = size+len(m.name)+s, media+k
	}
	for _, e := range n.elems {
		s, k := textSize(e)
		size, media = size+s, media+k
	}
	return size, media
}

// usage writes usageMetadata as of now. Counters that are zero are absent, as
// in recorded early chunks.
func (r *renderer) usage() string {
	u := Usage{Prompt: r.prompt, Candidates: tokens(r.out), Thoughts: tokens(r.thoughts)}
	if r.fixed != nil {
		u = *r.fixed
	}
	r.told = u.Prompt + u.Candidates + u.Thoughts + u.ToolUse
	out := fmt.Sprintf(`{"promptTokenCount":%d`, u.Prompt)
	for _, c := range []struct {
		name string
		n    int
	}{{"cachedContentTokenCount", u.Cached}, {"candidatesTokenCount", u.Candidates}} {
		if c.n > 0 {
			out += fmt.Sprintf(`,"%s":%d`, c.name, c.n)
		}
	}
	out += fmt.Sprintf(`,"totalTokenCount":%d,"promptTokensDetails":[{"modality":"TEXT","tokenCount":%d}]`,
		r.told, u.Prompt)
	if u.ToolUse > 0 {
		out += fmt.Sprintf(`,"toolUsePromptTokenCount":%d`, u.ToolUse)
	}
	if u.Thoughts > 0 {
		out += fmt.Sprintf(`,"thoughtsTokenCount":%d`, u.Thoughts)
	}
	return out + "}"
}
