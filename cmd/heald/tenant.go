package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/cmd/heald/tenant"
	policy "github.com/heald-proxy/heald/policies/tenant"
)

// tenantCommand is a subcommand of `heald tenant`.
type tenantCommand struct {
	name, args, summary string
	run                 func(c *tenantLine) error
}

func tenantCommands() []tenantCommand {
	return []tenantCommand{
		{"add", "NAME", "make the tenant NAME and a key for it, and print the key, once", addTenant},
		{"list", "", "show all tenants; keys are shown by their ids", listTenants},
		{"disable", "NAME", "refuse all requests of the tenant NAME", func(c *tenantLine) error { return c.setDisabled(true) }},
		{"enable", "NAME", "take requests of the disabled tenant NAME again", func(c *tenantLine) error { return c.setDisabled(false) }},
		{"rotate", "NAME", "give the tenant NAME a new key and print it, once; the old ones end later", rotateTenant},
		{"remove-key", "NAME KEY-ID", "take the key KEY-ID away from the tenant NAME at once", removeTenantKey},
	}
}

// tenantLine is a command line of `heald tenant`.
type tenantLine struct {
	fs        *flag.FlagSet
	words     []string // of the line
	names     []string // arguments that are no flags
	want      int      // how many there must be
	file, dir string
	out       streams
}

// runTenant changes who may call.
func runTenant(_ context.Context, args []string, out streams) error {
	name := "-h"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	for _, c := range tenantCommands() {
		if c.name != name {
			continue
		}
		line := &tenantLine{words: args, want: len(strings.Fields(c.args)), out: out}
		line.fs = newFlags("tenant "+c.name, c.summary, out)
		line.fs.StringVar(&line.file, "file", "", "tenants are in `FILE`, a heald.yaml, or in the directory that it names (default "+tenant.DefaultFile+")")
		line.fs.StringVar(&line.dir, "dir", "", "tenants are in `DIRECTORY`, a file for each")
		return c.run(line)
	}
	tenantHelp(out.err)
	if name == "-h" || name == "--help" || name == "-help" || name == "help" {
		return nil
	}
	return &usageError{errors.New("there is no such command; write one of those above")}
}

func tenantHelp(w io.Writer) {
	fmt.Fprint(w, "heald tenant: say who may call.\n\nUsage: heald tenant COMMAND [flags]\n\n")
	for _, c := range tenantCommands() {
		fmt.Fprintf(w, "  %-24s %s\n", strings.TrimSpace(c.name+" "+c.args), c.summary)
	}
	fmt.Fprint(w, "\nheald tenant COMMAND -h lists the flags of a command.\n")
}

// open reads the command line, flags and arguments in any order, and the
// tenants.
func (c *tenantLine) open() (*tenant.Book, error) {
	for rest := c.words; ; {
		if err := c.fs.Parse(rest); err != nil {
			return nil, misread(c.fs, err)
		}
		if rest = c.fs.Args(); len(rest) == 0 {
			break
		}
		c.names, rest = append(c.names, rest[0]), rest[1:]
	}
	if len(c.names) != c.want {
		return nil, &usageError{fmt.Errorf("want %d arguments besides flags, not %d; see heald %s -h", c.want, len(c.names), c.fs.Name())}
	}
	if c.file != "" && c.dir != "" {
		return nil, &usageError{errors.New("give --file or --dir, not both")}
	}
	return tenant.Open(c.file, c.dir, time.Now)
}

func addTenant(c *tenantLine) error {
	var n tenant.New
	c.fs.Func("models", "it may use these `MODELS` only, with commas between them; '*' stands for any text; repeatable", func(s string) error {
		n.Models = append(n.Models, strings.Split(s, ",")...)
		return nil
	})
	c.fs.IntVar(&n.Weight, "weight", 0, "its share where several wait, relative to others (default 1)")
	c.fs.IntVar(&n.MaxConcurrency, "max-concurrency", 0, "it may have so many `REQUESTS` at once (default: no limit)")
	c.fs.Func("max-waiting", "so many of its `REQUESTS` may wait at once (default: max-concurrency + 20)", func(s string) error {
		v, err := strconv.Atoi(s)
		n.MaxWaiting = &v
		if err != nil {
			return errors.New("is not a whole number")
		}
		return nil
	})
	c.fs.Func("limit", "bound what it uses, `NAME=NUMBER`, as in requests/minute=60, tokens/day=2000000 or money/month=50; repeatable", func(s string) error {
		name, value, err := parseLimit(s)
		if n.Limits == nil {
			n.Limits = policy.Limits{}
		}
		n.Limits[name] = value
		return err
	})
	c.fs.Func("label", "describe it in records of use, `NAME=VALUE`; repeatable", func(s string) error {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("is not NAME=VALUE")
		}
		if n.Labels == nil {
			n.Labels = map[string]string{}
		}
		n.Labels[name] = value
		return nil
	})
	c.fs.Func("key", "take a chosen key, of 24 characters at least, from `env:VAR|file:PATH` in place of making one", func(s string) (err error) {
		n.Chosen, err = config.ParseSource(s)
		return err
	})
	beside := c.fs.String("config", "", "with --dir: `FILE`, the heald.yaml that reads the directory, may not have a tenant or key like the new one (default heald.yaml here, if it does)")
	book, err := c.open()
	if err != nil {
		return err
	}
	if err := book.Beside(*beside); err != nil {
		return err
	}
	n.Name = c.names[0]
	done, err := book.Add(n)
	if err != nil {
		return err
	}
	if !book.Compared() {
		fmt.Fprintf(c.out.err, "not checked: whether the heald.yaml that reads %s has a tenant %s already, which would keep it from taking this and every later change; name it with --config, or run heald check with it\n", c.dir, n.Name)
	}
	return c.hand(done, "tenant "+n.Name+" was added to "+done.File)
}

