package exchange

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/resume"
)

// lister plays the listener: it answers requests for lists.
type lister struct {
	mu     sync.Mutex
	asked  []string          // cluster, credential and path of each request
	pages  map[string]string // by cluster and path
	refuse map[string]int    // status by credential
	down   bool              // nobody is there
	hold   chan struct{}     // answers come once it is closed; nil: at once
	others []*http.Request   // requests that are no GET
}

func (l *lister) RoundTrip(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	key := req.Header.Get("x-goog-api-key") + req.Header.Get("authorization")
	l.asked = append(l.asked, req.Header.Get("x-heald-cluster")+" "+key+" "+req.Host+req.URL.RequestURI())
	page, found := l.pages[req.Header.Get("x-heald-cluster")+" "+req.URL.RequestURI()]
	status, down, hold := l.refuse[key], l.down, l.hold
	if req.Method != http.MethodGet {
		l.others = append(l.others, req)
	}
	l.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	switch {
	case down:
		return nil, errors.New("connection refused")
	case status == 0 && !found:
		status = http.StatusNotFound
	case status == 0:
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(page))}, nil
}

func (l *lister) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.asked)
}

const (
	studioList = "a /v1beta/models?pageSize=1000"
	vertexList = "b /v1beta1/publishers/google/models?pageSize=1000"
)

// newLister makes an exchange whose lists come from a lister.
func newLister(t *testing.T, change func(*Config)) (rig, *lister) {
	t.Helper()
	r := newRig(t, func(c *Config) {
		c.ResumeVia = "http://envoy.example:1"
		if change != nil {
			change(c)
		}
	})
	l := &lister{pages: map[string]string{
		studioList: `{"models":[
			{"name":"models/gemini-3.8-flash","inputTokenLimit":5,"outputTokenLimit":5,"supportedGenerationMethods":["generateContent","countTokens"],"thinking":true},
			{"name":"models/gemini-3-pro-preview","inputTokenLimit":5,"outputTokenLimit":5,"supportedGenerationMethods":["generateContent"],"thinking":true},
			{"name":"models/gemini-9-ultra","inputTokenLimit":9000,"outputTokenLimit":90,"supportedGenerationMethods":["generateContent","countTokens","batchGenerateContent"],"thinking":true}],
			"nextPageToken":"a b"}`,
		studioList + "&pageToken=a+b": `{"models":[
			{"name":"models/gemini-9-plain","inputTokenLimit":800,"outputTokenLimit":80,"supportedGenerationMethods":["generateContent"]},
			{"name":"models/gemini-9-house","inputTokenLimit":800,"outputTokenLimit":80,"supportedGenerationMethods":["generateContent"],"thinking":true},
			{"name":"models/gemini-2.5-flash-preview-tts","inputTokenLimit":8192,"outputTokenLimit":16384,"supportedGenerationMethods":["generateContent","countTokens"]},
			{"name":"models/gemini-embedding-9","inputTokenLimit":700,"outputTokenLimit":1,"supportedGenerationMethods":["embedContent","countTextTokens","countTokens","asyncBatchEmbedContent"]},
			{"name":"models/gemini-9-vectors","inputTokenLimit":600,"outputTokenLimit":1,"supportedGenerationMethods":["embedContent"]},
			{"name":"models/imagen-9","supportedGenerationMethods":["predict"]},
			{"name":"models/../etc"}]}`,
		vertexList: `{"publisherModels":[{"name":"publishers/google/models/gemini-9-vertex","versionId":"default"},
			{"name":"publishers/google/models/gemini-3-pro-preview"},{"name":"publishers/google/models/text-embedding-9"},{"name":"publishers/google/models/gemini-9-live"}]}`,
	}}
	r.rest = resume.NewClientOf(l)
	return r, l
}

// get asks for a list.
func (r rig) get(path string, headers ...string) *policies.Reply {
	a := r.begin(1, "", headers...)
	a.in.Method, a.in.Path, a.in.NoBody = http.MethodGet, path, true
	defer a.Close(policies.EndComplete)
	return a.RequestHeaders()
}

// listed asks for Gemini's list and returns it by name.
func (r rig) listed(t *testing.T) map[string]nativeEntry {
	t.Helper()
	var list struct{ Models []nativeEntry }
	if reply := r.get("/v1beta/models"); reply == nil || json.Unmarshal(reply.Body, &list) != nil {
		t.Fatalf("no list: %+v", reply)
	}
	out := map[string]nativeEntry{}
	for _, m := range list.Models {
		out[strings.TrimPrefix(m.Name, "models/")] = m
	}
	return out
}

type nativeEntry struct {
	Name                              string
	InputTokenLimit, OutputTokenLimit int
	SupportedGenerationMethods        []string
	Thinking                          bool
}

// warnings counts the lines about lists.
func (r rig) warnings() int { return r.log.FilterMessageSnippet("list of models").Len() }
