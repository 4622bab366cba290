package redact

import "testing"

const someKey = "AIzaSyA1234567890abcdefghijklmnopqrstuv"

// The wordings are Google's.
func TestTextsOfTheProvider(t *testing.T) {
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
		{"a key of the new form", "key AQ.Ab8RN6Jx_example-Key1234 is invalid", "key [redacted] is invalid", "key [redacted] is invalid"},
		{"address of a person", "Owner jane.doe+x@example.co.uk must enable it", "Owner [redacted] must enable it", "Owner jane.doe+x@example.co.uk must enable it"},
		{"bucket", "Cannot read gs://house-files/secret/plan.pdf.", "Cannot read [redacted].", "Cannot read gs://house-files/secret/plan.pdf."},
		{"inner address", "dial tcp 10.12.0.7:8443: refused", "dial tcp [redacted]: refused", "dial tcp 10.12.0.7:8443: refused"},
		{"loopback, link-local and IPv6", "via 127.0.0.1:9000, 169.254.169.254, [fd00::1]:80 and localhost:9001", "via [redacted], [redacted], [redacted] and [redacted]", "via 127.0.0.1:9000, 169.254.169.254, [fd00::1]:80 and localhost:9001"},
		{"inner names", "metadata.google.internal, proxy.corp.local:3128 and x.default.svc.cluster.local failed", "[redacted], [redacted] and [redacted] failed", "metadata.google.internal, proxy.corp.local:3128 and x.default.svc.cluster.local failed"},
		{"public names, numbers and times stay", "8.8.8.8 said at 12:34:56 that settings.local.json and gemini-2.5 are 1.2.3", "8.8.8.8 said at 12:34:56 that settings.local.json and gemini-2.5 are 1.2.3", "8.8.8.8 said at 12:34:56 that settings.local.json and gemini-2.5 are 1.2.3"},
		{"user and password", "proxy socks5://me:pw1234@proxy.example failed", "proxy socks5://[redacted]@proxy.example failed", "proxy socks5://[redacted]@proxy.example failed"},
		{"nothing to hide", "The input token count (12345) exceeds the maximum; project your costs.",
			"The input token count (12345) exceeds the maximum; project your costs.", "The input token count (12345) exceeds the maximum; project your costs."},
	} {
		if got := ForClient(c.in); got != c.client {
			t.Errorf("%s: the client gets\n%s, want\n%s", c.name, got, c.client)
		}
		if got := ForLog(c.in); got != c.log {
			t.Errorf("%s: the log gets\n%s, want\n%s", c.name, got, c.log)
		}
	}
}

func TestInternal(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1:8080": true, "10.0.0.7": true, "192.168.1.1:80": true, "172.20.0.1": true, "169.254.169.254": true, "100.64.1.1": true,
		"[::1]:80": true, "[fd00::1]": true, "[fe80::1]:443": true, "localhost": true, "localhost:1": true, "gemini": true, "proxy:80": true,
		"x.ns.svc": true, "x.ns.svc.cluster.local:80": true, "metadata.google.internal": true,
		"0.0.0.0": true, "[::]:80": true, "::1": true, "[::ffff:10.0.0.1]:80": true, "LOCALHOST": true, "x.LOCAL.": true, "gemini.": true,
		"a.internal": true, "a.local": true, "a.localdomain": true, "a.svc": true, "a.intranet": true, "a.lan": true, "a.corp": true, "a.corporation": false,
		"100.64.0.0": true, "100.127.255.255": true, "100.63.255.255": false, "100.128.0.0": false, ":80": false, "224.0.0.1": false, "local.example.com:80": false,
		"8.8.8.8": false, "generativelanguage.googleapis.com": false, "example.com:80": false, "[2001:4860::1]:80": false, "internal.example.com": false, "": false,
	} {
		if got := Internal(host); got != want {
			t.Errorf("%s: %t, want %t", host, got, want)
		}
	}
}
