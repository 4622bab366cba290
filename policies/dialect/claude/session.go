package claude

import (
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// headerSession returns the session that Claude Code names in a header.
func headerSession(h policies.Headers) string {
	return setting.Session(h.Get("x-claude-code-session-id"))
}

// metadata takes the session from metadata.user_id where the header has none.
// Claude Code writes a JSON object there, and wrote user_…_session_<uuid>
// before. What other clients write names a person, not a conversation.
func (d *decoder) metadata(m jsonwalk.Members) error {
	if err := m.Apply(metadataFields); err != nil {
		return err
	}
	user, err := m.Text("user_id")
	if err != nil || d.Req.Session != "" {
		return err
	}
	id := user.String()
	if strings.HasPrefix(id, "{") {
		d.Req.Session = setting.Session(sessionID(id))
	} else if _, session, ok := strings.Cut(id, "_session_"); ok {
		d.Req.Session = setting.Session(session)
	}
	return nil
}

// sessionID returns the session_id in a JSON object, or "". The object comes
// from a string, so it may be anything.
func sessionID(object string) string {
	var session string
	var r jsonwalk.Reader
	r.Reset(jsonwalk.Sanitize([]byte(object)))
	if r.Kind() != '{' {
		return ""
	}
	err := r.Object(func(name []byte) error {
		v, err := r.Value()
		if err == nil && string(name) == "session_id" && v.Kind() == '"' {
			session = string(jsonwalk.Unquote(v))
		}
		return err
	})
	if err != nil {
		return ""
	}
	return session
}
