package native

import (
	"fmt"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// longestPlace bounds the place that an error names, in bytes: values may be
// nested deeply.
const longestPlace = 256

// files asks for every file anywhere in the next value. Arguments and results
// of functions are the client's own data, not the API's.
func (r *repair) files(at string) error {
	switch r.kind() {
	case '{':
		return r.members(func(_ int, name []byte) (outcome, error) {
			place := at
			if len(at) < longestPlace {
				place += "." + string(jsonwalk.Shorten(name))
			}
			switch string(name) {
			case "fileUri":
				_, err := r.fileURI(place)
				return keep, err
			case "mimeType":
				return keep, r.mime(at)
			case "args", "response":
				return keep, r.skip()
			}
			return keep, r.files(place)
		}, nil)
	case '[':
		return r.elements(func(i int) (outcome, error) {
			if r.kind() != '{' && r.kind() != '[' {
				return keep, r.skip()
			}
			place := at
			if len(at) < longestPlace {
				place += fmt.Sprintf("[%d]", i)
			}
			return keep, r.files(place)
		}, nil)
	}
	return r.skip()
}

// fileURI asks for the file that the next value names, and returns its address;
// null names none.
func (r *repair) fileURI(field string) (string, error) {
	v, err := r.value()
	if err != nil || v.Kind() == 'n' {
		return "", err
	}
	uri := string(jsonwalk.Chars(v))
	if why := r.target.Kind.UnreadableFile(uri); why != "" {
		return uri, unsupported(field, why)
	}
	_, err = r.opts.Keeps(conversation.ResourceFile, field, uri)
	return uri, err
}
