package exchange

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

// Whatever base URL a client was given, the request is the same one.
func TestBaseURLs(t *testing.T) {
	const plain = `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`
	const input = `{"model":"gemini-3.5-flash","input":"hi"}`
	const vectors = `{"model":"gemini-embedding-001","input":"hi"}`
	form := strings.Replace(spoken, "whisper-1", "gemini-3.5-flash", 1)
	const dot = `{"model":"gemini-3.1-flash-image","prompt":"a dot"}`
	const content = `{"content":{"parts":[{"text":"hi"}]}}`
	const contents = `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`
	for _, c := range []struct {
		name, dialect, body string
		bases               []string
	}{
		{"messages", "claude", plain, []string{"", "/v1", "/anthropic", "/anthropic/v1", "/v1/v1", "/api/v1", "/api/anthropic/v1", "/v1/anthropic/v1", "/v1beta"}},
		{"messages/count_tokens", "claude", plain, []string{"", "/v1", "/anthropic", "/anthropic/v1", "/v1/v1", "/api/v1"}},
		{"chat/completions", "chat", plain, []string{
			"", "/v1", "/openai", "/openai/v1", "/v1/openai", "/v1/v1", "/openai/v1/v1", "/v1beta/openai", "/v1beta/openai/v1", "/v1beta", "/api/v1", "/api", "/api/openai/v1",
			"/models", "/inference", "/inference/v1", "/openai/deployments/x", "/deployments/x", "/v1/engines/x", "/v1beta1/projects/p/locations/global/endpoints/openapi", "/v1/projects/p/locations/l/endpoints/openapi",
		}},
		{"completions", "completions", `{"model":"gemini-3.5-flash","prompt":"hi"}`, []string{"", "/v1", "/openai", "/openai/v1", "/v1/v1", "/v1beta/openai", "/api/v1", "/openai/deployments/x", "/v1/engines/x"}},
		{"embeddings", "embeddings", vectors, []string{"", "/v1", "/openai", "/openai/v1", "/v1/v1", "/v1beta/openai", "/v1beta", "/api/v1", "/models", "/inference", "/openai/deployments/x", "/v1/engines/x", "/v1/projects/p/locations/l/endpoints/openapi"}},
		{"audio/transcriptions", "transcriptions", form, []string{"", "/v1", "/openai", "/openai/v1", "/v1/v1", "/v1beta/openai", "/api/v1", "/openai/deployments/x"}},
		{"audio/translations", "transcriptions", form, []string{"", "/v1", "/openai/v1", "/openai/deployments/x"}},
		{"images/generations", "images", dot, []string{"", "/v1", "/openai", "/openai/v1", "/v1/v1", "/v1beta/openai", "/api/v1", "/openai/deployments/x"}},
		{"images/edits", "images", strings.Replace(dot, "{", `{"image":"data:image/png;base64,AAAA",`, 1), []string{"", "/v1", "/openai/v1", "/openai/deployments/x"}},
		{"responses", "responses", input, []string{"", "/v1", "/openai", "/openai/v1", "/v1/v1", "/v1beta/openai", "/api/v1"}},
		{"responses/input_tokens", "responses", input, []string{"", "/v1", "/openai", "/openai/v1", "/v1/v1"}},
		{"models/gemini-3.5-flash:generateContent", "gemini", contents, []string{
			"", "/v1", "/v1beta", "/v1alpha", "/v1beta1", "/v1beta/v1beta", "/v1/v1beta", "/api/v1beta", "/v1/publishers/google", "/publishers/google", "/projects/p/locations/l/publishers/google",
			"/gemini/v1beta", "/gemini", "/vertex_ai/v1/projects/p/locations/l/publishers/google",
		}},
		{"models/gemini-embedding-001:embedContent", "gemini", content, []string{"", "/v1", "/v1beta", "/v1beta/v1beta", "/publishers/google", "/gemini/v1beta"}},
		{"models/gemini-embedding-001:predict", "gemini", `{"instances":[{"content":"hi"}]}`, []string{"/v1/projects/p/locations/l/publishers/google", "/vertex_ai/v1/projects/p/locations/l/publishers/google", "/projects/p/locations/l/publishers/google"}},
		{"models/gemini-3.5-flash:countTokens", "gemini", contents, []string{"", "/v1", "/v1beta", "/v1beta/v1beta"}},
	} {
		for _, base := range c.bases {
			for _, path := range []string{base + "/" + c.name, base + "//" + c.name, "/" + base + "/" + c.name + "/", base + "/" + c.name + "?api-version=2024-10-21"} {
				a := newRig(t, nil).begin(1, "")
				a.in.Path = path
				if c.body == form {
					a.in.Headers.Set("content-type", "multipart/form-data; boundary=b")
				}
				if f := send(t, a, c.body); a.dialect.Name() != c.dialect || f == nil {
					t.Errorf("%s is of %s", path, a.dialect.Name())
				}
				want := "gemini-3.5-flash"
				if strings.Contains(c.name+c.body, "embedding-001") {
					want = "gemini-embedding-001"
				}
				if a.dialect.Name() == "images" {
					want = "gemini-3.1-flash-image"
				}
				if a.model != want && a.endpoint.Model == "" {
					t.Errorf("%s asks for %q", path, a.model)
				}
			}
		}
	}
}

