package exchange

import (
	"fmt"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/redact"
)

const (
	// warningLimit bounds the warning header, in bytes: Envoy takes 60 KiB of
	// headers in all, proxies in between less.
	warningLimit = 4 << 10
	// oneWarningLimit bounds each of them: names of fields come from clients.
	oneWarningLimit = 512
)

// warning lists what was changed or left out, as a header value; "" for nothing.
// Warnings that do not fit are counted.
func (a *attempt) warning() string {
	var w warningList
	for _, hop := range a.hops() {
		w.add(hop)
	}
	if a.memory.Repairs != 0 {
		w.add("repaired: ", a.memory.Repairs.String())
	}
	if a.req != nil {
		for _, r := range a.req.Warnings {
			w.add(r.Field, ": ", r.Why)
		}
		w.more += a.req.OmittedWarnings
	}
	return w.String()
}

// warningList joins warnings as long as they fit.
type warningList struct {
	text []byte
	more int // that did not fit
}

func (w *warningList) add(parts ...string) {
	if w.more > 0 {
		w.more++
		return
	}
	one := policies.Clean(redact.Bound(strings.Join(parts, ""), oneWarningLimit))
	if len(w.text)+len("; ")+len(one) > warningLimit-len("; and 1000000 more") {
		w.more++
		return
	}
	if len(w.text) > 0 {
		w.text = append(w.text, "; "...)
	}
	w.text = append(w.text, one...)
}

func (w *warningList) String() string {
	if w.more > 0 {
		return fmt.Sprintf("%s; and %d more", w.text, w.more)
	}
	return string(w.text)
}
