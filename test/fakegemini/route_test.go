package fakegemini

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	for _, tc := range []struct {
		verb, path string
		want       target
	}{
		{"POST", "/v1beta/models/m-1:generateContent", target{version: "v1beta", model: "m-1", method: generate}},
		{"POST", "/v1/models/m:streamGenerateContent?alt=sse", target{version: "v1", model: "m", method: stream}},
		{"POST", "/v1beta/models/m:countTokens", target{version: "v1beta", model: "m", method: count}},
		{"GET", "/v1beta/models", target{version: "v1beta", method: list}},
		{"GET", "/v1beta/models/m", target{version: "v1beta", model: "m", method: getModel}},
		{"POST", "/v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent", target{true, "v1", "p", "us-central1", "m", generate}},
		{"POST", "/v1beta1/publishers/google/models/m:countTokens", target{true, "v1beta1", "", "", "m", count}},
		{"GET", "/v1beta1/publishers/google/models", target{vertex: true, version: "v1beta1", method: list}},
		{"GET", "/v1beta/models/m:generateContent", target{}},
		{"POST", "/v1beta/models/m", target{}},
		{"POST", "/v1beta/models/m:predict", target{}},
		{"POST", "/v1beta1/models/m:generateContent", target{}},
		{"POST", "/v2/models/m:generateContent", target{}},
		{"POST", "/v1beta/models/a%2Fb:generateContent", target{}},
		{"POST", "/v1beta/models/../models/m:generateContent", target{}},
		{"POST", "/v1beta/models/m:generateContent/", target{}},
		{"POST", "/v1/projects/p/locations/l/publishers/anthropic/models/m:generateContent", target{}},
		{"GET", "/", target{}},
	} {
		req, err := http.NewRequest(tc.verb, "http://x"+tc.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := parseTarget(req)
		if ok != (tc.want != target{}) || ok && got != tc.want {
			t.Errorf("%s %s: got %+v %v", tc.verb, tc.path, got, ok)
		}
	}
}

func TestUnknownRouteAndModel(t *testing.T) {
	s := Start(t)
	if status, body := send(t, s, "/v1beta/nothing", ""); status != 404 || !strings.Contains(body, "That’s an error") {
		t.Errorf("route: %d %s", status, body)
	}
	for path, want := range map[string]string{
		"/v1beta/models/gemini-9:generateContent":               "models/gemini-9 is not found for API version v1beta, or is not supported for generateContent. Call ModelService.ListModels to see the list of available models and their supported methods.",
		"/v1beta/models/gemini-3-flash:generateContent":         "models/gemini-3-flash is not found for API version v1beta, or is not supported for generateContent. Call ModelService.ListModels to see the list of available models and their supported methods.",
		"/v1beta/models/gemini-embedding-001:generateContent":   "models/gemini-embedding-001 is not found for API version v1beta, or is not supported for generateContent. Call ModelService.ListModels to see the list of available models and their supported methods.",
		"/v1/publishers/google/models/gemini-9:generateContent": "Publisher Model `publishers/google/models/gemini-9` was not found or your project does not have access to it. Please ensure you are using a valid model version. For more information, see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
	} {
		if status, body := send(t, s, path, hello); status != 404 || errorMessage(t, body) != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	extra := Start(t, Options{Models: []string{"gemini-9"}})
	if status, body := send(t, extra, "/v1beta/models/gemini-9:generateContent", hello); status != 200 {
		t.Errorf("extra model: %d %s", status, body)
	}
}

func TestCredentials(t *testing.T) {
	s := Start(t, Options{Keys: []string{"good"}})
	for _, tc := range []struct {
		name, path, query string
		header            map[string]string
		status            int
		want              string // in the body
	}{
		{"header", studio25, "", map[string]string{"x-goog-api-key": "good"}, 200, "candidates"},
		{"query", studio25, "?key=good", nil, 200, "candidates"},
		{"bearer", vertex25, "", map[string]string{"Authorization": "Bearer good"}, 200, "candidates"},
		{"none", studio25, "", nil, 403, "PERMISSION_DENIED"},
		{"none on vertex", vertex25, "", nil, 401, "CREDENTIALS_MISSING"},
		{"empty", studio25, "", map[string]string{"x-goog-api-key": ""}, 400, "API_KEY_INVALID"},
		{"invalid", studio25, "", map[string]string{"x-goog-api-key": "bad"}, 400, "API key not valid. Please pass a valid API key."},
		{"invalid bearer", vertex25, "", map[string]string{"Authorization": "Bearer bad"}, 401, "ACCESS_TOKEN_TYPE_UNSUPPORTED"},
		{"basic", studio25, "", map[string]string{"Authorization": "Basic good"}, 401, "UNAUTHENTICATED"},
		{"two kinds", studio25, "?key=good", map[string]string{"x-goog-api-key": "good"}, 400, "Multiple authentication credentials received. Please pass only one."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req := newRequest(t, s, tc.path+tc.query, hello)
			req.Header.Del("X-Goog-Api-Key")
			for k, v := range tc.header {
				req.Header.Set(k, v)
			}
			if status, body := do(t, req); status != tc.status || !strings.Contains(body, tc.want) {
				t.Errorf("%d %s", status, body)
			}
		})
	}
}

