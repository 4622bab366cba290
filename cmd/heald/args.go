package main

import (
	"errors"
	"flag"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/redact"
)

// refusePasted refuses a command line that holds a credential: every process of
// the machine can read it there. The message names the flag, never the value.
func refusePasted(args []string) error {
	where := "the command"
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") {
			name, _, _ := strings.Cut(arg, "=")
			if where = "the value of --" + strings.TrimLeft(name, "-"); pasted(name) {
				where = "the name of a flag"
			}
		}
		if pasted(arg) {
			return &usageError{fmt.Errorf("%s looks like a credential, which does not belong on a command line; "+
				"put it into a variable or a file and name that, as in --account BACKEND=env:VARIABLE", where)}
		}
	}
	return nil
}

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

// flagFaults are errors of the flag package about one flag.
var flagFaults = []struct {
	theirs *regexp.Regexp
	ours   func(fs *flag.FlagSet, m []string) string
}{
	{regexp.MustCompile(`^flag provided but not defined: -(.*)$`), func(_ *flag.FlagSet, m []string) string {
		return "there is no flag --" + m[1]
	}},
	{regexp.MustCompile(`^flag needs an argument: -(.*)$`), func(_ *flag.FlagSet, m []string) string {
		return "--" + m[1] + " needs a value"
	}},
	{regexp.MustCompile(`^bad flag syntax: (.*)$`), func(_ *flag.FlagSet, m []string) string {
		return m[1] + " is no flag"
	}},
	{regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-([^:]*): (.*)$`), func(fs *flag.FlagSet, m []string) string {
		return fmt.Sprintf("--%s: %s %s", m[2], m[1], wanted(fs.Lookup(m[2]), m[3]))
	}},
}

// flagError words an error of the flag package as the rest of heald does.
func flagError(fs *flag.FlagSet, err error) error {
	for _, f := range flagFaults {
		if m := f.theirs.FindStringSubmatch(err.Error()); m != nil {
			return errors.New(f.ours(fs, m))
		}
	}
	return err
}

// wanted says what a flag takes; told is what it says itself.
func wanted(f *flag.Flag, told string) string {
	getter, ok := f.Value.(flag.Getter)
	if !ok {
		return told
	}
	switch getter.Get().(type) {
	case time.Duration:
		return "is not a duration such as 30s or 10m"
	case int:
		return "is not a whole number"
	case bool:
		return "is neither true nor false"
	}
	return told
}
