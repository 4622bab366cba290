// Command heald is an Envoy external-processing sidecar that lets clients of
// several language-model APIs use Gemini, and heals what breaks on the way.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/heald-proxy/heald/policies/redact"
)

// command is one subcommand.
type command struct {
	name, summary string
	run           func(ctx context.Context, args []string, out streams) error
}

// streams are where a command writes.
type streams struct{ out, err io.Writer }

func commands() []command {
	return []command{
		{"up", "run Envoy and heald together in the foreground", runUp},
		{"serve", "run the sidecar alone", runServe},
		{"check", "check heald.yaml and an Envoy configuration", runCheck},
		{"envoy", "print an Envoy configuration", runEnvoy},
		{"translate", "show what becomes of one request or reply", runTranslate},
		{"usage", "sum files of records by tenant, model, account or day", runUsage},
		{"tenant", "say who may call: make, replace and remove keys", runTenant},
		{"accounts", "show a running heald's accounts, and why each is or is not usable", runAccounts},
		{"health", "ask a running heald whether it lives", runHealth},
		{"version", "print the version", runVersion},
	}
}

// Exit codes.
const (
	exitOK    = 0
	exitFault = 1 // it went wrong, or check found problems
	exitUsage = 2 // the command line was not understood
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr}))
}

func run(ctx context.Context, args []string, out streams) int {
	if err := refusePasted(args); err != nil {
		fmt.Fprintln(out.err, "heald:", err)
		return exitUsage
	}
	name := "help"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	for _, c := range commands() {
		if c.name != name {
			continue
		}
		err := c.run(ctx, args, out)
		var usage *usageError
		switch {
		case err == nil || errors.Is(err, flag.ErrHelp):
			return exitOK
		case errors.As(err, &usage):
			complain(out.err, name, err)
			return exitUsage
		case errors.Is(err, errProblems):
			return exitFault
		}
		complain(out.err, name, err)
		return exitFault
	}
	help(out.err)
	if name == "help" || name == "-h" || name == "--help" || name == "-help" {
		return exitOK
	}
	fmt.Fprintf(out.err, "\nheald: there is no command %q\n", name)
	return exitUsage
}

// complain prints an error. Whatever it may quote, no credential is printed.
func complain(w io.Writer, command string, err error) {
	fmt.Fprintln(w, "heald "+command+":", redact.Text(err.Error()))
}

func help(w io.Writer) {
	fmt.Fprint(w, "heald heals what breaks between language-model clients and Gemini, inside Envoy.\n\nUsage: heald COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nheald COMMAND -h lists the flags of a command.\n")
}

// usageError is a command line that was not understood.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// errProblems says that problems were found and have been printed.
var errProblems = errors.New("problems were found")

// newFlags makes a flag set that reports errors instead of printing them.
func newFlags(name, about string, out streams) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {
		fs.SetOutput(out.err)
		fmt.Fprintf(out.err, "heald %s: %s\n\nFlags:\n", name, about)
		fs.PrintDefaults()
		fs.SetOutput(io.Discard)
	}
	return fs
}

// parse reads a command line without arguments besides flags.
func parse(fs *flag.FlagSet, args []string) error {
	if err := fs.Parse(args); err != nil {
		return misread(fs, err)
	}
	if fs.NArg() > 0 {
		return &usageError{fmt.Errorf("unexpected argument %q; see heald %s -h", fs.Arg(0), fs.Name())}
	}
	return nil
}

// misread words what the flag package says of a command line.
func misread(fs *flag.FlagSet, err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	return &usageError{fmt.Errorf("%w; see heald %s -h", flagError(fs, err), fs.Name())}
}
