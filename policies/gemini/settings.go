package gemini

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// settings are the members of a body beside the conversation, its tools and
// generationConfig. Zero and nil mean that it is left out.
type settings struct {
	safety  conversation.Raw
	cached  string
	labels  conversation.Raw
	tier    string
	headers policies.Headers
}

// settings resolves the settings in the API's own form. Counting tokens takes
// none of them but the cache.
func (r *renderer) settings(tools toolset) (settings, error) {
	own := &r.req.Upstream
	s := settings{cached: own.CachedContent}
	if s.cached != "" {
		if _, err := r.opts.Keeps(conversation.ResourceCache, r.req.FieldNames.Field("cached_content"), s.cached); err != nil {
			return s, err
		}
		if why := r.target.Kind.UnknownCache(s.cached); why != "" && r.opts.Operation != conversation.CountTokens {
			return s, r.unsupported("cached_content", why)
		}
	}
	if s.cached != "" && (len(r.system) > 0 || !tools.empty()) {
		return s, r.invalid("cached_content", "a cache holds system text and tools itself; leave them out of the request")
	}
	if r.opts.Operation == conversation.CountTokens {
		if r.target.Kind == Vertex {
			s.cached = "" // not known there
		}
		return s, nil
	}
	if s.safety = own.SafetySettings; len(s.safety) > 0 && s.safety[0] != '[' {
		return s, r.invalid("safety_settings", "must be a list")
	}
	if len(s.safety) > 0 {
		if _, err := r.opts.Keeps(conversation.ResourceSafety, r.req.FieldNames.Field("safety_settings"), ""); err != nil {
			return s, err
		}
	}
	switch {
	case len(own.Labels) == 0:
	case r.target.Kind != Vertex:
		r.note("labels", "left out: only Vertex AI takes labels")
	default:
		if err := checkLabels(own.Labels); err != nil {
			return s, r.invalid("labels", err.Error())
		}
		keep, err := r.opts.Keeps(conversation.ResourceLabels, r.req.FieldNames.Field("labels"), "")
		if err != nil {
			return s, err
		}
		if keep {
			s.labels = own.Labels
		}
	}
	return s, r.tier(&s, own.ServiceTier)
}

// Google Cloud's limits on labels.
const (
	maxLabels      = 64
	maxLabelLength = 63
)

// checkLabels checks labels as Google Cloud does: one bad label fails the whole
// request, with an error that does not mention it.
func checkLabels(labels conversation.Raw) error {
	var w walker
	w.open(labels)
	if w.kind() != '{' {
		return errors.New("must be an object")
	}
	n := 0
	return w.object(func(name []byte) error {
		v, err := w.dec.ReadValue()
		if err != nil {
			return err
		}
		if n++; n > maxLabels {
			return fmt.Errorf("at most %d are allowed", maxLabels)
		}
		if len(name) == 0 || name[0] < 'a' || name[0] > 'z' || !labelText(name) {
			return fmt.Errorf("key %.80q must begin with a lower-case letter and hold up to %d of a-z, 0-9, '_' and '-'", name, maxLabelLength)
		}
		if v.Kind() != jsontext.KindString || !labelText(v[1:len(v)-1]) {
			return fmt.Errorf("%s must be a string of up to %d of a-z, 0-9, '_' and '-'", name, maxLabelLength)
		}
		return nil
	})
}

func labelText(s []byte) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return len(s) <= maxLabelLength
}

// settings appends s.
func (w *bodyWriter) settings(s settings) {
	if len(s.safety) > 0 {
		w.key("safetySettings")
		w.raw(s.safety)
	}
	if s.cached != "" {
		w.stringField("cachedContent", s.cached)
	}
	if s.labels != nil {
		w.key("labels")
		w.raw(s.labels)
	}
	if s.tier != "" {
		w.stringField("serviceTier", s.tier)
	}
}
