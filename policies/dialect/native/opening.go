package native

import "github.com/go-json-experiment/json/jsontext"

// Opening returns what stays the same from turn to turn of a conversation: its
// tools, system text and first content, each as a raw value. They come in this
// order, whatever the body's is; a missing one is empty.
func (d *Dialect) Opening(body []byte) [][]byte {
	var tools, system, first jsontext.Value
	var s scan
	s.reset(body)
	take := func(to *jsontext.Value) (err error) {
		*to, err = s.value()
		return err
	}
	_ = s.object(func(name []byte) error { // Repair refuses a broken body
		switch camel(name) {
		case "tools":
			return take(&tools)
		case "systemInstruction":
			return take(&system)
		case "contents":
			if s.kind() != '[' {
				return take(&first) // a single content may stand without a list
			}
			return s.array(func() error {
				if first == nil {
					return take(&first)
				}
				return s.skip()
			})
		}
		return s.skip()
	})
	return [][]byte{tools, system, first}
}
