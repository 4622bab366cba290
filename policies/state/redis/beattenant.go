package redis

import (
	"strconv"
	"time"
)

// tenantStatement is what this replica holds of a tenant as a heartbeat begins:
// slots, and what it has reserved of budgets.
type tenantStatement struct {
	statement
	reserved map[window]reserved
	beat     string // names the heartbeat
}

// tenantStatements are those of tenants that were seen lately, or of which
// something is held.
func (s *Store) tenantStatements() (out []tenantStatement) {
	for _, h := range s.tenants.statements(ledgerRest) {
		reserved := s.reserved.statement(h.name)
		if h.slots == 0 && len(reserved) == 0 && time.Since(h.seen) > 4*s.timing.Silent {
			continue
		}
		s.beatings++
		out = append(out, tenantStatement{h, reserved, strconv.FormatUint(s.beatings, 10)})
	}
	return out
}

func (s *Store) tenantBeat(h *tenantStatement, replicas int64) *call {
	incarnation := h.incarnation
	if incarnation == "" {
		incarnation = s.newIncarnation()
	}
	grace := s.grace()
	if replicas <= 1 {
		grace = 0
	}
	return &call{script: tenantBeatScript, keys: []string{tenantKey(h.name)},
		args: []any{s.timing.now(), s.replica, s.timing.Silent.Microseconds(), incarnation, h.slots, grace.Microseconds(), h.beat, len(h.reserved)}}
}

// tenantCorrection corrects what the store has of a tenant; call is nil if
// nothing is to be corrected. Once it is done, settled is no longer in doubt.
type tenantCorrection struct {
	call    *call
	settled []settledDoubt
}

// compareTenant reads a tenantBeat's answer.
func (s *Store) compareTenant(h *tenantStatement, c *call) (out tenantCorrection, _ error) {
	answer, err := c.list()
	if err != nil {
		return out, err
	}
	if len(answer)%3 != 2 {
		return out, errReply
	}
	incarnation := text(answer[0])
	if h.incarnation == "" {
		s.tenants.know(h.name, incarnation)
	} // otherwise a take must notice that the data was lost, because of the budgets
	if incarnation == "" {
		return out, nil // nothing is held
	}
	slots := s.tenants.difference(h.statement, number(answer[1]))
	restate := &call{script: tenantRestateScript, keys: []string{tenantKey(h.name)},
		args: []any{s.timing.now(), s.replica, incarnation, slots, h.beat}}
	unequal := slots != 0
	compare := func(w window, share int64) {
		reservation, use := s.reserved.difference(h.name, w, h.reserved[w], share)
		if reservation == 0 {
			return
		}
		unequal = true
		restate.args = append(restate.args, w.budget, w.ends, reservation, use)
		if by := use - reservation; by > 0 {
			out.settled = append(out.settled, settledDoubt{h.name, w, by})
		}
	}
	told := make(map[window]bool)
	for i := 2; i < len(answer); i += 3 {
		w := window{text(answer[i]), number(answer[i+1])}
		told[w] = true
		compare(w, number(answer[i+2]))
	}
	for w := range h.reserved {
		if !told[w] {
			compare(w, 0)
		}
	}
	if unequal {
		out.call = restate
	}
	return out, nil
}
