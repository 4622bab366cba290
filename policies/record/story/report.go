package story

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies/record"
)

// Report is what happened to a request as the text of a bug report. It has the
// request's id, the API, models, kinds of backends, times, tokens, log words and
// the provider's errors. Tenants, keys, accounts, backends, clients, replicas,
// projects, addresses and traces are numbered or left out. A record has no prompts,
// answers or credentials. version is heald's.
func Report(r *record.Request, version string) string {
	anonymous := anonymize(r)
	var b strings.Builder
	fmt.Fprintf(&b, "heald %s, request %s\n\n", version, anonymous.RequestID)
	for _, s := range Tell(&anonymous) {
		b.WriteString("- " + s.Text + "\n")
	}
	fmt.Fprintf(&b, "\noutcome %s, reason %s, status %d, stop reason %s, %s tried\n",
		anonymous.Outcome, none(anonymous.Reason), anonymous.Status, none(anonymous.StopReason), plural(anonymous.Tried, "attempt"))
	for i := range anonymous.Attempts {
		a := &anonymous.Attempts[i]
		fmt.Fprintf(&b, "attempt %d: %s, %s, model %s, %s, %s, status %d; waited %d, headers %d, content %d, held %d, all %d ms\n", a.Number, none(a.Backend), none(a.Kind), none(a.Model),
			a.Verdict, none(a.Reason), a.Status, ms(a.Waited), ms(a.Headers), ms(a.Content), ms(a.Held), ms(a.Duration))
	}
	b.WriteString("\nTo repeat heald's translation, save the client's request as request.json and run:\n\n    " + translate(&anonymous) + "\n\n")
	b.WriteString("The request may contain prompts: before you attach it, shorten it to the part that still shows the problem.\n")
	return b.String()
}

func none(s string) string { return cmp.Or(s, "none") }

func ms(d record.Duration) int64 { return int64(d) / 1e6 }

// translate is the command that shows what goes upstream. Its words are quoted for
// a shell: clients choose paths and names of models.
func translate(r *record.Request) string {
	command := []string{"heald", "translate"}
	if r.Path != "" {
		command = append(command, "--path", quote(r.Path))
	}
	if last := r.Last(); last != nil {
		if last.Model != "" {
			command = append(command, "--model", quote(last.Model))
		}
		if last.Kind != "" {
			command = append(command, "--target", quote(last.Kind))
		}
	}
	return strings.Join(append(command, "request.json"), " ")
}

var plain = regexp.MustCompile(`^[\w./:@=,+-]+$`)

