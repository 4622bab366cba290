// Command heald is an Envoy external-processing sidecar that lets clients of
// several language-model APIs use Gemini, and heals what breaks on the way.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/heald-proxy/heald/policies/redact"
)

// streams are where a command writes.
type streams struct{ out, err io.Writer }

// newRoot is the whole command line.
func newRoot(out streams) *cobra.Command {
	tellVersion := new(bool)
	root := &cobra.Command{
		Use: "heald", Short: "heal what breaks between language-model clients and Gemini, inside Envoy",
		Args: commandNamed,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if *tellVersion {
				return printVersion(out.out)
			}
			return cmd.Help()
		},
		// Errors are printed once, in run; help only if it is asked for.
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetOut(out.out)
	root.SetErr(out.err)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { printHelp(out.out, cmd) })
	root.SetHelpCommand(helpCommand())
	root.AddCommand(
		upCommand(out), serveCommand(out), checkCommand(out), envoyCommand(out), renderCommand(out), translateCommand(out), usageCommand(out),
		tenantCommand(out), accountsCommand(out), topCommand(out), whyCommand(out), requestsCommand(out), healthCommand(out), completionCommand(out), versionCommand(out),
	)
	root.Flags().BoolVar(tellVersion, "version", false, "print the version")
	completeFlags(root)
	return root
}

// Exit codes; exitCodes describes them for help.
const (
	exitOK       = 0
	exitProblems = 1 // it ran, and found problems
	exitUsage    = 2 // the command line was not understood
	exitFailed   = 3 // it could not run, or not to its end
)

const exitCodes = "Exit status: 0 fine, 1 problems found, 2 command line not understood, 3 could\nnot run, or not to its end (configuration not taken, port in use, no answer).\n"

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
	root := newRoot(out)
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		withoutQuotes(root)
	}
	root.SetArgs(longFlags(root, args))
	cmd, err := root.ExecuteContextC(ctx)
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		complain(out.err, cmd.CommandPath(), err)
		return exitUsage
	case errors.Is(err, errProblems):
		if err != errProblems { //nolint:errorlint // the error says more than that there are problems
			complain(out.err, cmd.CommandPath(), err)
		}
		return exitProblems
	}
	complain(out.err, cmd.CommandPath(), err)
	return exitFailed
}

// complain prints an error, without any credential that it may quote.
func complain(w io.Writer, command string, err error) {
	fmt.Fprintln(w, command+":", redact.Text(err.Error()))
}

// usageError is a command line that was not understood.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// errProblems says that problems were found. By itself it means that they have
// been printed; an error that wraps it has not been printed yet.
var errProblems = errors.New("problems were found")

// problemError is a problem that was found and not printed yet.
type problemError struct{ err error }

func (e *problemError) Error() string   { return e.err.Error() }
func (e *problemError) Unwrap() []error { return []error{e.err, errProblems} }
