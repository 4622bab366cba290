package story

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/record"
)

// A report has what is needed to find the fault, and no names.
func TestReport(t *testing.T) {
	r := stories["healed"]
	r.KeyID, r.TraceID, r.Replica = "key-of-jane", "0af7651916cd43dd8448eb211c80319c", "replica-a"
	r.Warnings = "failover: left gemini-3.8-flash at studio (upstream_overloaded)"
	r.Attempts = append([]record.Attempt{}, r.Attempts...)
	r.Attempts[0].Group = "ai_studio/acme-project"
	r.Attempts[1].Error = `gemini-2 of search: quota of project acme-secret (projects/acme-secret, project_number:123456789012) for jane.doe@example.com is used up`
	r.Resume = &record.Resume{Result: "resume_failed", Cause: "stream_truncated", Requests: 1, Backend: "vertex", Account: "eu-1", Error: "eu-1 said no"}
	r.Attempts[0].Unreadable = "gzip of gemini-1"
	r.Attempts[1].Resume = &record.Resume{Result: "resume_failed", Cause: "stream_truncated", Requests: 1, Backend: "vertex", Account: "eu-1", Error: "eu-1 of vertex said no"}
	got := Report(&r, "1.4.0")
	golden(t, "report", got)
	for _, name := range []string{"gemini-1", "gemini-2 ", "eu-1", "vertex said", "search", "studio (", "acme", "jane", "10.0.0.7", "0af765", "replica-a", "123456789012", "example.com"} {
		if strings.Contains(got, name) {
			t.Errorf("it tells %q:\n%s", name, got)
		}
	}
	for _, fact := range []string{"9f1c2a34", "1.4.0", "peek_eof", "gemini-3.8-flash", "account-1", "account-2", "backend-2", "heald translate --path /v1/messages --model gemini-3.8-flash --target ai_studio request.json"} {
		if !strings.Contains(got, fact) {
			t.Errorf("it does not tell %q:\n%s", fact, got)
		}
	}
	if r.Attempts[0].Account != "gemini-1" || r.Resume.Account != "eu-1" || r.Attempts[1].Resume.Account != "eu-1" {
		t.Error("the record itself was changed")
	}
}

// What clients choose is one word of the command.
func TestReportQuotes(t *testing.T) {
	r := stories["passed"]
	r.Path = "/v1/$(reboot)'; rm -rf /"
	r.Attempts = []record.Attempt{{Number: 1, Model: "-x"}}
	if got := translate(&r); got != `heald translate --path '/v1/$(reboot)'\''; rm -rf /' --model '-x' request.json` {
		t.Error(got)
	}
	if got := translate(&record.Request{}); got != "heald translate request.json" {
		t.Error(got)
	}
}

// Projects and addresses are nowhere, and names are whole words: the recipe must
// name the model that the client asked for.
func TestReportHidesProjectsAndKeepsTheRecipe(t *testing.T) {
	const model = "projects/acme-secret-project/locations/us-central1/endpoints/123456789012"
	r := request("failed", "model_not_found", 404, 100, func(r *record.Request) { r.Alias, r.Model, r.Path = model, model, "/v1/"+model+":generateContent" },
		try(1, "studio/gemini-1", model, "fail", "model_not_found", 404, 0, 90, func(a *record.Attempt) {
			a.Error = "Project acme-secret-project at 10.0.0.7, 10.0.0.8:443, [fd00::7]:80 and fd00::8. /projects/acme-secret-project/x"
		}))
	got := Report(&r, "1")
	for _, s := range []string{"acme", "123456789012", "10.0.0.", "fd00"} {
		if strings.Contains(got, s) {
			t.Errorf("%q in\n%s", s, got)
		}
	}
	r = request("failed", "upstream_error", 500, 100, func(r *record.Request) {
		r.Path, r.Warnings = "/v1beta/models/gemini-3.5-flash:generateContent", "left gemini-3.5-flash at gemini."
	}, try(1, "gemini/flash", "gemini-3.5-flash", "fail", "upstream_error", 500, 0, 90, func(a *record.Attempt) { a.Error = "flash of gemini, not gemini-3.5-flash or flashing" }))
	got = Report(&r, "1")
	for _, s := range []string{
		"heald translate --path /v1beta/models/gemini-3.5-flash:generateContent --model gemini-3.5-flash --target ai_studio request.json",
		"left gemini-3.5-flash at backend-1.", "account-1 of backend-1, not gemini-3.5-flash or flashing",
	} {
		if !strings.Contains(got, s) {
			t.Errorf("no %q in\n%s", s, got)
		}
	}
}
