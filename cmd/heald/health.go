package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// probeTime bounds the question of a health check.
const probeTime = 5 * time.Second

// healthCommand asks a running heald whether it is alive. It is the image's
// health check, since the image has no shell or curl.
func healthCommand(out streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "health [flags]", Short: "check that a running heald is alive",
		Long: "check that a running heald is alive; exit status 1 if it is not", Args: noArguments,
	}
	var admin adminLine
	admin.register(cmd.Flags())
	ready := cmd.Flags().Bool("ready", false, "check that it takes new requests, too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		path := "/livez"
		if *ready {
			path = "/readyz"
		}
		return askHealth(cmd.Context(), &admin, path, out.out)
	}
	return cmd
}

func askHealth(ctx context.Context, admin *adminLine, path string, out io.Writer) error {
	client, err := admin.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	status, body, err := client.Probe(ctx, path)
	if err != nil {
		return &problemError{err}
	}
	if status != http.StatusOK {
		return &problemError{fmt.Errorf("%s answers %d: %.1000s", path, status, body)}
	}
	_, err = out.Write(body)
	return err
}
