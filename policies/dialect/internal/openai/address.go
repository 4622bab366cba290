package openai

import (
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dataurl"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// longestAddress bounds what a placeholder repeats of an address, in bytes.
const longestAddress = 128

// Address is the part for a file by its address, the value of field name: a
// data: URL, a reference, or bare base64 of the given MIME type, which may be
// "". An address that cannot be read, such as one that only the client's page
// understands, becomes a line of text: it stays in the history, and must not
// fail every later request.
func Address(w *jsonwalk.Walker, name string, address conversation.Text, mime string) conversation.Part {
	file, problem := dataurl.Media(address, mime)
	if problem == "" {
		return conversation.Part{Kind: conversation.KindMedia, Media: &file}
	}
	w.Warn(name, "replaced by a line of text: "+problem)
	what := strings.Join(strings.Fields(address.String()), " ")
	if what == "" || dataurl.Scheme(address) == "data" {
		what = "file"
	}
	what = strings.ToValidUTF8(what[:min(len(what), longestAddress)], "")
	return conversation.Part{Kind: conversation.KindText, Text: conversation.Quote("[" + what + ": left out, " + problem + "]")}
}
