package gemini

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// frame is one GenerateContentResponse, read but not yet interpreted. Its texts
// are slices of the bytes it was read from. Keys come in camelCase, and in
// snake_case from gateways that print proto names; both are read.
type frame struct {
	// wanted is how many candidates are read, and cites whether recitations are
	// read; both outlive reset.
	wanted int
	cites  bool

	id, model  string
	candidates []candidateFrame
	parts      []part // of all candidates
	block      string // promptFeedback.blockReason; "" if absent
	blockNote  string
	counters   counters
	failure    jsontext.Value // the error object, if this is no answer
	relayed    jsontext.Value // beside it, the reply of a gateway's provider

	known bool // some member of an answer was seen

	listed int // the number of entries in the payload so far; it outlives reset

	// begun says that id and model are known already; they come with every
	// chunk, and only those of the first count.
	begun bool
}

// candidateFrame is one candidate of a frame.
type candidateFrame struct {
	index     int
	from, to  int    // its parts in frame.parts
	reason    string // finishReason; "" if absent
	note      string // finishMessage
	logprobs  conversation.Raw
	grounding *groundingFrame // nil if there was none
}

// reset empties f for the next answer and keeps its memory.
func (f *frame) reset() {
	clear(f.parts)
	clear(f.candidates)
	*f = frame{wanted: f.wanted, cites: f.cites, listed: f.listed, candidates: f.candidates[:0], parts: f.parts[:0], begun: f.begun}
}

// read reads one response object.
func (f *frame) read(w *walker) error {
	f.reset()
	members := 0
	return w.object(func(name []byte) error {
		if members++; members > maxMembers {
			return tooMany(maxMembers, "members in one response")
		}
		switch string(name) {
		case "candidates":
			f.known = true
			return w.array(func() error { return f.readCandidate(w) })
		case "promptFeedback", "prompt_feedback":
			f.known = true
			return f.readFeedback(w)
		case "usageMetadata", "usage_metadata":
			f.known = true
			return f.readUsage(w)
		case "responseId", "response_id":
			f.known = true
			if f.begun {
				return w.skip()
			}
			return w.string(&f.id)
		case "modelVersion", "model_version":
			f.known = true
			if f.begun {
				return w.skip()
			}
			return w.string(&f.model)
		case "error":
			return w.value(&f.failure)
		case "upstreamResponse", "upstream_response": // relays
			return w.value(&f.relayed)
		}
		return w.skip()
	})
}

// readCandidate reads one candidate. Candidates that were not requested are
// left out. Many answers lack the index, and it may follow the content.
func (f *frame) readCandidate(w *walker) error {
	c := candidateFrame{from: len(f.parts)}
	members := 0
	err := w.object(func(name []byte) error {
		if members++; members > maxMembers {
			return tooMany(maxMembers, "members in one candidate")
		}
		switch string(name) {
		case "content":
			return w.object(func(name []byte) error {
				if string(name) == "parts" {
					return w.array(func() error { return f.readPart(w) })
				}
				return w.skip()
			})
		case "finishReason", "finish_reason":
			return w.scalar(&c.reason)
		case "finishMessage", "finish_message":
			return w.string(&c.note)
		case "index":
			return w.int(&c.index)
		case "logprobsResult", "logprobs_result":
			return w.rawObject(&c.logprobs)
		case "groundingMetadata", "grounding_metadata":
			return c.sources().read(w)
		case "urlContextMetadata", "url_context_metadata":
			return c.sources().readFetched(w)
		case "citationMetadata", "citation_metadata":
			if !f.cites {
				return w.skip()
			}
			return c.sources().readCitations(w)
		}
		return w.skip()
	})
	if err != nil {
		return err
	}
	if c.to = len(f.parts); c.index < 0 || c.index >= f.wanted || f.has(c.index) {
		f.parts = f.parts[:c.from]
		return f.count()
	}
	if c.logprobs != nil { // they make an event
		if err := f.count(); err != nil {
			return err
		}
	}
	c.reason = enumName(c.reason, finishNumbers[:])
	f.candidates = append(f.candidates, c)
	return nil
}

func (f *frame) has(index int) bool {
	for i := range f.candidates {
		if f.candidates[i].index == index {
			return true
		}
	}
	return false
}

// sources is where the candidate's grounding is read to.
func (c *candidateFrame) sources() *groundingFrame {
	if c.grounding == nil {
		c.grounding = &groundingFrame{}
	}
	return c.grounding
}

func (f *frame) readFeedback(w *walker) error {
	err := w.object(func(name []byte) error {
		switch string(name) {
		case "blockReason", "block_reason":
			return w.scalar(&f.block)
		case "blockReasonMessage", "block_reason_message":
			return w.string(&f.blockNote)
		}
		return w.skip()
	})
	switch f.block = enumName(f.block, blockNumbers[:]); f.block {
	case "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED":
		f.block = ""
	}
	return err
}

func (f *frame) readUsage(w *walker) error {
	return w.object(func(name []byte) error {
		var which counterSet
		switch string(name) {
		case "promptTokenCount", "prompt_token_count":
			which = hasPrompt
		case "cachedContentTokenCount", "cached_content_token_count":
			which = hasCached
		case "toolUsePromptTokenCount", "tool_use_prompt_token_count":
			which = hasToolPrompt
		case "candidatesTokenCount", "candidates_token_count":
			which = hasOutput
		case "thoughtsTokenCount", "thoughts_token_count":
			which = hasThoughts
		case "totalTokenCount", "total_token_count":
			which = hasTotal
		case "promptTokensDetails", "prompt_tokens_details":
			return f.readModalities(w, ofPrompt)
		case "toolUsePromptTokensDetails", "tool_use_prompt_tokens_details":
			return f.readModalities(w, ofToolPrompt)
		case "cacheTokensDetails", "cache_tokens_details":
			return f.readModalities(w, ofCached)
		case "candidatesTokensDetails", "candidates_tokens_details":
			return f.readModalities(w, ofOutput)
		case "serviceTier", "service_tier", "trafficType", "traffic_type":
			var word string
			err := w.scalar(&word)
			if tier := ServiceTier(word); tier != "" {
				f.counters.tier = tier
			}
			return err
		default:
			return w.skip()
		}
		n := -1 // null, or no number
		if err := w.int(&n); err != nil {
			return err
		}
		if n >= 0 {
			f.counters.set(which, n)
		}
		return nil
	})
}

// trimPayload removes what may stand around a payload.
func trimPayload(data []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
}
