package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// refusePasted refuses a command line that holds a credential: every process of
// the machine can read it there. The message names the flag, never the value.
func refusePasted(args []string) error {
	where := "the command"
	asksByID := len(args) > 0 && (args[0] == "why" || args[0] == "requests")
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") {
			name, _, _ := strings.Cut(arg, "=")
			if where = "the value of --" + strings.TrimLeft(name, "-"); pasted(name) {
				where = "the name of a flag"
			}
		}
		id := asksByID && shortHex.MatchString(arg)
		if pasted(arg) && !id {
			return &usageError{fmt.Errorf("%s looks like a credential, which does not belong on a command line; "+
				"put it into a variable or a file and name that, as in --account BACKEND=env:VARIABLE", where)}
		}
	}
	return nil
}

// shortHex is the form of trace ids (32 characters) and of many request ids, which
// look like a credential.
var shortHex = regexp.MustCompile(`^(?:--?id=)?[0-9a-fA-F]{1,32}$`)

// pasted reports an argument with a credential in it. Paths of files may have
// hashes in them.
func pasted(arg string) bool {
	if redact.Known(arg) {
		return true
	}
	for _, part := range strings.FieldsFunc(arg, func(r rune) bool { return strings.ContainsRune("=:,;|", r) }) {
		path := strings.HasPrefix(part, "/") || strings.HasPrefix(part, "./") || strings.HasPrefix(part, "../")
		if !path && redact.Secret(part) {
			return true
		}
	}
	return false
}

// longFlags rewrites -name as --name: Go's flag package accepts both, and so did
// heald always. The value of a flag stays as it is.
func longFlags(root *cobra.Command, args []string) []string {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return args // a shell asks about a command line that is not complete
	}
	for i, arg := range args { // heald --help why asks for the help of why
		if arg == "-h" || arg == "-help" || arg == "--help" {
			continue
		}
		args = append(append([]string{}, args[i:]...), args[:i]...)
		break
	}
	cmd, _, err := root.Find(args)
	if err != nil {
		return append([]string{}, args...)
	}
	out := append([]string{}, args...) // nil means the process's own to the library
	for i := 0; i < len(out); i++ {
		if out[i] == "--" {
			break
		}
		if !strings.HasPrefix(out[i], "-") || len(out[i]) < 3 {
			continue
		}
		if !strings.HasPrefix(out[i], "--") {
			out[i] = "-" + out[i]
		}
		name, _, whole := strings.Cut(out[i][2:], "=")
		if f := cmd.Flags().Lookup(name); f != nil && !whole && f.NoOptDefVal == "" {
			i++ // its value
		}
	}
	return out
}

// flagError rewrites an error of the flag library in heald's style.
func flagError(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		alone   *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
		syntax  *pflag.InvalidSyntaxError
		said    string
	)
	switch {
	case errors.As(err, &unknown):
		said = noSuchFlag(cmd, unknown)
	case errors.As(err, &alone):
		said = "--" + alone.GetSpecifiedName() + " needs a value"
	case errors.As(err, &invalid):
		said = fmt.Sprintf("--%s: %q %s", invalid.GetFlag().Name, invalid.GetValue(), wanted(invalid.GetFlag(), invalid.Unwrap()))
	case errors.As(err, &syntax):
		said = syntax.GetSpecifiedFlag() + " is no flag"
	default:
		said = err.Error()
	}
	return &usageError{fmt.Errorf("%s; see %s -h", said, cmd.CommandPath())}
}

func noSuchFlag(cmd *cobra.Command, e *pflag.NotExistError) string {
	name := e.GetSpecifiedName()
	if e.GetSpecifiedShortnames() != "" {
		return "there is no flag -" + name
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return "there is no flag --" + name + setting.DidYouMean("--"+name, names)
}

// wanted says what a flag takes; told is the flag library's own message.
func wanted(f *pflag.Flag, told error) string {
	switch f.Value.Type() {
	case "duration":
		return "is not a duration such as 30s or 10m"
	case "int":
		return "is not a whole number"
	case "bool":
		return "is neither true nor false"
	}
	return told.Error()
}

// notEmpty refuses flags that are given without a value, as by a variable that is
// not set: the command would silently do something else.
func notEmpty(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if f := cmd.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			return &usageError{fmt.Errorf("--%s is empty; see %s -h", name, cmd.CommandPath())}
		}
	}
	return nil
}

// commandNamed refuses an unknown word where a command is required.
func commandNamed(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return noSuchCommand(cmd, args[0])
	}
	return nil
}

func noSuchCommand(parent *cobra.Command, name string) error {
	var names []string
	for _, c := range parent.Commands() {
		names = append(names, c.Name())
	}
	return &usageError{fmt.Errorf("there is no such command: no command %q%s; see %s -h", name, setting.DidYouMean(name, names), parent.CommandPath())}
}

// noArguments takes only flags.
func noArguments(cmd *cobra.Command, args []string) error { return atMost(0)(cmd, args) }

// atMost takes at most that many arguments beside the flags.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return &usageError{fmt.Errorf("unexpected argument %q; see %s -h", args[n], cmd.CommandPath())}
		}
		return nil
	}
}

// exactly takes exactly that many arguments beside the flags.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return &usageError{fmt.Errorf("want %d arguments besides flags, not %d; see %s -h", n, len(args), cmd.CommandPath())}
		}
		return nil
	}
}
