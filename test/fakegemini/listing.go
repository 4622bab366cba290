package fakegemini

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultPage = 50
	largestPage = 1000
)

// listing answers GET on models: one, or a page of all. Vertex has neither
// under a project, and lists models in v1beta1 alone.
func (s *Server) listing(w http.ResponseWriter, r *http.Request, t target, refuse func(*apiError) Ended) Ended {
	if t.project != "" || t.vertex && t.method == list && t.version != "v1beta1" {
		e := newError(404, "Method not found.")
		return refuse(&e)
	}
	if t.method == getModel {
		c, ok := capabilityOf(t.model, s.opts.Models)
		if !ok {
			e := modelNotFound(t)
			return refuse(&e)
		}
		return writeDocument(w, s.modelEntry(t, t.model, c))
	}
	names := s.catalog()
	q := r.URL.Query()
	size, start, err := page(q.Get("pageSize"), q.Get("pageToken"), len(names))
	if err != nil {
		return refuse(err)
	}
	end := min(start+size, len(names))
	entries := make([]string, 0, size)
	for _, name := range names[start:end] {
		c, _ := capabilityOf(name, s.opts.Models)
		entries = append(entries, s.modelEntry(t, name, c))
	}
	field := "models"
	if t.vertex {
		field = "publisherModels"
	}
	next := ""
	if end < len(names) {
		next = `,"nextPageToken":` + quote(pageToken(end))
	}
	return writeDocument(w, fmt.Sprintf(`{"%s":[%s]%s}`, field, strings.Join(entries, ","), next))
}

// catalog lists the names that the fake serves.
func (s *Server) catalog() []string {
	var names []string
	for _, c := range capabilities {
		names = append(names, c.name())
	}
	for _, extra := range s.opts.Models {
		if !slices.Contains(names, extra) {
			names = append(names, extra)
		}
	}
	return names
}

func pageToken(start int) string { return "page-" + strconv.Itoa(start) }

func page(size, token string, total int) (n, start int, fail *apiError) {
	n = defaultPage
	if size != "" {
		v, err := strconv.Atoi(size)
		if err != nil || v < 0 {
			e := newError(400, fmt.Sprintf("Invalid value at 'page_size' (TYPE_INT32), %q", size))
			return 0, 0, &e
		}
		if v > 0 {
			n = min(v, largestPage)
		}
	}
	if token != "" {
		v, err := strconv.Atoi(strings.TrimPrefix(token, "page-"))
		if err != nil || token != pageToken(v) || v <= 0 || v >= total {
			e := newError(400, "Page token is not valid.")
			return 0, 0, &e
		}
		start = v
	}
	return n, start, nil
}

func (s *Server) modelEntry(t target, name string, c capability) string {
	if t.vertex {
		return `{"name":` + quote("publishers/google/models/"+name) + `,"versionId":"default","launchStage":"GA"}`
	}
	methods := `["generateContent","countTokens"]`
	if c.output == embedding {
		methods = `["embedContent","countTextTokens","countTokens","asyncBatchEmbedContent"]`
	}
	thinking := ""
	if c.budget != nil { // a flag that is false is left out
		thinking = `,"thinking":true`
	}
	input, output := s.opts.limitsOf(name)
	return fmt.Sprintf(`{"name":%s,"version":"001","displayName":%s,"inputTokenLimit":%d,"outputTokenLimit":%d,"supportedGenerationMethods":%s,"temperature":1,"topP":0.95,"topK":64,"maxTemperature":2%s}`,
		quote("models/"+name), quote(name), input, output, methods, thinking)
}

func writeDocument(w http.ResponseWriter, document string) Ended {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if _, err := w.Write(indented(document)); err != nil {
		return EndedClient
	}
	return EndedComplete
}
