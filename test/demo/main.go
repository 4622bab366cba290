// Command demo shows heald's main job: a client that speaks Anthropic Messages
// gets answers from Gemini through a stock Envoy, and replies that die early
// are retried before the client notices. It starts what `heald up` starts,
// sends a few requests, prints what happened, and exits 0 only if all was
// right. It ends with the address of the page that shows the same; with -keep the
// page stays open until Ctrl-C.
//
// With GEMINI_API_KEY set it asks the real Gemini and leaves out the faults,
// which only the fake can make.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// limit bounds all scenes.
const limit = 2 * time.Minute

func main() {
	binary := flag.String("heald", "bin/heald", "heald's `PATH`")
	keep := flag.Bool("keep", false, "leave the page open until Ctrl-C")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := demo(ctx, os.Stdout, *binary, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1) //nolint:gocritic // it was called
	}
}

// demo runs every scene against one set-up, and with keep leaves it open until ctx
// ends. out gets the end of what it prints.
func demo(ctx context.Context, out io.Writer, binary string, keep bool) error {
	open := ctx
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var args []string
	var fake *fakegemini.Server
	if os.Getenv("GEMINI_API_KEY") == "" {
		var err error
		if fake, err = fakegemini.Listen("127.0.0.1:0", fakegemini.Options{}); err != nil {
			return err
		}
		defer fake.Close()
		fmt.Printf("fake Gemini at %s (set GEMINI_API_KEY to ask the real one)\n", fake.URL())
		args = []string{"--backend", "gemini=ai_studio," + fake.URL(), "--account", "gemini=env:DEMO_KEY"}
	}
	up, err := stack.StartUp(ctx, binary, []string{"DEMO_KEY=demo"}, args...)
	if err != nil {
		return err
	}
	fmt.Printf("Envoy and heald at %s\n\n", up.URL)
	failed := 0
	for _, s := range scenes(fake != nil) {
		if fake != nil {
			fake.Enqueue(s.faults...)
		}
		if !s.play(ctx, up) {
			failed++
		}
	}
	if failed > 0 {
		return errors.Join(fmt.Errorf("%d scenes went wrong", failed), up.Stop())
	}
	fmt.Fprintln(out, "all was right")
	if keep {
		fmt.Fprintf(out, "each request, and why it went as it did: %s (until Ctrl-C)\n", up.Page())
		<-open.Done()
		return up.Stop()
	}
	fmt.Fprintf(out, "each request, and why it went as it did, was at %s: `make demo KEEP=1` leaves it open\n", up.Page())
	return up.Stop()
}
