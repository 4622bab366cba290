package account

import "time"

// restingModels are those that an account may not be asked for, and why. absent
// are those that its group does not have, which no time ends.
func (p *Accounts) restingModels(now time.Time, m *member, absent []string) map[string]Usable {
	var out map[string]Usable
	note := func(model string, u Usable) {
		if out == nil {
			out = map[string]Usable{}
		}
		out[model] = u
	}
	for _, model := range absent {
		note(model, absentUsable(m.group))
	}
	for subject, t := range p.book.subjects {
		if subject.Model == "" || !t.until.After(now) || !m.concerns(subject) || out[subject.Model].Why != "" {
			continue
		}
		var of rest
		of.add(now, p.restsOf(m, subject.Model))
		if of.probes() {
			note(subject.Model, of.usable(now))
		}
	}
	return out
}

// absentModels are the models that groups do not have, by group.
func (p *Accounts) absentModels() map[string][]string {
	out := map[string][]string{}
	for _, q := range p.quotas {
		if q.learned.Absent {
			out[q.Group] = append(out[q.Group], q.Model)
		}
	}
	return out
}

// absentUsable says that a group does not have a model. It does not end by
// itself and is not probed.
func absentUsable(group string) Usable {
	return Usable{Kind: QuotaSpent.String(), Why: "the model is not on this project's tier, limit 0 (group " + group + ")"}
}

// concerns reports whether what keeps a subject back keeps the account back.
func (m *member) concerns(s Subject) bool {
	switch s.Scope {
	case OfGroup:
		return s.Name == m.group
	case OfBilling:
		return s.Name == m.Billing
	case OfBackend:
		return s.Name == m.Backend
	}
	return s.Name == m.ID
}

// restsOf is what may keep an account back, for a model.
func (p *Accounts) restsOf(m *member, model string) []*subjectState {
	out := p.statesOf(OfAccount, m.ID, model)
	out = append(out, p.statesOf(OfGroup, m.group, model)...)
	if m.Billing != "" {
		out = append(out, p.statesOf(OfBilling, m.Billing, model)...)
	}
	return append(out, p.statesOf(OfBackend, m.Backend, model)...)
}
