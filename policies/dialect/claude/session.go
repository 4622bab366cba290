package claude

import (
	"strings"

	"github.com/heald-proxy/heald/policies"
)

// maxSession bounds session keys; those of Claude Code are UUIDs.
const maxSession = 256

// headerSession returns the session that Claude Code names in a header.
func headerSession(h policies.Headers) string {
	return boundSession(h.Get("x-claude-code-session-id"))
}

func boundSession(s string) string {
	if len(s) > maxSession {
		return ""
	}
	return s
}

// metadata takes the session from metadata.user_id where the header has none.
// Claude Code writes a JSON object there, and wrote user_…_session_<uuid>
// before. What other clients write names a person, not a conversation.
func (d *decoder) metadata(m members) error {
	if err := m.obey(metadataFields); err != nil {
		return err
	}
	user, err := m.text("user_id")
	if err != nil || d.req.Session != "" {
		return err
	}
	id := user.String()
	if strings.HasPrefix(id, "{") {
		d.req.Session = boundSession(sessionID(id))
	} else if _, session, ok := strings.Cut(id, "_session_"); ok {
		d.req.Session = boundSession(session)
	}
	return nil
}

// sessionID returns the session_id in a JSON object, or "". The object comes
// from a string, so it may be anything.
func sessionID(object string) string {
	var session string
	var r reader
	r.reset(sanitize([]byte(object)))
	if r.kind() != '{' {
		return ""
	}
	err := r.object(func(name []byte) error {
		v, err := r.value()
		if err == nil && string(name) == "session_id" && v.Kind() == '"' {
			session = string(unquote(v))
		}
		return err
	})
	if err != nil {
		return ""
	}
	return session
}
