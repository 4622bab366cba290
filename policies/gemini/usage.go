package gemini

import (
	"cmp"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// counters are those of one usageMetadata; has says which were there. Each
// object stands for the whole answer so far, so they are never summed.
type counters struct {
	has                                                 counterSet
	prompt, cached, toolPrompt, output, thoughts, total int
	tier                                                string // as in conversation.Usage
	by                                                  modalities
}

// ServiceTier is the tier for upstream's name of it; "" for one that clients do
// not know. The two services have different names.
func ServiceTier(word string) string {
	switch strings.TrimPrefix(strings.ToLower(word), "service_tier_") {
	case "standard", "on_demand":
		return "standard"
	case "flex", "on_demand_flex":
		return "flex"
	case "priority", "on_demand_priority":
		return "priority"
	}
	return ""
}

// counterSet is a set of counters.
type counterSet uint8

const (
	hasPrompt counterSet = 1 << iota
	hasCached
	hasToolPrompt
	hasOutput
	hasThoughts
	hasTotal
)

// set notes one member of usageMetadata.
func (c *counters) set(which counterSet, n int) {
	n = max(n, 0)
	switch which {
	case hasPrompt:
		c.prompt = n
	case hasCached:
		c.cached = n
	case hasToolPrompt:
		c.toolPrompt = n
	case hasOutput:
		c.output = n
	case hasThoughts:
		c.thoughts = n
	case hasTotal:
		c.total = n
	}
	c.has |= which
}

// usage resolves the identities between the counters. Google documents
//
//	total = prompt + toolUsePrompt + candidates + thoughts
//
// where prompt includes cached; it holds in all but two of 701 recorded
// answers. Where total lacks the thoughts, candidates include them already.
func (c counters) usage() conversation.Usage {
	if c.has == 0 {
		return conversation.Usage{}
	}
	prompt, output := c.prompt, c.output
	if c.has&hasTotal != 0 {
		if c.has&hasOutput == 0 {
			output = max(0, c.total-prompt-c.toolPrompt-c.thoughts)
		}
		if c.has&hasPrompt == 0 {
			prompt = max(0, c.total-c.toolPrompt-output-c.thoughts)
		}
	}
	inclusive := c.has&hasTotal != 0 && c.has&hasOutput != 0 && c.thoughts > 0 &&
		c.thoughts <= output && prompt+c.toolPrompt+output == c.total
	if !inclusive {
		output += c.thoughts
	}
	input := prompt + c.toolPrompt
	return conversation.Usage{
		Known:    true,
		Input:    input,
		Cached:   min(c.cached, input),
		Output:   output,
		Thoughts: c.thoughts,
		Tier:     c.tier,
	}
}

// follow returns the counters known after next came. Chunks of Vertex AI in
// mid-stream carry no counters at all and change nothing. A counter may fall,
// and the last chunk may lack the output: then it follows from the total, or,
// without a total, from the chunk before.
func (c counters) follow(next counters) counters {
	next.tier = cmp.Or(next.tier, c.tier)
	next.by = c.by.follow(&next.by)
	if next.has == 0 {
		c.tier, c.by = next.tier, next.by
		return c
	}
	if next.has&(hasOutput|hasTotal) == 0 && c.has&hasOutput != 0 {
		next.set(hasOutput, c.output)
		if next.has&hasThoughts == 0 && c.has&hasThoughts != 0 {
			next.set(hasThoughts, c.thoughts)
		}
	}
	return next
}
