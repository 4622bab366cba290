package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/test/fakegemini"
)

// requests runs the recorded requests of one API.
func (c *corpus) requests(a api) error {
	table := a.name + " requests"
	for r, err := range rows[row](c.dir, a.requests) {
		if err != nil {
			return err
		}
		path, body, skip := a.ask(r)
		if skip != "" {
			c.report.count(table, r.Source, skipped)
			c.report.note(table, "skipped: "+skip)
			continue
		}
		worst, why := right, map[string]bool{}
		for i, t := range targets {
			o, faults := c.request(a, r, path, body, t, c.translators[i])
			switch o {
			case exception:
				c.report.fault(r.ID+" → "+t.name+" ("+a.name+", "+r.Source+")", faults...)
			case refused:
				why[faults[0]] = true
			}
			worst = worse(worst, o)
		}
		c.report.count(table, r.Source, worst)
		for w := range why {
			c.report.note(table, w)
		}
	}
	return nil
}

// worse of two outcomes of one row: it is right only if it is so everywhere.
func worse(a, b outcome) outcome {
	order := []outcome{right, refused, unwanted, skipped, exception}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// request runs one row for one target.
func (c *corpus) request(a api, r row, path string, body []byte, t target, tr *exchange.Translator) (outcome, []string) {
	got := tr.Request(context.Background(), head(path), body)
	if !r.accepted() {
		if got.Reply != nil && (got.Reply.Status < 400 || got.Reply.Status >= 500) {
			return exception, []string{fmt.Sprintf("what its own API refused with %d got %d %s", r.Status, got.Reply.Status, got.Reply.Body)}
		}
		return unwanted, nil
	}
	doc, err := parse(body)
	if err != nil {
		return exception, []string{"the recorded body is no JSON: " + err.Error()}
	}
	want := a.read(doc)
	if got.Reply != nil {
		if a.native {
			if _, own := fakegemini.Validate(t.path(), body, strict); own != nil && got.Reply.Status == 400 {
				return refused, []string{"refused for what this Gemini would refuse"}
			}
		}
		return refusal(want, t, got.Reply)
	}
	if _, err := fakegemini.Validate(got.Forward.Path, got.Forward.Body, strict); err != nil {
		if _, own := fakegemini.Validate(got.Forward.Path, body, strict); a.native && own != nil {
			return refused, []string{"sent as the client wrote it, which this Gemini refuses"}
		}
		return exception, []string{"Gemini would refuse: " + strings.TrimSpace(err.Error())}
	}
	if strings.HasSuffix(got.Forward.Path, ":countTokens") && t.backend.Kind == route.Vertex {
		want.limits.choice = "" // the request has no place for it
	}
	doc, err = parse(got.Forward.Body)
	if err != nil {
		return exception, []string{"the rendered body is no JSON: " + err.Error()}
	}
	if faults := compare(want, readGemini(doc), t); len(faults) > 0 {
		return exception, faults
	}
	return right, nil
}

// refusal checks a refusal: the request must give a reason for it.
func refusal(want *said, t target, reply *policies.Reply) (outcome, []string) {
	reasons := slices.Clone(want.mayRefuse)
	if t.old && len(want.tools) > 0 && len(want.builtins) > 0 {
		reasons = append(reasons, "built-in tools beside functions on 2.5")
	}
	if t.old && len(want.tools) > 0 && want.limits.json {
		reasons = append(reasons, "JSON output beside functions on 2.5")
	}
	if len(reasons) == 0 || reply.Status != 400 {
		return exception, []string{fmt.Sprintf("refused with %d: %s", reply.Status, reply.Body)}
	}
	return refused, []string{"refused for " + strings.Join(reasons, ", ")}
}

// head is the head of a client's request.
func head(path string) *policies.Request {
	return &policies.Request{Method: "POST", Path: path, Headers: policies.Headers{
		{Name: "content-type", Value: "application/json"},
		{Name: policies.HeaderRequestID, Value: "corpus"},
	}}
}
