package dataurl

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestMedia(t *testing.T) {
	tests := []struct {
		name, url       string
		mime, data, uri string
		problem         string
	}{
		{"base64", `"data:image/png;base64,AAAA"`, "image/png", `"AAAA"`, "", ""},
		{"escaped slashes are kept", `"data:image\/png;base64,AA\/A"`, "image/png", `"AA\/A"`, "", ""},
		{"upper case, parameters, another name", `"DATA:Image/JPG;charset=x;BASE64,AAAA"`, "image/jpeg", `"AAAA"`, "", ""},
		{"base64 without the word", `"data:image/png,iVBORw0KGgo="`, "image/png", `"iVBORw0KGgo="`, "", ""},
		{"bytes in percent escapes", `"data:image/png,%89PNG%0D%0A%1A%0A"`, "image/png", `"iVBORw0KGgo="`, "", ""},
		{"the word is not the last parameter", `"data:image/png;base64;x=1,AAAA"`, "image/png", `"AAAA"`, "", ""},
		{"text that could be base64", `"data:text/plain,AAAA"`, "text/plain", `"QUFBQQ=="`, "", ""},
		{"percent escapes", `"data:,a%20b"`, "text/plain", `"YSBi"`, "", ""},
		{"reference", `"https://h.example/a.PNG?q=1#f"`, "image/png", "", "https://h.example/a.PNG?q=1#f", ""},
		{"reference without extension", `"gs://b/o"`, "", "", "gs://b/o", ""},
		{"no comma", `"data:image/png;base64"`, "", "", "", badData},
		{"no data", `"data:image/png;base64,"`, "image/png", `""`, "", ""},
		{"no MIME type", `"data:image png;base64,AAAA"`, "", "", "", badData},
		{"broken escape", `"data:,%zz"`, "", "", "", badData},
		{"file", `"file:///etc/passwd"`, "", "", "", badScheme},
		{"of a page", `"blob:https://h.example/1"`, "", "", "", badScheme},
		{"nothing", `""`, "", "", "", noAddress},
		{"blanks", `" \n"`, "", "", "", noAddress},
		{"no scheme", `"AA\/A"`, "", `"AA\/A"`, "", ""},
		{"no scheme, line break", `"AAAA\n"`, "", `"AAAA"`, "", ""},
		{"blanks around", `" \r\ndata:image\/png;base64,AAAA\u000a"`, "image/png", `"AAAA"`, "", ""},
		{"reference with blanks around", `"\thttps://h.example/a.png "`, "image/png", "", "https://h.example/a.png", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, problem := Media(conversation.Text(tt.url), "")
			if problem != tt.problem {
				t.Fatalf("problem %q, want %q", problem, tt.problem)
			}
			if problem == "" && (m.MIME != tt.mime || string(m.Data) != tt.data || m.URI != tt.uri) {
				t.Errorf("got %q %s %q, want %q %s %q", m.MIME, m.Data, m.URI, tt.mime, tt.data, tt.uri)
			}
		})
	}
}

// Data are always a valid literal, and the MIME type, if there is one, can stand
// anywhere.
func FuzzMedia(f *testing.F) {
	f.Add("data:image/png;base64,AAAA")
	f.Add("data:;x,%20\"\\")
	f.Fuzz(func(t *testing.T, url string) {
		m, problem := Media(conversation.Quote(url), "")
		if problem != "" {
			return
		}
		if m.Data != nil && (!jsontext.Value(m.Data).IsValid() || m.MIME != "" && !conversation.ValidMIME(m.MIME)) {
			t.Errorf("data %q, MIME %q", m.Data, m.MIME)
		}
		if (m.Data == nil) == (m.URI == "") {
			t.Errorf("both or neither of data and reference: %+v", m)
		}
	})
}
