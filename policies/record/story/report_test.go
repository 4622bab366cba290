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
