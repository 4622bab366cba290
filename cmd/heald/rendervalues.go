package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/envoy/helm"
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
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := notEmpty(cmd, "diff"); err != nil {
				return err
			}
			return o.print(out)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.file, "config", "", "read `FILE` (heald.yaml)")
	fs.BoolVar(&o.envoy, "envoy", false, "with the chart's own Envoy in the same pods, so that the release is a whole gateway")
	fs.StringVar(&o.diff, "diff", "", "say what differs in `FILE`, your values; exit status 1 if anything does. Of what only they have, config alone counts")
	return cmd
}

func (o *renderValuesOptions) print(out streams) error {
	if o.file == "" {
		return &usageError{errors.New("--config is missing: name the heald.yaml that the values are for")}
	}
	cfg, err := config.Load(o.file)
	if err != nil { // its mistakes, and pasted credentials, are told as everywhere
		return err
	}
	if o.envoy && cfg.OneHop() {
		return errOneHop("the chart's Envoy")
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
	return tellDifferences(out, o.diff, values.Diff)
}
