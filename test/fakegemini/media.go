package fakegemini

import (
	"slices"
	"strings"
)

// blobTypes are the types that Google documents for files; text of any kind is
// taken, too. The last ones are other names that were recorded.
var blobTypes = []string{
	"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif", "application/pdf",
	"audio/wav", "audio/mp3", "audio/mpeg", "audio/mpga", "audio/aiff", "audio/aac", "audio/ogg", "audio/flac",
	"audio/m4a", "audio/mp4", "audio/opus", "audio/pcm", "audio/l16", "audio/webm",
	"video/mp4", "video/mpeg", "video/mpegps", "video/mpg", "video/mov", "video/avi", "video/x-flv", "video/flv",
	"video/webm", "video/wmv", "video/3gpp", "video/quicktime",
}

// textTypes are those of text.
var textTypes = []string{"text/plain", "text/html", "text/css", "text/csv", "text/xml", "text/markdown", "text/md",
	"text/javascript", "text/x-python", "text/x-typescript"}

// answerTypes are the types that a functionResponse takes.
var answerTypes = []string{"image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"}

// blob checks inline data. answer says that they are part of an answer.
func (j *validator) blob(blob *node, path string, answer bool) {
	mime := blob.get("mimeType").str()
	name, _, _ := strings.Cut(strings.ToLower(mime), ";")
	switch {
	case !strings.Contains(mime, "/"):
		j.field(RuleMedia, path+".mime_type", "mime_type is required.")
	case answer && !slices.Contains(answerTypes, name), !slices.Contains(blobTypes, name) && !slices.Contains(textTypes, name):
		j.unsupportedType(mime)
	}
	if blob.get("data").str() == "" {
		j.field(RuleMedia, path+".data", "data must not be empty.")
	}
}

// unsupportedType refuses a type with each service's error text.
func (j *validator) unsupportedType(mime string) {
	if j.target.vertex {
		j.fault(RuleMediaType, "Unable to submit request because it has a mimeType parameter with value %s, which is not supported. Update the mimeType and try again. Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini", clip(mime))
		return
	}
	j.fault(RuleMediaType, "Unsupported MIME type: %s", clip(mime))
}
