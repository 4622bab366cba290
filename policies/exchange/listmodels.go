package exchange

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/endpoint"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/route"
)

// Model lists are answered here, in the words of the client's API. What is in them
// is decided in package route.

// listModels answers a request for the list of models, or for one of them; nil
// if the request is for something else.
func (a *attempt) listModels() *policies.Reply {
	name, ok := a.endpoint.Listed()
	if !ok || a.in.Method != http.MethodGet && a.in.Method != http.MethodHead {
		return nil
	}
	if reply := a.checkModel(name); reply != nil {
		return reply
	}
	return a.modelReply(name)
}

// catalog is the catalog of models, as the attempt sees it.
func (a *attempt) catalog() route.View { return a.x.catalog.View(a.backends, &a.settings) }

// modelReply answers with the list of models, or with the one of this name.
// A tenant sees what it may use. Anthropic's list has no models that make
// embeddings, since its clients offer all of the list for chats.
func (a *attempt) modelReply(name string) *policies.Reply {
	view := a.catalog()
	view.Await()
	unlisted := func(m route.Listed) bool {
		_, allowed := a.x.cfg.Models.Allowed(m.Name, a.caller.Tenant.MayUse)
		return !allowed || a.endpoint.ErrorDialect(a.in.Headers) == endpoint.Claude && m.Can.Embeds()
	}
	var body any
	if name != "" {
		model, ok := view.Find(name)
		if !ok || unlisted(model) {
			return a.refuseModel(heal.ReasonModelList, conversation.ErrNotFound, redact.Quote(name)+" is not served by this gateway")
		}
		body = a.oneModel(model)
	} else {
		var err error
		if body, err = a.allModels(slices.DeleteFunc(view.Models(), unlisted)); err != nil {
			return a.refuseError(err)
		}
	}
	text, _ := json.Marshal(body) // strings and numbers always encode
	a.record.final = true
	a.settle(policies.Pass, heal.ReasonModelList)
	a.move(over)
	return &policies.Reply{
		Status: http.StatusOK, Verdict: policies.Pass, Reason: heal.ReasonModelList, Body: text,
		Headers: append(policies.Headers{
			{Name: "content-type", Value: "application/json"},
			{Name: policies.HeaderLocal, Value: heal.ReasonModelList},
			{Name: policies.HeaderClientRequestID, Value: a.requestID()},
		}, a.x.cfg.Browsers.corsHeaders(a.in)...),
	}
}

// oneModel encodes a single model.
func (a *attempt) oneModel(m route.Listed) any {
	switch by := a.endpoint.ErrorDialect(a.in.Headers); {
	case by == endpoint.Native && a.endpoint.Publishers():
		return m.Vertex()
	case by == endpoint.Native:
		return m.Native()
	case by == endpoint.Claude:
		return m.Claude()
	}
	return m.OpenAI()
}

// allModels encodes the page that the query asks for.
func (a *attempt) allModels(models []route.Listed) (any, error) {
	switch by := a.endpoint.ErrorDialect(a.in.Headers); {
	case by == endpoint.Native && a.endpoint.Publishers():
		return route.VertexList(models, a.endpoint.Query)
	case by == endpoint.Native:
		return route.NativeList(models, a.endpoint.Query)
	case by == endpoint.Claude:
		return route.ClaudeList(models, a.endpoint.Query)
	}
	list := route.OpenAIList(models)
	if a.endpoint.IsCodex() {
		list["models"] = route.CodexList(models, a.x.cfg.Models)
	}
	return list, nil
}
