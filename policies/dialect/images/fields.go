package images

import (
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Tables returns all tables, for the documentation.
func Tables() []*jsonwalk.Table { return []*jsonwalk.Table{requestFields, imageFields} }

const (
	noPerson = "persons are not passed on"
	noFiles  = "files of another service cannot be read; send the image itself"
)

// requestFields are those of both methods, in JSON and in a form.
var requestFields = &jsonwalk.Table{Name: "request", Fields: append([]jsonwalk.Field{
	{"model", jsonwalk.Map, "the model, by the alias table; gpt-image-1 if absent"},
	{"prompt", jsonwalk.Map, "the text of the message"},
	{"image", jsonwalk.Map, "an image to change or to go by, or several; of edits only"},
	{"images", jsonwalk.Map, "the same"},
	{"mask", jsonwalk.Refuse, "the upstream takes no masks; say in the prompt what to change"},
	{"n", jsonwalk.Map, "how many images; refused where the model gives one at a time"},
	{"response_format", jsonwalk.Map, "must be b64_json, which is what comes anyway: no images are kept that a URL could name"},
	{"stream", jsonwalk.Map, "one event for each image, once it is complete"},
	{"style", jsonwalk.Warn, "the upstream has no such setting; say it in the prompt"},
	{"user", jsonwalk.Drop, noPerson},
	{"safety_identifier", jsonwalk.Drop, noPerson},
}, openai.ImageFields...)}

var imageFields = &jsonwalk.Table{Name: "images", Fields: []jsonwalk.Field{
	{"image_url", jsonwalk.Map, "inline media, or a reference that the upstream fetches"},
	{"file_id", jsonwalk.Refuse, noFiles},
}}