// What an Azure client calls a deployment is the model, whatever the body says.
func TestDeployments(t *testing.T) {
	for path, want := range map[string]string{
		"/openai/deployments/gemini-3.8-flash/chat/completions?api-version=2024-10-21": "gemini-3.8-flash",
		"/openai/deployments/gpt-5-mini/chat/completions":                              "gemini-3.5-flash-lite",
		"/openai/deployments/google%2Fgemini-3.8-flash/chat/completions":               "gemini-3.8-flash",
	} {
		for _, model := range []string{"", `"model":"gemini-2.5-pro",`} {
			a := newRig(t, nil).begin(1, "")
			a.in.Path = path
			send(t, a, `{`+model+`"messages":[{"role":"user","content":"hi"}]}`)
			if a.model != want {
				t.Errorf("%s, %s: %s, want %s", path, model, a.model, want)
			}
		}
	}
	unnamed, _, _ := strings.Cut(spoken, "--b\r\nContent-Disposition: form-data; name=\"model\"")
	for _, c := range []struct{ path, contentType, body, want string }{
		{"/openai/deployments/text-embedding-3-large/embeddings?api-version=2024-10-21", "application/json", `{"input":"hi"}`, "gemini-embedding-001"},
		{"/openai/deployments/gemini-embedding-2/embeddings", "application/json", `{"model":"x","input":"hi"}`, "gemini-embedding-2"},
		{"/openai/deployments/whisper-1/audio/transcriptions?api-version=2024-10-21", "multipart/form-data; boundary=b", unnamed + "--b--\r\n", "gemini-3.5-flash-lite"},
		{"/openai/deployments/whisper/audio/transcriptions", "multipart/form-data; boundary=b", unnamed + "--b--\r\n", "gemini-3.5-flash-lite"},
		{"/openai/deployments/gemini-3.8-flash/audio/translations", "multipart/form-data; boundary=b", spoken, "gemini-3.8-flash"},
	} {
		a := newRig(t, nil).begin(1, "", "content-type", c.contentType)
		a.in.Path = c.path
		if send(t, a, c.body); a.model != c.want {
			t.Errorf("%s: %s, want %s", c.path, a.model, c.want)
		}
	}
}

// No other spelling of a path is one: whoever tells routes apart by paths must be
// able to list what is served.
func TestOtherSpellings(t *testing.T) {
	for _, path := range []string{
		"/V1/messages", "/v1%2Fmessages", "/v2/messages", "/x/v1/messages", "/v1/./messages", "/v1/../messages", "/v1/messages;x", "/%761/messages", "/v1/messages/x", "/v1/messages%00",
		"/openai/deployments/x", "/deployments/%zz/chat/completions", "/v1/projects/p/endpoints/openapi/chat/completions",
		"/v1beta/models/:generateContent", "/v1beta/models/m:generateContent/x", "/v1beta/tunedModels/m:generateContent",
	} {
		if reply := newRig(t, nil).headOnly("POST", path).RequestHeaders(); reply == nil || reply.Status != 404 {
			t.Errorf("%s: %+v", path, reply)
		}
	}
}

