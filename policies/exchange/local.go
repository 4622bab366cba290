package exchange

import (
	"net/http"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/shortcut"
)

// local answers a side request without upstream where the policy says so; nil if
// a model has to answer. It uses no tokens and reports none.
func (a *attempt) local(body []byte) *policies.Reply {
	on := a.settings.Local
	if on == (route.LocalSettings{}) || a.route.Operation != conversation.Generate {
		return nil
	}
	req := a.req
	if d := a.features.Direct; d != nil {
		req = d.Summary(body)
	} else if answer, ok := shortcut.NoTokens(req, on); ok {
		return a.localReply(answer)
	}
	answer, ok := shortcut.SideRequest(req, on)
	if !ok {
		return nil
	}
	return a.localReply(answer)
}

// localReply encodes an answer as if a model had given it.
func (a *attempt) localReply(is shortcut.Answer) *policies.Reply {
	a.x.metrics.local.WithLabelValues(is.Kind).Inc()
	frame := `data: {"candidates":[{"content":{"role":"model","parts":[{"text":` + string(conversation.Quote(is.Text)) +
		`}]},"finishReason":"` + is.Finish + `","index":0}],"modelVersion":` + string(conversation.Quote(a.req.Model)) + "}\n\n"
	t := newAnswer(a, outgoing{expect: gemini.Expect{Original: func(name string) string { return name }}}, false)
	out, err := t.feed(nil, []byte(frame), true)
	if err != nil {
		return a.refuse(heal.ReasonPanic, &conversation.Error{Kind: conversation.ErrAPI, Message: "gateway: local answer: " + err.Error()})
	}
	out = t.finish(out)
	a.record.final = true
	a.settle(policies.Pass, is.Kind)
	a.move(over)
	headers := append(t.encoder.Headers(), a.clientReadable()...)
	headers = append(headers, a.sdkRequestID()...)
	return &policies.Reply{
		Status: http.StatusOK, Verdict: policies.Pass, Reason: is.Kind, Body: out,
		Headers: append(headers, policies.Header{Name: policies.HeaderLocal, Value: is.Kind}),
	}
}
