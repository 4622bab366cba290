package exchange

import (
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
)

// session is the key of the request's conversation: the client's own id for it,
// or what stays the same from turn to turn. Each conversation is sent to where
// its prompt is cached.
func (a *attempt) session(body []byte) uint64 {
	if s := a.in.Headers.Get(policies.HeaderSession); s != "" {
		return account.SessionKey(a.caller.Tenant.Name, s)
	}
	if a.req.Session != "" {
		return account.SessionKey(a.caller.Tenant.Name, a.req.Session)
	}
	parts := []string{a.caller.Tenant.Name, a.req.Model}
	if d := a.features.Direct; d != nil {
		if body == nil {
			body = a.resumes.client // for the rest of an answer
		}
		for _, part := range d.Opening(body) {
			parts = append(parts, string(part))
		}
		return account.SessionKey(parts...)
	}
	for i := range a.req.Tools {
		parts = append(parts, a.req.Tools[i].Name)
	}
	parts = appendTexts(parts, a.req.System)
	for i := range a.req.Messages {
		if m := &a.req.Messages[i]; m.Role == conversation.User {
			parts = appendTexts(parts, m.Parts)
			break
		}
	}
	return account.SessionKey(parts...)
}

func appendTexts(to []string, parts []conversation.Part) []string {
	for i := range parts {
		if parts[i].Kind == conversation.KindText {
			to = append(to, parts[i].Text.String())
		}
	}
	return to
}
