package bootstrap

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy"
)

// A mesh's log that prints queries is no problem if its filter leaves out every
// name by which heald is called.
func TestCheckLogFilter(t *testing.T) {
	const log = "- name: envoy.access_loggers.stdout"
	for _, c := range []struct {
		name, filter, domains string
		spared                bool
	}{
		{"none", "", `"llm.example.com"`, false},
		{"the host", `!request.host.matches('(?i)^llm[.]example[.]com[.]?(:[0-9]+)?$') && destination.port != 18081`, `"llm.example.com", "llm.example.com:*"`, true},
		{"the host, the other way round", `destination.port != 18081 && !request.host.matches('^llm[.]')`, `"llm.example.com"`, true},
		{"a team's host is missing", `!request.host.matches('^llm[.]example[.]com$')`, `"llm.example.com", "search.example.com"`, false},
		{"all hosts", `!request.host.matches('^llm[.]example[.]com$')`, `"*"`, false},
		{"the host alone", `request.host.matches('^llm[.]example[.]com$')`, `"llm.example.com"`, false},
		{"either", `!request.host.matches('^llm[.]') || response.code >= 400`, `"llm.example.com"`, false},
		{"a service by name and address", `!request.host.matches('(?i)^llm([.]search([.]svc)?)?[.]?(:[0-9]+)?$')`, `"llm.search.svc", "llm", "10.1.2.3", "10.1.2.3:80", "[fd00::1]:80"`, true},
		{"an address alone", `!request.host.matches('^llm$')`, `"10.1.2.3"`, false},
		{"no pattern", `!request.host.matches('(')`, `"llm.example.com"`, false},
		{"another listener's port", `destination.port != 18081`, `"llm.example.com"`, false},
		{"this listener's port", `destination.port != 10000`, `"llm.example.com"`, true},
	} {
		edits := []edit{
			{`path: "%PATH(NQ)%"`, `path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"`},
			{"domains: [\"*\"]\n              # heald counts", "domains: [" + c.domains + "]\n              # heald counts"},
		}
		if c.filter != "" {
			edits = append(edits, edit{log, log + fmt.Sprintf("\n            filter: {extension_filter: {name: cel, typed_config: "+
				"{\"@type\": type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter, expression: %q}}}", c.filter)})
		}
		told := false
		for _, p := range checkText(t, apply(t, string(envoy.Config), edits), Want{}) {
			told = told || !p.Note && strings.Contains(p.Path, "access_log[")
		}
		if told == c.spared {
			t.Errorf("%s: the log is a problem: %t, want %t", c.name, told, !c.spared)
		}
	}
}
