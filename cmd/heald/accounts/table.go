package accounts

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/account"
)

// WriteTable writes a report for people, with times in a time zone.
func WriteTable(w io.Writer, r *Report, in *time.Location) error {
	c := clock{r.At, in}
	texts := []string{r.summary(c), r.State.words()}
	if f := &r.Configuration; f.Refused != "" {
		texts = append(texts, "The configuration of "+c.tell(f.Loaded)+" runs; THE FILES ARE REFUSED: "+f.Refused)
	}
	for _, text := range texts {
		for _, line := range wrap(text, Width) {
			fmt.Fprintln(w, line)
		}
	}
	for _, t := range []struct {
		heads []string
		rows  [][]string
	}{
		{[]string{"ACCOUNTS", "GROUP", "IN USE", "STATE"}, r.accounts(c)},
		{[]string{"QUOTAS (* learned)", "REQ/MIN", "TOKENS/MIN", "REQ/DAY", "STATE"}, r.groups(c)},
		{[]string{"BACKENDS", "BREAKER", "SHED", "STATE"}, r.backends(c)},
		{[]string{"TENANTS", "WAITING", "STATE"}, r.tenants(c)},
	} {
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintln(w)
		if err := lay(w, t.heads, t.rows); err != nil {
			return err
		}
	}
	return nil
}

// summary is the most important facts, in a few lines.
func (r *Report) summary(c clock) string {
	classes := map[string]int{}
	for i := range r.Accounts {
		classes[class(&r.Accounts[i].Usable)]++
	}
	var counts []string
	for _, name := range []string{"ready", busy, "resting", "out", disabled} {
		if n := classes[name]; n > 0 {
			counts = append(counts, strconv.Itoa(n)+" "+name)
		}
	}
	waiting := 0
	for i := range r.Queues {
		waiting += r.Queues[i].Waiting
	}
	who := "heald"
	if r.Replica != "" {
		who += " " + r.Replica
	}
	at := c.at.In(c.in).Format("15:04:05 MST")
	if !r.AsOf.IsZero() {
		at += ", what all replicas use as of " + c.tell(r.AsOf)
	}
	return fmt.Sprintf("%s at %s: %s (%s), %s waiting.", who, at, plural(len(r.Accounts), "account"),
		cmp.Or(strings.Join(counts, ", "), "none"), plural(waiting, "request"))
}

func (r *Report) accounts(c clock) (rows [][]string) {
	backend := ""
	list := slices.SortedStableFunc(slices.Values(r.Accounts), func(a, b account.AccountStatus) int { return cmp.Compare(a.Backend, b.Backend) })
	for i := range list {
		a := &list[i]
		if i == 0 || a.Backend != backend {
			backend = a.Backend
			rows = append(rows, []string{backend})
		}
		use := strconv.Itoa(a.InUse)
		if a.Slots > 0 {
			use += "/" + strconv.Itoa(a.Slots)
		}
		state := c.state(&a.Usable, "account "+a.ID)
		if a.Token != nil {
			state = c.withToken(state, a)
		}
		if len(a.Models) > 0 {
			state += ", but not for:"
		}
		rows = append(rows, []string{"  " + a.ID, a.Group, use, state})
		models := slices.Sorted(maps.Keys(a.Models))
		for _, model := range models[:min(len(models), mostModels)] {
			u := a.Models[model]
			rows = append(rows, []string{"    " + model, "", "", c.state(&u, "group "+a.Group)})
		}
		rows = more(rows, "    ", len(models), 4)
	}
	return rows
}

func (r *Report) groups(c clock) (rows [][]string) {
	for _, list := range apart(r.Groups, func(g account.GroupStatus) string { return g.Group }) {
		rows = append(rows, []string{list[0].Group})
		shown := first(list, func(g *account.GroupStatus) (bool, int64) { return g.Now, g.Used.Requests + g.Used.Day })
		for i := range shown {
			g := &shown[i]
			state := c.state(&g.Usable, "group "+g.Group)
			if g.Concurrency > 0 {
				state += fmt.Sprintf("; %d at once, of %d that shared capacity allows", g.InUse, g.Concurrency)
			}
			rows = append(rows, []string{
				"  " + g.Model, of(g.Used.Requests, g.Limits.Requests, g.Learned.Requests),
				of(g.Used.Tokens, g.Limits.Tokens, g.Learned.Tokens), of(g.Used.Day, g.Limits.Day, g.Learned.Day), state,
			})
		}
		rows = more(rows, "  ", len(list), 5)
	}
	return rows
}

func (r *Report) backends(c clock) (rows [][]string) {
	for _, list := range apart(r.Backends, func(b account.BackendStatus) string { return b.Backend }) {
		rows = append(rows, []string{list[0].Backend})
		shown := first(list, func(b *account.BackendStatus) (bool, int64) {
			return b.Now && b.Breaker == "closed", int64(b.Shed * 1000)
		})
		for i := range shown {
			b := &shown[i]
			state := c.state(&b.Usable, "backend "+b.Backend)
			if b.Now && b.Breaker == "held back" {
				state = "others are asked first" + c.probe(&b.Usable)
			}
			rows = append(rows, []string{"  " + b.Model, b.Breaker, strconv.Itoa(int(b.Shed*100+0.5)) + "%", state})
		}
		rows = more(rows, "  ", len(list), 4)
	}
	return rows
}

func (r *Report) tenants(c clock) (rows [][]string) {
	configured := map[string]*Tenant{}
	queues := map[string]*account.QueueStatus{}
	names := map[string]bool{}
	for i := range r.Tenants {
		configured[r.Tenants[i].Name], names[r.Tenants[i].Name] = &r.Tenants[i], true
	}
	for i := range r.Queues {
		queues[r.Queues[i].Tenant], names[r.Queues[i].Tenant] = &r.Queues[i], true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		waiting, state := 0, "ready"
		if q := queues[name]; q != nil {
			waiting, state = q.Waiting, c.state(&q.Usable, "tenant "+name)
		}
		if t := configured[name]; t != nil {
			if t.Disabled {
				state = "disabled in heald.yaml"
			}
			state += t.limits()
		}
		rows = append(rows, []string{cmp.Or(name, "(no tenant)"), strconv.Itoa(waiting), state})
	}
	return rows
}

// limits describes a tenant's limits, and how much of them is used.
func (t *Tenant) limits() string {
	var out []string
	if t.MaxConcurrency > 0 {
		out = append(out, strconv.Itoa(t.MaxConcurrency)+" at once")
	}
	for _, name := range slices.Sorted(maps.Keys(t.Limits)) {
		write := count
		if strings.HasPrefix(name, "money/") {
			write = sum
		}
		limit := write(t.Limits[name])
		if used, known := t.Used[name]; known {
			limit = write(used) + "/" + limit
		}
		out = append(out, name+" "+limit)
	}
	if len(out) == 0 {
		return ""
	}
	return "; limits: " + strings.Join(out, ", ")
}