// parseLimit reads NAME=NUMBER.
func parseLimit(s string) (name string, value float64, err error) {
	name, number, _ := strings.Cut(s, "=")
	value, err = strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(value) {
		return name, 0, errors.New("is not NAME=NUMBER")
	}
	return name, value, nil
}

// hand prints a new key, alone on standard output so that it can be piped, and
// beside it what to do.
func (c *tenantLine) hand(done tenant.Change, what string) error {
	if done.Key.Empty() {
		fmt.Fprintf(c.out.err, "%s, with the key %s\n", what, done.ID)
	} else {
		if _, err := fmt.Fprintln(c.out.out, done.Key.Reveal()); err != nil {
			return fmt.Errorf("%s, but its key could not be printed, and is lost (%w): heald tenant rotate makes another one", what, err)
		}
		fmt.Fprintf(c.out.err, "%s; the key %s is on standard output, and is shown only this once\n", what, done.ID)
	}
	if len(done.Removed) > 0 {
		fmt.Fprintf(c.out.err, "removed: %s\n", strings.Join(done.Removed, ", "))
	}
	if len(done.Expiring) > 0 {
		fmt.Fprintf(c.out.err, "works until %s: %s\n", done.Expires.Format(time.RFC3339), strings.Join(done.Expiring, ", "))
	}
	fmt.Fprintln(c.out.err, "next: give it to the client as its API key (ANTHROPIC_AUTH_TOKEN, OPENAI_API_KEY, GEMINI_API_KEY); a running heald that reads this file takes it by itself")
	return nil
}

func listTenants(c *tenantLine) error {
	asJSON := c.fs.Bool("json", false, "print JSON, for programs")
	book, err := c.open()
	if err != nil {
		return err
	}
	rows, err := book.List()
	switch {
	case err != nil:
		return err
	case *asJSON:
		return tenant.WriteJSON(c.out.out, rows)
	}
	return tenant.WriteTable(c.out.out, rows)
}

func (c *tenantLine) setDisabled(disabled bool) error {
	book, err := c.open()
	if err != nil {
		return err
	}
	done, err := book.SetDisabled(c.names[0], disabled)
	if err != nil {
		return err
	}
	state := map[bool]string{true: "disabled", false: "enabled"}[disabled]
	if done.Done {
		fmt.Fprintf(c.out.err, "tenant %s is %s in %s; a running heald that reads this file takes it by itself\n", c.names[0], state, done.File)
	} else {
		fmt.Fprintf(c.out.err, "tenant %s is %s already; nothing was changed\n", c.names[0], state)
	}
	return nil
}

func rotateTenant(c *tenantLine) error {
	keep := c.fs.Duration("keep-old", 24*time.Hour, "let old keys work for `TIME`; 0 takes them away at once")
	book, err := c.open()
	if err != nil {
		return err
	}
	if *keep < 0 {
		return &usageError{errors.New("--keep-old: is negative; 0 takes old keys away at once")}
	}
	done, err := book.Rotate(c.names[0], *keep)
	if err != nil {
		return err
	}
	return c.hand(done, "tenant "+c.names[0]+" has a new key in "+done.File)
}

func removeTenantKey(c *tenantLine) error {
	book, err := c.open()
	if err != nil {
		return err
	}
	done, err := book.RemoveKey(c.names[0], c.names[1])
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out.err, "tenant %s has no key %s any more in %s; a running heald that reads this file takes it by itself\n", c.names[0], c.names[1], done.File)
	return nil
}
