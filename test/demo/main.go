// Command demo shows heald's main job: a client that speaks Anthropic Messages
// gets answers from Gemini through a stock Envoy, and replies that die early
// are retried before the client notices. It starts what `heald up` starts,
// sends a few requests, prints what happened, and exits 0 only if all was
// right.
//
// With GEMINI_API_KEY set it asks the real Gemini and leaves out the faults,
// which only the fake can make.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// limit bounds the whole demo.
const limit = 2 * time.Minute

func main() {
	binary := flag.String("heald", "bin/heald", "heald's `PATH`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := demo(ctx, *binary); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		cancel()
		os.Exit(1) //nolint:gocritic // both were called
	}
}

// demo runs every scene against one set-up.
func demo(ctx context.Context, binary string) error {
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
	if err := up.Stop(); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d scenes went wrong", failed)
	}
	fmt.Println("all was right")
	return nil
}
