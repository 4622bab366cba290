package native

import "testing"

func TestMedia(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []string // MIME types and data
	}{
		{"none", `{"contents":[{"parts":[{"text":"hi"}]}]}`, nil},
		{"inline and by reference", `{"contents":[{"parts":[{"text":"Data\""},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]},{"role":"user","parts":[{"file_data":{"file_uri":"x","mime_type":"video/mp4"}}]}]}`,
			[]string{`image/png "AAAA"`, "video/mp4 "}},
		{"in a function's response", `{"contents":[{"parts":[{"functionResponse":{"name":"f","parts":[{"inline_data":{"data":"BB","mime_type":"image/jpeg"}}]}}]}]}`, []string{`image/jpeg "BB"`}},
		{"a broken body", `{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"inlineData":`, []string{`image/png "AAAA"`, " "}},
		{"odd types", `{"contents":{"parts":7,"inlineData":[]},"x":{"inlineData":{"data":"A"}}}`, nil},
	} {
		got := New().Media([]byte(c.body))
		if len(got) != len(c.want) {
			t.Errorf("%s: %d media, want %d", c.name, len(got), len(c.want))
			continue
		}
		for i, m := range got {
			if one := m.MIME + " " + string(m.Data); one != c.want[i] {
				t.Errorf("%s: %s, want %s", c.name, one, c.want[i])
			}
		}
	}
}
