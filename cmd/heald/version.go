package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
)

// version is set by the build: -ldflags "-X main.version=…".
var version = "dev"

// buildInfo is the metric that says which heald this is.
func buildInfo() prometheus.Collector {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "heald_build_info", Help: "Always 1; the labels say which heald this is, and which Go built it."}, []string{"version", "goversion"})
	g.WithLabelValues(version, runtime.Version()).Set(1)
	return g
}

func versionCommand(out streams) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version", Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return printVersion(out.out) },
	}
}

func printVersion(w io.Writer) error {
	fmt.Fprintf(w, "heald %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/envoyproxy/go-control-plane/envoy" {
				fmt.Fprintf(w, "envoy API %s; tested with Envoy 1.40.0 and 1.39.3\n", d.Version)
			}
		}
	}
	return nil
}
