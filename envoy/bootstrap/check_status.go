package bootstrap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// reservedHint is how heald.yaml names statuses that heald does not use: as an
// example those that Envoy Gateway's form without patches needs.
const reservedHint = "reserved_status in heald.yaml names them, as in reserved_status: [502, 503, 504, 507]"

// Statuses that heald may use itself: those of errors.
const (
	firstError = 400
	lastError  = 599
)

// checkStatuses checks that a retry by status takes no reply that heald means as
// it is.
func (c *checker) checkStatuses(t *retry) {
	var own []int
	for status := firstError; status <= lastError; status++ {
		if t.status(status) && !slices.Contains(c.want.Reserved, status) {
			own = append(own, status)
		}
	}
	if len(own) == 0 {
		return
	}
	field, instead := ".retriable_status_codes", "only statuses that heald does not use"
	if t.has("5xx", "gateway-error") {
		field, instead = ".retry_on", "retriable-status-codes instead of 5xx and gateway-error, with statuses that heald does not use"
	}
	c.problem(t.path+field, "replies with "+statuses(own)+" are retried, which heald uses itself",
		"heald's final errors are retried as well: clients wait for what cannot succeed, and attempts are used up",
		instead+": "+reservedHint)
}

// statuses writes them briefly: statuses 500, 502-504.
func statuses(all []int) string {
	var out []string
	for i := 0; i < len(all); {
		j := i
		for j+1 < len(all) && all[j+1] == all[j]+1 {
			j++
		}
		if j == i {
			out = append(out, strconv.Itoa(all[i]))
		} else {
			out = append(out, fmt.Sprintf("%d-%d", all[i], all[j]))
		}
		i = j + 1
	}
	if len(all) == 1 {
		return "status " + out[0]
	}
	return "the statuses " + strings.Join(out, ", ")
}
