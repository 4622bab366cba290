package transcriptions

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/form"
)

// made is a request with a recording of a type, and pairs of names and values.
func made(t testing.TB, filename, contentType, data string, values ...string) (policies.Headers, []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if filename != "" {
		head := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="` + filename + `"`}}
		if contentType != "" {
			head.Set("Content-Type", contentType)
		}
		part, err := w.CreatePart(head)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(data))
	}
	for i := 0; i+1 < len(values); i += 2 {
		_ = w.WriteField(values[i], values[i+1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return policies.Headers{{Name: "content-type", Value: w.FormDataContentType()}}, b.Bytes()
}

func decode(t testing.TB, method string, headers policies.Headers, body []byte) (*conversation.Request, error) {
	t.Helper()
	return New().Decode(dialect.Route{Method: method}, headers, body)
}

func TestMatch(t *testing.T) {
	for path, method := range map[string]string{
		"/v1/audio/transcriptions": transcribe, "/v1/audio/translations": translate,
	} {
		if route, ok := New().Match("POST", path); !ok || !route.Form || route.Method != method || route.Operation != conversation.Generate {
			t.Errorf("%s: %+v, %v", path, route, ok)
		}
		if _, ok := New().Match("GET", path); ok {
			t.Errorf("GET %s is matched", path)
		}
	}
	if _, ok := New().Match("POST", "/v1/audio/speech"); ok {
		t.Error("/v1/audio/speech is matched")
	}
}

func TestDecode(t *testing.T) {
	headers, body := made(t, "a.mp3", "application/octet-stream", "sound", "model", "gpt-4o-transcribe", "language", "de", "prompt", "Straße",
		"temperature", "0.2", "stream", "true", "include[]", "logprobs", "response_format", "json", "keywords[]", "Envoy", "odd", "x")
	req, err := decode(t, transcribe, headers, body)
	if err != nil {
		t.Fatal(err)
	}
	parts := req.Messages[0].Parts
	words := parts[0].Text.String()
	if req.Model != "gpt-4o-transcribe" || !req.Stream || *req.Limits.Temperature != 0.2 || req.Thinking.Intent != conversation.ThinkOff ||
		parts[1].Media.MIME != "audio/mp3" || parts[1].Media.Data.String() != "c291bmQ=" {
		t.Errorf("got %+v, %+v", req, parts[1].Media)
	}
	for _, told := range []string{"Transcribe", "speech: de.", "Straße, Envoy", silence} {
		if !strings.Contains(words, told) {
			t.Errorf("the model is not told %q: %s", told, words)
		}
	}
	if len(req.Warnings) != 2 || req.Warnings[0].Field != "include" || req.Warnings[1].Field != "odd" {
		t.Errorf("warnings %v", req.Warnings)
	}
	headers, body = made(t, "a.mp3", "", "sound", "model", "whisper-1", "stream", "true", "response_format", "verbose_json")
	if req, err = decode(t, translate, headers, body); err != nil || req.Stream || !strings.HasPrefix(req.Messages[0].Parts[0].Text.String(), "Translate") {
		t.Errorf("got %+v, %v", req, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	ok := []string{"model", "whisper-1"}
	for _, c := range []struct {
		name, file, data, param string
		values                  []string
	}{
		{"no file", "", "", "file", ok},
		{"empty file", "a.wav", "", "file", ok},
		{"unknown type", "a", "sound", "file", ok},
		{"a value for the file", "", "", "file", append([]string{"file", "x"}, ok...)},
		{"no model", "a.wav", "x", "model", nil},
		{"subtitles", "a.wav", "x", "response_format", append([]string{"response_format", "srt"}, ok...)},
		{"more subtitles", "a.wav", "x", "response_format", append([]string{"response_format", "vtt"}, ok...)},
		{"speakers", "a.wav", "x", "response_format", append([]string{"response_format", "diarized_json"}, ok...)},
		{"unknown format", "a.wav", "x", "response_format", append([]string{"response_format", "xml"}, ok...)},
		{"times", "a.wav", "x", "timestamp_granularities", append([]string{"timestamp_granularities[]", "word"}, ok...)},
		{"voices", "a.wav", "x", "known_speaker_names", append([]string{"known_speaker_names[]", "a"}, ok...)},
		{"temperature", "a.wav", "x", "temperature", append([]string{"temperature", "warm"}, ok...)},
		{"stream", "a.wav", "x", "stream", append([]string{"stream", "maybe"}, ok...)},
	} {
		headers, body := made(t, c.file, "", c.data, c.values...)
		_, err := decode(t, transcribe, headers, body)
		var e *conversation.Error
		if !errors.As(err, &e) || e.Param != c.param {
			t.Errorf("%s: %v about %+v, want %q", c.name, err, e, c.param)
		}
	}
}

func TestMIME(t *testing.T) {
	for _, c := range []struct{ name, declared, data, want string }{
		{"a.MP3", "application/octet-stream", "", "audio/mp3"},
		{"a", "audio/mpeg", "", "audio/mpeg"},
		{"a", "audio/x-wav", "", "audio/wav"},
		{"a.mpga", "", "", "audio/mp3"},
		{"a.mpeg", "", "", "audio/mp3"},
		{"a.webm", "application/octet-stream", "", "audio/webm"},
		{"a.mp4", "", "", "audio/mp4"},
		{"a.ogg", "audio/wav", "fLaC\x00", "audio/flac"},
		{"blob", "", "FORM\x00\x00\x00\x00AIFF", "audio/aiff"},
		{"blob", "", "\xff\xf1\x50\x80", "audio/aac"},
		{"blob", "", "\x89PNG\r\n\x1a\n", ""},
		{"a.webm", "audio/webm", "", "audio/webm"},
		{"a.mp4", "video/mp4", "", "video/mp4"},
		{"blob", "", "RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"},
		{"blob", "", "fLaC\x00", "audio/flac"},
		{"blob", "", "OggS\x00", "audio/ogg"},
		{"blob", "", "\x1a\x45\xdf\xa3\x01", "audio/webm"},
		{"blob", "", "\x00\x00\x00\x20ftypM4A ", "audio/mp4"},
		{"blob", "", "ID3\x04", "audio/mp3"},
		{"blob", "", "\xff\xfb\x90", "audio/mp3"},
		{"a.txt", "text/plain", "hello", ""},
		{"", "", "\xff", ""},
	} {
		if got := mimeOf(&form.File{Name: c.name, MIME: c.declared, Data: []byte(c.data)}); got != c.want {
			t.Errorf("%s %s %q: %q, want %q", c.name, c.declared, c.data, got, c.want)
		}
	}
}
