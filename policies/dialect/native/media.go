package native

import (
	"bytes"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Media lists the media of a body, for estimates of its tokens. For a broken
// body it lists what precedes the fault. Few bodies have any, and others are
// not parsed.
func (d *Dialect) Media(body []byte) []conversation.Media {
	if !bytes.Contains(body, []byte("Data\"")) && !bytes.Contains(body, []byte("_data\"")) {
		return nil
	}
	m := mediaList{}
	m.reset(jsonwalk.Sanitize(body))
	_ = m.object(func(name []byte) error {
		if folded(name) != "contents" {
			return m.skip()
		}
		return m.array(func() error { return m.object(m.content) })
	})
	return m.list
}

// mediaList reads the media of a body.
type mediaList struct {
	scan
	list []conversation.Media
}

// content reads a member of a content, or of a function's response.
func (m *mediaList) content(name []byte) error {
	if folded(name) != "parts" {
		return m.skip()
	}
	return m.array(func() error { return m.object(m.part) })
}

func (m *mediaList) part(name []byte) error {
	switch folded(name) {
	case "functionresponse":
		return m.object(m.content)
	case "inlinedata", "filedata":
		var one conversation.Media
		err := m.object(func(name []byte) error {
			v, err := m.value()
			if err != nil || v.Kind() != '"' {
				return err
			}
			switch folded(name) {
			case "mimetype":
				one.MIME = conversation.Text(v).String()
			case "data":
				one.Data = conversation.Text(v)
			}
			return nil
		})
		if len(m.list) < mostMedia {
			m.list = append(m.list, one)
		}
		return err
	}
	return m.skip()
}

// mostMedia bounds the list; no model takes more.
const mostMedia = 10_000
