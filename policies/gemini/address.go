package gemini

import (
	"net/url"
	"strings"
)

// studioFiles is where AI Studio's Files API keeps what clients upload.
const studioFiles = "generativelanguage.googleapis.com"

// UnreadableFile says why the API cannot read the file at uri, and what to do
// about it; "" if it can.
func (k Kind) UnreadableFile(uri string) string {
	scheme, _, ok := strings.Cut(uri, ":")
	scheme = strings.ToLower(scheme)
	uploaded := isUploaded(uri)
	switch {
	case scheme == "https" && !uploaded, uploaded && k == AIStudio, scheme == "gs" && k == Vertex, scheme == "http" && k == Vertex:
		return ""
	case uploaded:
		return "files of AI Studio's Files API do not exist at Vertex AI; put the file into Cloud Storage and name it as gs://bucket/object, or send the data inline"
	case scheme == "gs":
		return "AI Studio cannot read Cloud Storage (gs://); upload the file with its Files API and name the URI that it returns, or send the data inline"
	case scheme == "http":
		return "AI Studio reads https:// addresses only; use one, or send the data inline"
	case ok && scheme == "data":
		return "data: URLs are not read as files; send the data inline, with its media type"
	}
	can := "https:// addresses, and the URIs of its Files API"
	if k == Vertex {
		can = "https:// addresses, and gs:// of Cloud Storage"
	}
	return "Google cannot read this address; it reads " + can + "; or send the data inline"
}

// isUploaded reports whether uri is that of a file in AI Studio's Files API:
// whole, or the file's name alone.
func isUploaded(uri string) bool {
	if strings.HasPrefix(uri, "files/") {
		return true
	}
	u, err := url.Parse(uri)
	return err == nil && strings.EqualFold(strings.TrimSuffix(u.Hostname(), "."), studioFiles) && strings.Contains(u.Path, "/files/")
}

// AssumedMIME is the media type of a file whose address does not show it.
// Vertex AI requires one.
func AssumedMIME(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "image/jpeg"
	}
	switch host := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(u.Host), "www."), "m."); host {
	case "youtube.com", "youtu.be":
		return "video/mp4"
	}
	return "image/jpeg" // the only addresses without a file extension are of images
}

// UnknownCache says why the API cannot use the cached content of that name, and
// what to do about it; "" if it can.
func (k Kind) UnknownCache(name string) string {
	switch {
	case k == Vertex && strings.HasPrefix(name, "cachedContents/"):
		return "cached contents of AI Studio do not exist at Vertex AI; create it there and name it as projects/PROJECT/locations/LOCATION/cachedContents/ID"
	case k == AIStudio && strings.HasPrefix(name, "projects/"):
		return "cached contents of Vertex AI do not exist at AI Studio; create it there and name it as cachedContents/ID"
	}
	return ""
}
