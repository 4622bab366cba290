package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/route"
)

// corpus is one run over the recorded traffic.
type corpus struct {
	dir         string
	report      *report
	verbose     bool
	translators []*exchange.Translator // one a target
}

func main() {
	only := flag.String("api", "", "run the rows of one `API` only")
	verbose := flag.Bool("v", false, "tell in what the scenarios differ")
	flag.Parse()
	dir := os.Getenv("HEALD_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "shared", "corpus") // beside the checkout
	}
	if _, err := os.Stat(dir); err != nil {
		fmt.Println("skipped: there is no recorded traffic in", dir, "(set HEALD_CORPUS)")
		return
	}
	clean, err := run(&corpus{dir: dir, report: newReport(), verbose: *verbose}, *only, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
	if !clean {
		os.Exit(1)
	}
}

// run runs everything; clean says that there was no exception.
func run(c *corpus, only string, out io.Writer) (clean bool, err error) {
	for _, a := range apis {
		if only != "" && only != a.name {
			continue
		}
		if err := c.renew(); err != nil {
			return false, err
		}
		if !c.speaks(a) {
			fmt.Fprintln(out, a.name+": left out, heald does not speak it yet")
			continue
		}
		if err := errors.Join(c.requests(a), c.replies(a)); err != nil {
			return false, err
		}
	}
	if only == "" {
		if err := c.scenarios(apis); err != nil {
			return false, err
		}
	}
	c.report.write(out)
	return len(c.report.ids) == 0, nil
}

// renew makes new translators: what one learns of an upstream from a reply
// must not reach the rows of another API.
func (c *corpus) renew() error {
	c.translators = nil
	for _, t := range targets {
		tr, err := exchange.NewTranslator(exchange.TranslatorConfig{Backend: t.backend, Model: t.model, Settings: route.Settings{Allow: everything}})
		if err != nil {
			return fmt.Errorf("target %s: %w", t.name, err)
		}
		c.translators = append(c.translators, tr)
	}
	return nil
}

// speaks reports whether heald has a dialect for the API.
func (c *corpus) speaks(a api) bool {
	path, body := a.sample(false)
	got := c.translators[0].Request(context.Background(), head(path), []byte(body))
	return got.Reply == nil || got.Reply.Status != 404
}
