// Command fakegemini serves the strict fake Gemini API for tests that need it
// as a process of its own. It prints its address on the first line, then runs
// until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/heald-proxy/heald/test/fakegemini"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fakegemini:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("fakegemini", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	keys := flags.String("keys", "", "comma-separated valid keys; empty: any that is not empty")
	models := flags.String("models", "", "comma-separated models to serve beside the built-in ones")
	tolerate := flags.String("tolerate", "", "comma-separated rules that shall only leave a mark")
	script := flags.String("script", "", "file with replies to queue, a JSON list as for POST /fake/script")
	presence := flags.Bool("presence-only", false, "do not verify signatures, only ask that they are there")
	gzip := flags.Bool("gzip", false, "compress replies for clients that accept it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	opts := fakegemini.Options{Keys: split(*keys), Models: split(*models), PresenceOnly: *presence, Gzip: *gzip}
	for _, r := range split(*tolerate) {
		opts.Tolerate = append(opts.Tolerate, fakegemini.Rule(r))
	}
	s, err := fakegemini.Listen(*listen, opts)
	if err != nil {
		return err
	}
	if *script != "" {
		if err := load(s, *script); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	fmt.Fprintln(stdout, s.Addr())
	<-ctx.Done()
	return s.Close()
}

func load(s *fakegemini.Server, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.LoadScript(f)
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
