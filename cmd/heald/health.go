package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// runHealth asks a running heald whether it lives: the image's health check,
// since there is no shell or curl in the image.
func runHealth(ctx context.Context, args []string, out streams) error {
	fs := newFlags("health", "ask a running heald whether it lives", out)
	address := fs.String("admin", config.DefaultAdmin, "ask at `ADDRESS`")
	ready := fs.Bool("ready", false, "ask whether it takes new requests, too")
	if err := parse(fs, args); err != nil {
		return err
	}
	path := "/livez"
	if *ready {
		path = "/readyz"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+*address+path, nil)
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
		return fmt.Errorf("%s%s answers %d: %s", *address, path, resp.StatusCode, body)
	}
	_, err = out.out.Write(body)
	return err
}