// Errors speak the API that the path belongs to, or is a neighbor of, or that
// the header with the key tells, and say what to do.
func TestErrorsOfUnknownPaths(t *testing.T) {
	const claude, openai, google = `"type":"error"`, `"code":"unknown_url"`, `"status": "NOT_FOUND"`
	for _, c := range []struct {
		method, path, header string
		status               int
		shape, says          string
	}{
		{"POST", "/v1/chat/completion", "", 404, openai, "did you mean /v1/chat/completions?"},
		{"POST", "/chat", "", 404, openai, "/v1/chat/completions"},
		{"POST", "/api/chat", "", 404, openai, "/v1/chat/completions"},
		{"POST", "/v1/chat/Completions", "", 404, openai, "did you mean /v1/chat/completions?"},
		{"POST", "/v1/message", "authorization", 404, openai, "did you mean /v1/messages?"},
		{"POST", "/v1/message", "x-api-key", 404, claude, "did you mean /v1/messages?"},
		{"POST", "/v1/message", "", 404, claude, "did you mean /v1/messages?"},
		{"POST", "/v1/messages/count_token", "", 404, claude, "did you mean /v1/messages/count_tokens?"},
		{"POST", "/llm/v1/messages", "anthropic-version", 404, claude, "did you mean /v1/messages?"},
		{"POST", "/v2/responses", "authorization", 404, openai, "did you mean /v1/responses?"},
		{"GET", "/llm/v1/models", "authorization", 404, openai, "did you mean /v1/models?"},
		{"POST", "/v1/response", "authorization", 404, openai, "did you mean /v1/responses?"},
		{"POST", "/v1beta/models/m:generatecontent", "", 404, google, "did you mean /v1beta/models/m:generateContent?"},
		{"POST", "/v1/models/m:generateText", "", 404, google, "no path of an API"},
		{"POST", "/v2/models/m:streamGenerateContent", "x-goog-api-key", 404, google, "did you mean /v1beta/models/m:streamGenerateContent?"},
		{"POST", "/v1/embedding", "", 404, claude, "did you mean /v1/embeddings?"},
		{"POST", "/v1/embeddings/e", "", 404, openai, "did you mean /v1/embeddings?"},
		{"POST", "/llm/v1/embeddings", "authorization", 404, openai, "did you mean /v1/embeddings?"},
		{"POST", "/v1/audio", "", 404, openai, "did you mean /v1/audio/transcriptions?"},
		{"POST", "/v1/audio/transcription", "", 404, openai, "did you mean /v1/audio/transcriptions?"},
		{"POST", "/v1/audio/translation", "", 404, openai, "did you mean /v1/audio/translations?"},
		{"POST", "/v1beta/models/m:embedContents", "", 404, google, "did you mean /v1beta/models/m:embedContent?"},
		{"POST", "/v1beta/models/m:batchembedcontents", "", 404, google, "did you mean /v1beta/models/m:batchEmbedContents?"},
		{"POST", "/v1/nonsense", "", 404, claude, "no path of an API that this gateway speaks\""}, // whose it is nothing tells
		{"POST", "/", "", 404, claude, "no path of an API"},
		{"PUT", "/api/hello", "", 404, claude, "no path of an API"},

		{"POST", "/v1/rerank", "authorization", 404, openai, "/v1/embeddings"},
		{"POST", "/v2/rerank", "authorization", 404, openai, "/v1/embeddings"},
		{"POST", "/v1/images/variations", "", 404, openai, "/v1/images/edits"},
		{"PUT", "/openai/deployments/x?api-version=2024-10-21", "", 404, openai, "GET /v1/models"},
		{"POST", "/api/chat", "", 404, openai, "base URL that ends in /v1"},
		{"POST", "/api/generate", "", 404, claude, "base URL that ends in /v1"},
		{"POST", "/api/embed", "", 404, claude, "base URL that ends in /v1"},
		{"POST", "/api/create", "", 404, claude, "base URL that ends in /v1"},
		{"DELETE", "/api/delete", "", 404, claude, "base URL that ends in /v1"},

		{"PUT", "/v1/chat/completions", "", 405, openai, "use POST"},
		{"DELETE", "/v1/messages", "", 405, claude, "use POST"},
		{"PUT", "/v1/embeddings", "", 405, openai, "use POST"},
		{"DELETE", "/openai/deployments/x/embeddings", "", 405, openai, "use POST"},
		{"PUT", "/v1/audio/transcriptions", "", 405, openai, "use POST"},
		{"PUT", "/v1beta/models/gemini-embedding-001:embedContent", "", 405, google, "use POST"},
		{"POST", "/v1/models", "", 405, openai, "use GET"},
		{"DELETE", "/v1/models/gemini-3.8-flash", "", 405, openai, "use GET"},
		{"POST", "/v1beta/models", "", 405, google, "use GET"},

		{"POST", "/v1/messages/batches", "", 404, claude, "one by one"},
		{"GET", "/anthropic/v1/messages/batches/b/results", "", 404, claude, "one by one"},
		{"POST", "/v1/batches", "", 404, openai, "one by one"},
		{"POST", "/v1beta/batches", "", 404, google, "one by one"},
		{"POST", "/v1beta/models/m:batchGenerateContent", "", 404, google, "one by one"},
		{"POST", "/v1/files", "", 404, openai, "no files are kept"},
		{"GET", "/v1/files/f/content", "anthropic-version", 404, claude, "no files are kept"},
		{"POST", "/anthropic/v1/files", "", 404, claude, "no files are kept"},
		{"POST", "/v1beta/files", "", 404, google, "no files are kept"},
		{"POST", "/upload/v1beta/files?uploadType=resumable", "", 404, google, "no files are kept"},
		{"GET", "/v1/responses/abc", "", 404, openai, "send the whole conversation"},
		{"DELETE", "/v1/responses/abc", "", 404, openai, "send the whole conversation"},
		{"GET", "/responses/abc/input_items?limit=2", "", 404, openai, "send the whole conversation"},
		{"POST", "/openai/v1/responses/abc/cancel", "", 404, openai, "send the whole conversation"},
		{"POST", "/v1/responses/compact", "", 404, openai, "not compacted"},
		{"POST", "/v1/conversations", "", 404, openai, "send the whole conversation"},
		{"POST", "/v1/assistants", "", 404, openai, "send the whole conversation"},
		{"POST", "/v1/threads/t/runs", "", 404, openai, "send the whole conversation"},
		{"POST", "/v1/moderations", "", 404, openai, "safety settings"},
		{"GET", "/v1/realtime?model=m", "", 404, openai, "over HTTP"},
		{"POST", "/v1/audio/speech", "", 404, openai, "/v1/chat/completions"},
		{"POST", "/v1/fine_tuning/jobs", "", 404, openai, "not trained"},
		{"POST", "/v1beta/cachedContents", "", 404, google, "allow.cached_contents"},
		{"POST", "/v1/projects/p/locations/l/cachedContents", "", 404, google, "allow.cached_contents"},
		{"POST", "/v1beta/interactions", "", 404, google, ":generateContent"},
		{"POST", "/v1beta/models/m:predict", "", 404, google, ":generateContent"},
		{"POST", "/v1beta/models/gemini-embedding-001:asyncBatchEmbedContent", "", 404, google, "one by one"},
		{"POST", "/v1/projects/p/locations/l/publishers/google/models/m:predictLongRunning", "", 404, google, "videos"},
		{"POST", "/v1/projects/p/locations/l/publishers/anthropic/models/m:streamRawPredict", "", 404, google, "ANTHROPIC_BASE_URL"},
		{"POST", "/model/anthropic.claude/invoke-with-response-stream", "", 404, claude, "ANTHROPIC_BASE_URL"},
		{"GET", "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent", "", 404, google, "over HTTP"},
	} {
		r := newRig(t, nil)
		var headers []string
		if c.header != "" {
			headers = []string{c.header, "k"}
		}
		reply := r.headOnly(c.method, c.path, headers...).RequestHeaders()
		if reply == nil || reply.Status != c.status || reply.Verdict != policies.Fail || reply.Headers.Get("x-should-retry") == "true" {
			t.Errorf("%s %s: %+v", c.method, c.path, reply)
			continue
		}
		if body := string(reply.Body); !strings.Contains(body, c.shape) || !strings.Contains(body, c.says) || strings.Contains(body, "model_not_found") {
			t.Errorf("%s %s: %s\nwant %s, %q", c.method, c.path, body, c.shape, c.says)
		}
		if allow := reply.Headers.Get("allow"); (allow != "") != (c.status == 405) || c.status == 405 && !strings.HasPrefix(allow, strings.TrimPrefix(c.says, "use ")) {
			t.Errorf("%s %s: allow %q", c.method, c.path, allow)
		}
	}
}