// quote quotes a text as one word for a shell.
func quote(s string) string {
	if plain.MatchString(s) && !strings.HasPrefix(s, "-") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Long numbers and e-mail addresses in a provider's text are those of projects
// and people; addresses of IP are found among all texts of their characters.
var (
	longNumber = regexp.MustCompile(`\d{9,}`)
	mail       = regexp.MustCompile(`[\w.%+-]+@[\w.-]+\.\w+`)
	projects   = regexp.MustCompile(`(?i)(\bprojects?[/ :=]+)[\w:.-]*\w`)
	addresses  = regexp.MustCompile(`[0-9a-fA-F.:]*[0-9a-fA-F:]`)
)

// anonymize returns a request with numbered pseudonyms in place of names.
func anonymize(r *record.Request) record.Request {
	out := *r
	names := &pseudonyms{}
	out.Client, out.Replica, out.KeyID, out.TraceID, out.ParentSpan = "", "", "", "", ""
	if out.Tenant != "default" {
		out.Tenant = names.of("tenant", r.Tenant)
	}
	out.Attempts = slices.Clone(r.Attempts)
	for i := range out.Attempts {
		a := &out.Attempts[i]
		a.Account, a.Backend, a.Group = names.of("account", a.Account), names.of("backend", a.Backend), ""
	}
	own := func(m *record.Resume) *record.Resume {
		if m == nil {
			return nil
		}
		copied := *m
		copied.Account, copied.Backend = names.of("account", m.Account), names.of("backend", m.Backend)
		return &copied
	}
	out.Resume = own(r.Resume)
	for i := range out.Attempts {
		out.Attempts[i].Resume = own(out.Attempts[i].Resume)
	}
	// The names are known only now.
	for i := range out.Attempts {
		a := &out.Attempts[i]
		a.Error, a.Unreadable = names.in(a.Error), names.in(a.Unreadable)
		if a.Resume != nil {
			a.Resume.Error = names.in(a.Resume.Error)
		}
	}
	if out.Resume != nil {
		out.Resume.Error = names.in(out.Resume.Error)
	}
	out.Warnings, out.Path = names.in(out.Warnings), names.inPath(out.Path)
	out.Alias, out.Model = hide(out.Alias), hide(out.Model)
	for i := range out.Attempts {
		out.Attempts[i].Model = hide(out.Attempts[i].Model)
	}
	return out
}

// pseudonyms stand for names, in the order in which these came.
type pseudonyms struct {
	names []string // kind, NUL, name
	stand []string
}

// of is the pseudonym of a name, always the same one.
func (p *pseudonyms) of(kind, name string) string {
	if name == "" {
		return ""
	}
	key := kind + "\x00" + name
	if i := slices.Index(p.names, key); i >= 0 {
		return p.stand[i]
	}
	n := 1
	for _, k := range p.names {
		if strings.HasPrefix(k, kind+"\x00") {
			n++
		}
	}
	p.names, p.stand = append(p.names, key), append(p.stand, kind+"-"+strconv.Itoa(n))
	return p.stand[len(p.stand)-1]
}

// in replaces names that stand alone in a text, the longest first, and what hide
// does.
func (p *pseudonyms) in(text string) string {
	order := make([]int, len(p.names))
	for i := range order {
		order[i] = i
	}
	name := func(i int) string { _, n, _ := strings.Cut(p.names[i], "\x00"); return n }
	slices.SortStableFunc(order, func(a, b int) int { return len(name(b)) - len(name(a)) })
	var b strings.Builder
	for at := 0; at < len(text); {
		i := slices.IndexFunc(order, func(i int) bool {
			n := name(i) // shorter ones are parts of words
			return len(n) >= 3 && strings.HasPrefix(text[at:], n) && borders(text[:at], text[at+len(n):])
		})
		if i < 0 {
			b.WriteByte(text[at])
			at++
			continue
		}
		b.WriteString(p.stand[order[i]])
		at += len(name(order[i]))
	}
	return hide(b.String())
}

// inPath replaces names in a path, but not in the model that it names: another
// model would be translated in another way.
func (p *pseudonyms) inPath(path string) string {
	const models = "/models/"
	at := strings.LastIndex(path, models)
	if at < 0 {
		return p.in(path)
	}
	return p.in(path[:at]) + models + hide(path[at+len(models):])
}

// borders reports whether a name stands alone between two texts: names have
// hyphens, and dots within.
func borders(before, after string) bool {
	const inNames = "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	dotBefore, dotAfter := strings.TrimSuffix(before, "."), strings.TrimPrefix(after, ".")
	return (dotBefore == "" || !strings.ContainsRune(inNames, rune(dotBefore[len(dotBefore)-1]))) &&
		(dotAfter == "" || !strings.ContainsRune(inNames, rune(dotAfter[0])))
}

// hide replaces whatever looks like a project, a person or an address.
func hide(text string) string {
	text = projects.ReplaceAllString(text, "${1}PROJECT")
	text = mail.ReplaceAllString(text, "ADDRESS")
	text = addresses.ReplaceAllStringFunc(text, func(s string) string {
		if _, err := netip.ParseAddr(s); err == nil {
			return "ADDRESS"
		}
		if _, err := netip.ParseAddrPort(s); err == nil {
			return "ADDRESS"
		}
		return s
	})
	return longNumber.ReplaceAllString(text, "NUMBER")
}
