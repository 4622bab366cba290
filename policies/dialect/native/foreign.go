package native

import (
	"fmt"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/gemini"
)

// foreignField is a field that one of Google's two APIs takes and the other
// refuses as an unknown name. At the other it is left out with a warning,
// unless the answer depends on it.
type foreignField struct {
	home    gemini.Home
	instead string // what the client can do if the request is refused; "" if the field is left out
}

// foreignFields are those by their path, without the places in lists; tools and
// their settings have a table of their own, which requests of all dialects
// obey. Fields with an equivalent at the other API are handled where they are
// repaired.
var foreignFields = map[string]foreignField{
	"generationConfig.responseFormat":             {gemini.OnlyStudio, "write responseMimeType and responseJsonSchema, which both APIs take"},
	"generationConfig.translationConfig":          {gemini.OnlyStudio, "ask for the translation in words"},
	"generationConfig.audioTranscriptionConfig":   {gemini.OnlyStudio, "ask for the transcript in words"},
	"generationConfig.enableEnhancedCivicAnswers": {gemini.OnlyStudio, ""},
	"generationConfig.audioTimestamp":             {gemini.OnlyVertex, ""},
	"generationConfig.routingConfig":              {gemini.OnlyVertex, ""},
	"generationConfig.modelConfig":                {gemini.OnlyVertex, ""},

	"generationConfig.imageConfig.personGeneration":   {gemini.OnlyVertex, ""},
	"generationConfig.imageConfig.imageOutputOptions": {gemini.OnlyVertex, ""},

	"contents.parts.mediaProcessing":    {gemini.OnlyStudio, ""},
	"contents.parts.audioTranscription": {gemini.OnlyStudio, ""},
}

// foreign settles a member of a message at path, if it belongs to the other
// API. at names it to the client. Null counts as absent, but not where the name
// is unknown.
func (r *repair) foreign(path, at string) (found bool, err error) {
	f := foreignFields[path]
	if setting, ok := strings.CutPrefix(path, "tools."); ok {
		f.home = gemini.SettingHome(setting)
	}
	switch {
	case !f.home.MissingAt(r.target.Kind):
		return false, nil
	case r.kind() == 'n':
	case f.instead != "":
		return true, unsupported(at, "only "+f.home.Name()+" takes it; "+f.instead)
	default:
		r.warn(at, "left out: only "+f.home.Name()+" takes it")
	}
	return true, r.skip()
}

// known reads a message of which some members may belong to the other API.
func (r *repair) known(path, at string) error {
	if r.kind() != '{' {
		return r.skip()
	}
	return r.members(func(_ int, name []byte) (outcome, error) {
		found, err := r.foreign(path+"."+string(name), at+"."+string(jsonwalk.Shorten(name)))
		if found || err != nil {
			return cut, err
		}
		return keep, r.skip()
	}, nil)
}

// foreignTool leaves out a tool that only the other API has, after checking
// that the client may offer it.
func (r *repair) foreignTool(i int, field string) (found bool, err error) {
	home := gemini.ToolHome(field)
	if !home.MissingAt(r.target.Kind) {
		return false, nil
	}
	empty := r.kind() == 'n'
	if r.kind() == '[' {
		n := 0
		err = r.array(func() error { n++; return r.skip() })
		empty = n == 0
	} else {
		err = r.skip()
	}
	if err == nil && !empty {
		at := fmt.Sprintf("tools[%d].%s", i, field)
		if _, err := r.opts.Keeps(conversation.ResourceTool, at, gemini.SnakeCase(field)); err != nil {
			return true, err
		}
		r.warn(at, "left out: only "+home.Name()+" has this tool")
	}
	return true, err
}
