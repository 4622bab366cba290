package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/heald-proxy/heald/cmd/heald/translate"
)

// inputLimit bounds a translated file, in bytes; requests with media reach
// some 30 MB.
const inputLimit = 256 << 20

// translateLine is a command line of `heald translate`.
type translateLine struct {
	translate.Options
	target, request           string
	stream, document, explain bool
}

// translateCommand shows how one request or reply is translated.
func translateCommand(out streams) *cobra.Command {
	var o translateLine
	cmd := &cobra.Command{
		Use: "translate [FILE] [flags]", Short: "show how one request or reply is translated",
		Long: "show what goes upstream for the client request in FILE (or standard input), or with --reply what the client gets for a reply; exit status 1 if it is refused",
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args, out) },
	}
	fs := cmd.Flags()
	fs.StringVar(&o.Dialect, "dialect", "", "the client's `API`: claude, chat, responses, completions, embeddings, images or gemini (default: guessed from the request)")
	fs.StringVar(&o.Path, "path", "", "the client's request `PATH`, in place of --dialect")
	fs.StringVar(&o.Model, "model", "", "the upstream `MODEL` (default: by the built-in aliases)")
	fs.StringVar(&o.target, "target", "ai_studio", "the upstream: ai_studio or vertex[,project=…,location=…]")
	fs.BoolVar(&o.Strict, "strict", false, "refuse what would only be warned about")
	fs.BoolVar(&o.Reply, "reply", false, "the input is an upstream reply, a stream or JSON")
	fs.StringVar(&o.request, "request", "", "with --reply: the client request that it answers is in `FILE`")
	fs.IntVar(&o.Status, "status", 0, "with --reply: its HTTP status (default: by its body)")
	fs.BoolVar(&o.stream, "stream", false, "with --reply: the client wants a stream")
	fs.BoolVar(&o.document, "json", false, "with --reply: the client wants one JSON document")
	fs.BoolVar(&o.Raw, "raw", false, "do not indent the body")
	fs.BoolVar(&o.explain, "explain", false, "write warnings and reasons after the body instead of to standard error")
	return cmd
}

func (o *translateLine) run(ctx context.Context, args []string, out streams) (err error) {
	if o.stream && o.document {
		return &usageError{errors.New("--stream and --json exclude each other")}
	}
	if o.stream || o.document {
		o.Stream = &o.stream
	}
	if o.Backend, err = translate.ParseTarget(o.target); err != nil {
		return &usageError{fmt.Errorf("--target: %w", err)}
	}
	input, err := readInput(strings.Join(args, ""))
	if err != nil {
		return err
	}
	if o.request != "" {
		if o.Request, err = readInput(o.request); err != nil {
			return err
		}
	}
	return translateTo(ctx, input, o.Options, o.explain, out)
}

// translateTo runs the translation and puts its notes where they are wanted.
func translateTo(ctx context.Context, input []byte, o translate.Options, explain bool, out streams) error {
	var notes notebook
	err := translate.Run(ctx, input, o, out.out, &notes)
	w := out.err
	if explain {
		w = out.out
		notes = append([]byte("\n"), notes...)
	}
	if _, werr := w.Write(notes); werr != nil {
		return werr
	}
	if errors.Is(err, translate.ErrRefused) {
		return errProblems
	}
	return err
}

// notebook keeps notes until the body is written.
type notebook []byte

func (n *notebook) Write(p []byte) (int, error) {
	*n = append(*n, p...)
	return len(p), nil
}

// readInput reads a file; "" and "-" are standard input.
func readInput(name string) ([]byte, error) {
	in := os.Stdin
	if name != "" && name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, inputLimit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", in.Name(), err)
	}
	if len(data) > inputLimit {
		return nil, fmt.Errorf("%s is longer than %d bytes", in.Name(), inputLimit)
	}
	return data, nil
}