// Whoever looks for Ollama or Azure is told how to ask this gateway, and has not
// failed.
func TestOtherServicesProbes(t *testing.T) {
	for _, line := range []string{"GET /api/tags", "HEAD /api/tags", "POST /api/show", "GET /api/ps", "GET /api/version", "GET /openai/deployments?api-version=2024-10-21", "GET /v1/engines"} {
		method, path, _ := strings.Cut(line, " ")
		reply := newRig(t, nil).headOnly(method, path).RequestHeaders()
		says := "base URL that ends in /v1"
		if !strings.HasPrefix(path, "/api/") {
			says = "GET /v1/models"
		}
		if reply == nil || reply.Status != 404 || reply.Verdict != policies.Pass || !strings.Contains(string(reply.Body), says) {
			t.Errorf("%s: %+v", line, reply)
		}
	}
}

// However long a path is, little of it comes back.
func TestLongPath(t *testing.T) {
	long := strings.Repeat("a/", 20_000) + strings.Repeat("b", 20_000)
	for _, line := range []string{"POST /" + long, "GET /.well-known/" + long, "GET /v1beta/models/" + long + ":generateContent", "GET /v1/models/" + long} {
		method, path, _ := strings.Cut(line, " ")
		reply := newRig(t, nil).headOnly(method, path).RequestHeaders()
		if reply == nil || reply.Status/100 != 4 || len(reply.Body) > 8<<10 {
			t.Errorf("%.30s: %d bytes", line, len(fmt.Sprint(reply)))
		}
	}
}
