package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/heald-proxy/heald/cmd/heald/tenant"
	"github.com/heald-proxy/heald/envoy/mesh"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record/history"
)

// completionCommand prints a script with which a shell completes heald's command lines.
func completionCommand(out streams) *cobra.Command {
	return &cobra.Command{
		Use: "completion bash|zsh|fish", Short: "print a shell's completion script",
		Long: "print a script with which a shell completes heald's commands and flags. For this session: " +
			"source <(heald completion bash), source <(heald completion zsh), heald completion fish | source. " +
			"To keep it, put that line into ~/.bashrc, ~/.zshrc (after compinit) or ~/.config/fish/config.fish.",
		Args: exactly(1), ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(cmd *cobra.Command, args []string) error { return printCompletion(cmd, args[0], out.out) },
	}
}

func printCompletion(cmd *cobra.Command, shell string, w io.Writer) error {
	root := cmd.Root()
	switch shell {
	case "bash":
		if err := root.GenBashCompletionV2(w, true); err != nil {
			return err
		}
		_, err := io.WriteString(w, bareBash)
		return err
	case "zsh":
		return root.GenZshCompletion(w)
	case "fish":
		return root.GenFishCompletion(w, true)
	}
	return &usageError{fmt.Errorf("there is no completion for %q: write bash, zsh or fish", shell)}
}

// bareBash replaces the only function of the package bash-completion that the
// library's script needs; many machines and all containers lack that package. It
// does not handle quotes.
const bareBash = `
if ! declare -F _get_comp_words_by_ref >/dev/null; then
__heald_init_completion()
{
    local line=${COMP_LINE:0:COMP_POINT}
    COMPREPLY=()
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    cword=$((${#words[@]} - 1))
    cur=${words[cword]}
    prev=${words[cword - 1]}
}
fi
`

// filesByFlag are the flags that take the path of a file, which shells complete by
// themselves.
var filesByFlag = map[string]bool{"config": true, "envoy": true, "file": true, "dir": true, "request": true, "log": true, "admin-ca": true, "admin-cert": true, "admin-key": true, "output": true, "diff": true}

// wordsByFlag are the flags that take one of a few words.
var wordsByFlag = map[string][]string{
	"outcome":   history.Outcomes,
	"reason":    heal.Reasons,
	"log-level": {"debug", "info", "warn", "error"},
	"dialect":   {"claude", "chat", "responses", "completions", "embeddings", "images", "gemini"},
	"target":    {"ai_studio", "vertex"},
	"form":      {mesh.GatewayForm, mesh.SidecarForm, mesh.PortableForm, mesh.PatchedForm},
	"heald-tls": {mesh.Mesh, mesh.Plain, mesh.TLS},
	"by":        {"day", "tenant", "key", "api", "backend", "account", "group", "model"},
}

// completeFlags sets how the flags of a command and of all commands below it are
// completed.
func completeFlags(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		completeFlags(c)
	}
	if cmd.ValidArgs == nil && cmd.ValidArgsFunction == nil && !strings.Contains(cmd.Use, "FILE") {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		switch words := wordsByFlag[f.Name]; {
		case words != nil:
			_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails if there is no such flag, or twice
		case !filesByFlag[f.Name]:
			_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.NoFileCompletions)
		}
	})
}

// withoutQuotes takes the quotes out of the descriptions of flags, which mark the name
// of the value: help prints it by itself, shells print the text as it is.
func withoutQuotes(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		withoutQuotes(c)
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
}

// completeTenant offers the names of tenants, as the first argument.
func (c *tenantLine) completeTenant(_ *cobra.Command, names []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(names) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	book, err := c.open()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var rows []tenant.Row
	if rows, err = book.List(); err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, row := range rows {
		out = append(out, row.Name)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
