package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/cmd/heald/tenant"
	policy "github.com/heald-proxy/heald/policies/tenant"
)

// tenantLine is a command line of `heald tenant`.
type tenantLine struct {
	names     []string // arguments that are no flags
	file, dir string
	out       streams
}

// tenantAction adds a subcommand's own flags and returns what it does.
type tenantAction func(c *tenantLine, fs *pflag.FlagSet) func() error

// tenantCommand changes who may call.
func tenantCommand(out streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "tenant", Short: "say who may call: make, replace and remove keys", Long: "say who may call.", Args: commandNamed,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, c := range []struct {
		use, summary string
		action       tenantAction
	}{
		{"add NAME", "make the tenant NAME and a key for it, and print the key, once", addTenant},
		{"list", "show all tenants; keys are shown by their ids", listTenants},
		{"disable NAME", "refuse all requests of the tenant NAME", setDisabled(true)},
		{"enable NAME", "accept requests of the disabled tenant NAME again", setDisabled(false)},
		{"rotate NAME", "give the tenant NAME a new key and print it, once; the old ones expire later", rotateTenant},
		{"remove-key NAME KEY-ID", "remove the key KEY-ID of the tenant NAME at once", removeTenantKey},
	} {
		line := &tenantLine{out: out}
		sub := &cobra.Command{Use: c.use, Short: c.summary, Args: exactly(strings.Count(c.use, " "))}
		sub.Flags().StringVar(&line.file, "file", "", "tenants are in `FILE`, a heald.yaml, or in the directory that it names (default "+tenant.DefaultFile+")")
		sub.Flags().StringVar(&line.dir, "dir", "", "tenants are in `DIRECTORY`, one file each")
		if !strings.HasPrefix(c.use, "add ") {
			sub.ValidArgsFunction = line.completeTenant
		}
		run := c.action(line, sub.Flags())
		sub.RunE = func(_ *cobra.Command, names []string) error {
			line.names = names
			return run()
		}
		cmd.AddCommand(sub)
	}
	return cmd
}

// open reads the tenants.
func (c *tenantLine) open() (*tenant.Book, error) {
	if c.file != "" && c.dir != "" {
		return nil, &usageError{errors.New("give --file or --dir, not both")}
	}
	return tenant.Open(c.file, c.dir, time.Now)
}

func addTenant(c *tenantLine, fs *pflag.FlagSet) func() error {
	var n tenant.New
	fs.Func("models", "it may use only these `MODELS`, separated by commas; '*' stands for any text; repeatable", func(s string) error {
		n.Models = append(n.Models, strings.Split(s, ",")...)
		return nil
	})
	fs.IntVar(&n.Weight, "weight", 0, "its share if several tenants wait, relative to others (default 1)")
	fs.IntVar(&n.MaxConcurrency, "max-concurrency", 0, "it may have this many `REQUESTS` at once (default: no limit)")
	fs.Func("max-waiting", "this many of its `REQUESTS` may wait at once (default: max-concurrency + 20)", func(s string) error {
		v, err := strconv.Atoi(s)
		n.MaxWaiting = &v
		if err != nil {
			return errors.New("is not a whole number")
		}
		return nil
	})
	fs.Func("limit", "limit what it uses, `NAME=NUMBER`, as in requests/minute=60, tokens/day=2000000 or money/month=50; repeatable", func(s string) error {
		name, value, err := parseLimit(s)
		if n.Limits == nil {
			n.Limits = policy.Limits{}
		}
		n.Limits[name] = value
		return err
	})
	fs.Func("label", "describe it in records of use, `NAME=VALUE`; repeatable", func(s string) error {
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
	fs.Func("key", "use a chosen key, of at least 24 characters, from `env:VAR|file:PATH` instead of making one", func(s string) (err error) {
		n.Chosen, err = config.ParseSource(s)
		return err
	})
	beside := fs.String("config", "", "with --dir: `FILE` is the heald.yaml that reads the directory; the new tenant and key must not be in it already (default: heald.yaml here, if it reads the directory)")
	return func() error { return c.add(n, *beside) }
}

func (c *tenantLine) add(n tenant.New, beside string) error {
	book, err := c.open()
	if err != nil {
		return err
	}
	if err := book.Beside(beside); err != nil {
		return err
	}
	n.Name = c.names[0]
	done, err := book.Add(n)
	if err != nil {
		return err
	}
	if !book.Compared() {
		fmt.Fprintf(c.out.err, "not checked: whether the heald.yaml that reads %s has a tenant %s already; then it would refuse this and every later change. Name it with --config, or run heald check with it\n", c.dir, n.Name)
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
// on standard error what to do next.
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

func listTenants(c *tenantLine, fs *pflag.FlagSet) func() error {
	asJSON := fs.Bool("json", false, "print JSON, for programs")
	return func() error { return c.list(*asJSON) }
}

func (c *tenantLine) list(asJSON bool) error {
	book, err := c.open()
	if err != nil {
		return err
	}
	rows, err := book.List()
	switch {
	case err != nil:
		return err
	case asJSON:
		return tenant.WriteJSON(c.out.out, rows)
	}
	return tenant.WriteTable(c.out.out, rows)
}

func setDisabled(disabled bool) tenantAction {
	return func(c *tenantLine, _ *pflag.FlagSet) func() error {
		return func() error { return c.setDisabled(disabled) }
	}
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

func rotateTenant(c *tenantLine, fs *pflag.FlagSet) func() error {
	keep := fs.Duration("keep-old", 24*time.Hour, "let old keys work for `TIME`; 0 removes them at once")
	return func() error { return c.rotate(*keep) }
}

func (c *tenantLine) rotate(keep time.Duration) error {
	book, err := c.open()
	if err != nil {
		return err
	}
	if keep < 0 {
		return &usageError{errors.New("--keep-old: is negative; 0 removes old keys at once")}
	}
	done, err := book.Rotate(c.names[0], keep)
	if err != nil {
		return err
	}
	return c.hand(done, "tenant "+c.names[0]+" has a new key in "+done.File)
}

func removeTenantKey(c *tenantLine, _ *pflag.FlagSet) func() error { return c.removeKey }

func (c *tenantLine) removeKey() error {
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
