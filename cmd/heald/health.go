package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// runHealth asks a running heald whether it lives: the image's health check,
// since there is no shell or curl in the image.
func healthCommand(out streams) *cobra.Command {
	cmd := &cobra.Command{Use: "health [flags]", Short: "ask a running heald whether it lives", Args: noArguments}
	address := cmd.Flags().String("admin", config.DefaultAdmin, "ask at `ADDRESS`")
	ready := cmd.Flags().Bool("ready", false, "ask whether it takes new requests, too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		path := "/livez"
		if *ready {
			path = "/readyz"
		}
		return askHealth(cmd.Context(), *address, path, out.out)
	}
	return cmd
}

func askHealth(ctx context.Context, address, path string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return &usageError{err}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s%s answers %d: %s", address, path, resp.StatusCode, body)
	}
	_, err = out.Write(body)
	return err
}
