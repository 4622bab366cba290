package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is the width of help in columns: that of the smallest usual screen.
const helpWidth = 80

func init() {
	cobra.EnableCommandSorting = false // commands are in the order in which they are needed
}

// printHelp prints what a command does and takes.
func printHelp(w io.Writer, cmd *cobra.Command) {
	about := cmp.Or(cmd.Long, cmd.Short)
	if cmd.HasSubCommands() {
		fmt.Fprintf(w, "%s\n\nUsage: %s COMMAND [flags]\n\n", wrap(cmd.CommandPath()+": "+about, helpWidth), cmd.CommandPath())
		printCommands(w, cmd)
		fmt.Fprintf(w, "\n%s COMMAND -h lists the flags of a command.\n", cmd.CommandPath())
		if !cmd.HasParent() {
			fmt.Fprint(w, exitCodes)
		}
		return
	}
	fmt.Fprintf(w, "%s\n\nUsage: %s\n", wrap(cmd.CommandPath()+": "+about, helpWidth), cmd.UseLine())
	if cmd.Flags().HasAvailableFlags() {
		fmt.Fprint(w, "\nFlags:\n")
		cmd.Flags().VisitAll(func(f *pflag.Flag) { printFlag(w, f) })
	}
}

// flagColumn is where the descriptions of flags begin.
const flagColumn = 24

// printFlag prints a flag, what it takes, and its default.
func printFlag(w io.Writer, f *pflag.Flag) {
	if f.Hidden {
		return
	}
	value, about := pflag.UnquoteUsage(f)
	name := "  --" + f.Name
	if f.Shorthand != "" {
		name = "  -" + f.Shorthand + ", --" + f.Name
	}
	if value != "" {
		name += " " + value
	}
	switch f.DefValue {
	case "", "0", "0s", "false", "[]":
	default:
		about += " (default " + f.DefValue + ")"
	}
	indent := "\n" + strings.Repeat(" ", flagColumn)
	if len([]rune(name)) > flagColumn-2 {
		name += indent
	} else {
		name += strings.Repeat(" ", flagColumn-len([]rune(name)))
	}
	fmt.Fprintln(w, name+strings.ReplaceAll(wrap(about, helpWidth-flagColumn), "\n", indent))
}

// printCommands lists the commands below one.
func printCommands(w io.Writer, cmd *cobra.Command) {
	longest := 0
	for _, c := range cmd.Commands() {
		longest = max(longest, len(synopsis(c)))
	}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			fmt.Fprintf(w, "  %-*s  %s\n", longest, synopsis(c), strings.ReplaceAll(wrap(c.Short, helpWidth-longest-4), "\n", "\n"+strings.Repeat(" ", longest+4)))
		}
	}
}

// synopsis is a command's name with its arguments.
func synopsis(c *cobra.Command) string {
	if c.Parent().HasParent() {
		return c.Use
	}
	return c.Name()
}

// wrap breaks a text into lines of at most that many columns.
func wrap(text string, width int) string {
	var out strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch n := len([]rune(word)); {
		case column == 0:
			column = n
		case column+1+n > width:
			out.WriteByte('\n')
			column = n
		default:
			out.WriteByte(' ')
			column += 1 + n
		}
		out.WriteString(word)
	}
	return out.String()
}

// helpCommand is `heald help`.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "print what a command does and its flags", Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return noSuchCommand(about, slices.Concat(rest, args)[0])
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
