package heal

import (
	"strings"
	"testing"
)

const someKey = "AIzaSyA1234567890abcdefghijklmnopqrstuv"

// The wordings are Google's.
func TestRedact(t *testing.T) {
	for _, c := range []struct{ name, in, client, log string }{
		{"suspended key", "Permission denied: Consumer 'api_key:" + someKey + "' has been suspended.",
			"Permission denied: Consumer '[redacted]' has been suspended.", "Permission denied: Consumer '[redacted]' has been suspended."},
		{"a key of another form", "Consumer 'api_key:house-key-1' has been suspended.",
			"Consumer '[redacted]' has been suspended.", "Consumer '[redacted]' has been suspended."},
		{"token", "Request had invalid credentials: Bearer ya29.a0AfH6SMBx-y_z", "Request had invalid credentials: [redacted]", "Request had invalid credentials: [redacted]"},
		{"quota", "Quota exceeded for quota metric 'Generate requests' and limit 'per minute' of service 'generativelanguage.googleapis.com' for consumer 'project_number:123456789012'.",
			"Quota exceeded for quota metric 'Generate requests' and limit 'per minute' of service 'generativelanguage.googleapis.com' for consumer 'project_number:[redacted]'.",
			"Quota exceeded for quota metric 'Generate requests' and limit 'per minute' of service 'generativelanguage.googleapis.com' for consumer 'project_number:123456789012'."},
		{"disabled", "API has not been used in project 123456789012 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/x/overview?project=123456789012 then retry.",
			"API has not been used in project [redacted] before or it is disabled. Enable it by visiting [link] then retry.",
			"API has not been used in project 123456789012 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/x/overview?project=123456789012 then retry."},
		{"resource", "Publisher Model `projects/my-project/locations/europe-west4/publishers/google/models/gemini-x` was not found.",
			"Publisher Model `projects/[redacted]/locations/europe-west4/publishers/google/models/gemini-x` was not found.",
			"Publisher Model `projects/my-project/locations/europe-west4/publishers/google/models/gemini-x` was not found."},
		{"domain-scoped project", "Model projects/example.com:my-proj/locations/l. Not found.",
			"Model projects/[redacted]/locations/l. Not found.", "Model projects/example.com:my-proj/locations/l. Not found."},
		{"project at the end", "No access to projects/my-proj.", "No access to projects/[redacted].", "No access to projects/my-proj."},
		{"service account", "Permission denied for sa-1@my-proj.iam.gserviceaccount.com.",
			"Permission denied for [redacted].", "Permission denied for sa-1@my-proj.iam.gserviceaccount.com."},
		{"link without a scheme", "Call europe-west4-aiplatform.googleapis.com/v1/projects/p failed.",
			"Call [link] failed.", "Call europe-west4-aiplatform.googleapis.com/v1/projects/p failed."},
		{"a metric is no link", "quota generativelanguage.googleapis.com/generate_requests",
			"quota generativelanguage.googleapis.com/generate_requests", "quota generativelanguage.googleapis.com/generate_requests"},
		{"link at the end", "Learn more: https://ai.google.dev/x?key=abcdef.", "Learn more: [link].", "Learn more: https://ai.google.dev/x[redacted]"},
		{"nothing to hide", "The input token count (12345) exceeds the maximum; project your costs.",
			"The input token count (12345) exceeds the maximum; project your costs.", "The input token count (12345) exceeds the maximum; project your costs."},
	} {
		if got := redact(c.in); got != c.client {
			t.Errorf("%s: the client gets\n%s, want\n%s", c.name, got, c.client)
		}
		if got := redactKeys(c.in); got != c.log {
			t.Errorf("%s: the log gets\n%s, want\n%s", c.name, got, c.log)
		}
	}
}

// Whatever upstream says, and with whatever status.
func TestJudgeTellsNoKeys(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 413, 418, 429, 500, 503} {
		r := Judge(seen(status, message("Consumer 'api_key:"+someKey+"' in projects/123456789012, see https://x.example/")))
		for where, text := range map[string]string{"client": r.Client.Message, "log": r.Err.Error()} {
			if strings.Contains(text, someKey) {
				t.Errorf("%d: the %s gets the key: %s", status, where, text)
			}
		}
		if strings.Contains(r.Client.Message, "123456789012") || strings.Contains(r.Client.Message, "https:") {
			t.Errorf("%d: the client gets %s", status, r.Client.Message)
		}
	}
}