func TestBodies(t *testing.T) {
	s := Start(t)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte(hello)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, body, encoding, kind string
		status                     int
		want                       string
	}{
		{"gzip", zipped.String(), "gzip", "application/json", 200, "candidates"},
		{"not gzip", hello, "gzip", "application/json", 400, "Request body is not valid gzip"},
		{"brotli", hello, "br", "application/json", 400, "Unsupported content encoding"},
		{"charset", hello, "", "application/json; charset=utf-8", 200, "candidates"},
		{"form", hello, "", "application/x-www-form-urlencoded", 400, "expected application/json"},
		{"no type", hello, "", "", 400, "expected application/json"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req := newRequest(t, s, studio25, tc.body)
			req.Header.Set("Content-Type", tc.kind)
			if tc.encoding != "" {
				req.Header.Set("Content-Encoding", tc.encoding)
			}
			if status, body := do(t, req); status != tc.status || !strings.Contains(body, tc.want) {
				t.Errorf("%d %s", status, body)
			}
		})
	}
	if got := string(s.Requests()[0].Body); got != hello {
		t.Errorf("recorded body %q", got)
	}
}

func TestCleartextHTTP2(t *testing.T) {
	s := Start(t)
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: &p}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Do(newRequest(t, s, studio25, hello))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != 200 || s.Requests()[0].Proto != "HTTP/2.0" {
		t.Errorf("%s %d", resp.Proto, resp.StatusCode)
	}
	s.Enqueue(ResetMidStream(1), Text("after"))
	resp, err = (&http.Client{Transport: tr}).Do(newRequest(t, s, stream25, hello))
	if err != nil {
		t.Fatal(err)
	}
	_, err = new(bytes.Buffer).ReadFrom(resp.Body)
	resp.Body.Close()
	if err == nil {
		t.Error("a reset stream ended cleanly")
	}
	resp, err = (&http.Client{Transport: tr}).Do(newRequest(t, s, stream25, hello))
	if err != nil {
		t.Fatalf("the connection should have survived: %v", err)
	}
	resp.Body.Close()
}

func TestListing(t *testing.T) {
	s := Start(t)
	seen := map[string]bool{}
	token := ""
	for range 100 {
		_, body := send(t, s, "/v1beta/models?pageSize=7&pageToken="+token, "")
		n, err := parseNode([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range n.member("models").list() {
			if seen[m.member("name").str()] {
				t.Errorf("%s twice", m.member("name").str())
			}
			seen[m.member("name").str()] = true
		}
		if token = n.member("nextPageToken").str(); token == "" {
			break
		}
	}
	if len(seen) != len(capabilities) || !seen["models/gemini-3-flash-preview"] || seen["models/gemini-3-flash"] {
		t.Errorf("%d models: %v", len(seen), seen)
	}
	for path, want := range map[string]int{
		"/v1beta/models/gemini-2.5-pro":                       200,
		"/v1beta/models/gemini-9":                             404,
		"/v1beta/models?pageToken=nonsense":                   400,
		"/v1beta/models?pageSize=-1":                          400,
		"/v1beta1/publishers/google/models":                   200,
		"/v1/publishers/google/models":                        404,
		"/v1/projects/p/locations/l/publishers/google/models": 404,
	} {
		if status, body := send(t, s, path, ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestCountTokens(t *testing.T) {
	s := Start(t)
	wrapped := `{"generateContentRequest":{"model":"models/gemini-2.5-flash",` + hello[1:] + `}`
	for _, tc := range []struct {
		name, path, body string
		status           int
		want             string
	}{
		{"contents", "/v1beta/models/gemini-2.5-flash:countTokens", hello, 200, `"totalTokens": `},
		{"wrapped", "/v1beta/models/gemini-2.5-flash:countTokens", wrapped, 200, `"totalTokens": `},
		{"other model", "/v1beta/models/gemini-2.5-pro:countTokens", wrapped, 400, "the model of the URL"},
		{"both", "/v1beta/models/gemini-2.5-flash:countTokens", `{"contents":[],` + wrapped[1:], 400, "mutually exclusive with contents"},
		{"flat on vertex", "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:countTokens", with(`"systemInstruction":{"parts":[{"text":"s"}]}`), 200, `"totalBillableCharacters": `},
		{"wrapped on vertex", "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:countTokens", wrapped, 400, `Unknown name \"generateContentRequest\"`},
		{"system on AI Studio", "/v1beta/models/gemini-2.5-flash:countTokens", with(`"systemInstruction":{"parts":[{"text":"s"}]}`), 400, `Unknown name \"systemInstruction\"`},
		{"empty", "/v1beta/models/gemini-2.5-flash:countTokens", `{}`, 400, "contents is not specified"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if status, body := send(t, s, tc.path, tc.body); status != tc.status || !strings.Contains(body, tc.want) {
				t.Errorf("%d %s", status, body)
			}
		})
	}
}
