package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
)

// opener holds streams open at one variant, each over a connection of its own.
type opener struct {
	ctx    context.Context
	cancel context.CancelFunc
	v      *variant
	load   *load
	open   int
	begun  chan error // one for each stream: it has begun, or why not
	ended  sync.WaitGroup
}

// openersAtOnce bounds how many streams are on their way at a time, so that
// what is measured is what open streams need, and not a burst.
const openersAtOnce = 32

func newOpener(ctx context.Context, v *variant) *opener {
	ctx, cancel := context.WithCancel(ctx)
	return &opener{ctx: ctx, cancel: cancel, v: v, begun: make(chan error), load: &load{concurrency: 1, client: &http.Client{
		// Small buffers: it is not the clients that are measured.
		Transport: &http.Transport{DisableCompression: true, ReadBufferSize: kilobyte, WriteBufferSize: kilobyte},
	}}}
}

// upTo opens streams until n are open, and waits until each has received what
// upstream says before it is silent.
func (o *opener) upTo(n int) error {
	var first error
	wait := func() {
		if err := <-o.begun; err != nil && first == nil {
			first = err
			o.cancel()
		}
	}
	under := 0
	for ; o.open < n && first == nil; o.open++ {
		o.ended.Go(func() { o.stream() }) // ends with close
		if under++; under == openersAtOnce {
			wait()
			under--
		}
	}
	for range under {
		wait()
	}
	return first
}

// stream opens one, signals when it has begun, and then waits for its end.
func (o *opener) stream() {
	resp, err := o.load.send(o.ctx, o.v)
	if err != nil {
		o.begun <- err
		return
	}
	defer func() { _ = resp.Body.Close() }()
	if err := begin(resp); err != nil {
		o.begun <- err
		return
	}
	o.begun <- nil
	<-o.ctx.Done()
}

// begin reads until all has come that comes before the silence.
func begin(resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	var got []byte
	buffer := make([]byte, 4*kilobyte)
	for {
		n, err := resp.Body.Read(buffer)
		got = append(got, buffer[:n]...)
		if bytes.Count(got, []byte(text)) == streamBegun {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the stream ended after %d of %d chunks: %w", bytes.Count(got, []byte(text)), streamBegun, err)
		}
	}
}

// close ends all streams and waits until the clients are gone.
func (o *opener) close() {
	o.cancel()
	o.ended.Wait()
	o.load.close()
}
