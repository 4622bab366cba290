package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/envoy/helm"
	"github.com/heald-proxy/heald/policies/redact"
)

// renderValuesOptions are the flags of `render helm-values`.
type renderValuesOptions struct {
	file, diff string
	envoy      bool
}

// renderValuesCommand prints values of the Helm chart for a heald.yaml.
func renderValuesCommand(out streams) *cobra.Command {
	var o renderValuesOptions
	cmd := &cobra.Command{
		Use: "helm-values --config FILE [flags]", Short: "print values of the Helm chart",
		Long: "print values of the Helm chart envoy/helm/heald for a heald.yaml. Secrets are named, not read: the text begins with the commands that make them",
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return o.print(out) },
	}
	fs := cmd.Flags()
	fs.StringVar(&o.file, "config", "", "read `FILE` (heald.yaml)")
	fs.BoolVar(&o.envoy, "envoy", false, "with the chart's own Envoy in the same pods, so that the release is a whole gateway")
	fs.StringVar(&o.diff, "diff", "", "say in what the values in `FILE` differ, in place of printing some; exit status 1 if they do")
	return cmd
}

func (o *renderValuesOptions) print(out streams) error {
	if o.file == "" {
		return &usageError{errors.New("--config is missing: name the heald.yaml that the values are for")}
	}
	if _, err := config.Load(o.file); err != nil { // its mistakes, and pasted credentials, are told as everywhere
		return err
	}
	text, err := os.ReadFile(o.file)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	values, err := helm.From(text, helm.Options{Envoy: o.envoy})
	if err != nil {
		return err
	}
	if o.diff == "" {
		yaml, err := values.YAML(o.file)
		if err == nil {
			_, err = out.out.Write(yaml)
		}
		return err
	}
	have, err := os.ReadFile(o.diff)
	if err != nil {
		return fmt.Errorf("--diff: %w", err)
	}
	lines, err := values.Diff(have)
	if err != nil {
		return fmt.Errorf("--diff %s: %w", o.diff, err)
	}
	for _, line := range lines {
		fmt.Fprintln(out.out, redact.Text(line))
	}
	if len(lines) > 0 {
		return errProblems
	}
	return nil
}
