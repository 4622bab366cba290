package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the build: -ldflags "-X main.version=…".
var version = "dev"

func runVersion(_ context.Context, args []string, out streams) error {
	if err := parse(newFlags("version", "print the version", out), args); err != nil {
		return err
	}
	fmt.Fprintf(out.out, "heald %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/envoyproxy/go-control-plane/envoy" {
				fmt.Fprintf(out.out, "envoy API %s; tested with Envoy 1.40.0 and 1.39.3\n", d.Version)
			}
		}
	}
	return nil
}
