package exchange

import (
	"errors"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/route"
)

// Whatever upstream says passes one of these functions on its way out of the
// process: forLog, forClient, or fitForClient for a whole error. policies/heal has
// taken out what it can tell by its form; what is configured is known here.
//
// A provider may quote the prompt. The client gets such a message whole; records
// and the log get what gemini.WordsForRecords leaves of it.

// secretsOf are all secrets of the configuration.
func secretsOf(cfg Config) redact.Secrets {
	list := append([]string{cfg.Hop}, cfg.ClientKeys...)
	for _, k := range cfg.MemoryKeys {
		list = append(list, string(k))
	}
	for _, a := range cfg.Accounts {
		list = append(list, a.Secret.Reveal())
	}
	return redact.NewSecrets(list...)
}

// projectNames replaces the names of the backends' projects for clients. A name
// that is as short as a word is not replaced.
func projectNames(backends []route.Backend) *strings.Replacer {
	const shortest = 6 // of a project's id, by Google's rules
	var list []string
	for _, b := range backends {
		if len(b.Project) >= shortest {
			list = append(list, b.Project, "[redacted]")
		}
	}
	return strings.NewReplacer(list...)
}

// forLog is a text of upstream's for the log: without secrets, and not longer
// than redact.Limit.
func (x *Exchange) forLog(text string) string {
	text = redact.ForLog(x.secrets.Hide(redact.Bound(text, redact.SearchLimit)))
	return policies.Clean(redact.Bound(text, redact.Limit))
}

// forRecords is a client's error for records and the log.
func forRecords(e *conversation.Error) error {
	if e.Foreign {
		return errors.New(gemini.WordsForRecords(e.Message))
	}
	return e
}

// forBodies is a client's body, or an answer, for keeping: without secrets, but
// whole.
func (x *Exchange) forBodies(text string) string { return redact.ForLog(x.secrets.Hide(text)) }

// forClient is a text of upstream's for the client: without secrets and without
// the gateway's internals.
func (x *Exchange) forClient(text string) string {
	text = redact.ForClient(x.secrets.Hide(redact.Bound(text, redact.SearchLimit)))
	return redact.Bound(x.projects.Replace(text), redact.Limit)
}

// paramLimit bounds the name of a field in an error, in bytes.
const paramLimit = 256

// fitForClient redacts the texts of an upstream error for the client.
func (x *Exchange) fitForClient(e *conversation.Error) {
	e.Message, e.Param = x.forClient(e.Message), redact.Bound(x.forClient(e.Param), paramLimit)
}
