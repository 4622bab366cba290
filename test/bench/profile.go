package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/heald-proxy/heald/envoy/locate"
)

// profileCommand profiles heald instead of measuring it.
const profileCommand = "profile"

// profiled are the scenarios that builds are optimized for. In one the head of a
// request costs most, in one its history, in one the answer.
const profiled = "json-small,body-200k,sse-1000"

// profile drives heald with one scenario after the other, each for the same
// time, and writes its CPU profile to DIR/SCENARIO.pprof.
func profile(ctx context.Context, args []string, progress io.Writer) error {
	o := options{}
	fs := flag.NewFlagSet(profileCommand, flag.ContinueOnError)
	fs.SetOutput(progress)
	fs.StringVar(&o.heald, "heald", "bin/heald", "profile the binary at `PATH`")
	fs.StringVar(&o.version, "envoy", "", "use Envoy `VERSION` (default: the newest found)")
	fs.StringVar(&o.scenario, "scenario", profiled, "profile the scenarios of this comma-separated `LIST`")
	fs.IntVar(&o.concurrency, "concurrency", 4, "send from `N` clients at a time")
	seconds := fs.Int("seconds", 20, "profile each scenario for `N` seconds")
	dir := fs.String("dir", "out/pgo", "write the profiles into `DIR`")
	if err := fs.Parse(args); err != nil {
		return err
	}
	switch {
	case fs.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; see -h", fs.Arg(0))
	case *seconds < 1 || *seconds > 600:
		return fmt.Errorf("-seconds: %d is not between 1 and 600", *seconds)
	case o.concurrency < 1:
		return fmt.Errorf("-concurrency: %d is not positive", o.concurrency)
	}
	list, err := choose(o.scenario)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*dir, 0o755); err != nil {
		return err
	}
	// Short, since the path of a Unix socket may have 107 bytes.
	temp, err := os.MkdirTemp("", "heald-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	p, err := startProfiled(ctx, o, temp)
	if err != nil {
		return err
	}
	defer p.close()
	for i := range list {
		data, err := p.record(ctx, &list[i], *seconds)
		if err != nil {
			return fmt.Errorf("scenario %s: %w", list[i].name, err)
		}
		path := filepath.Join(*dir, list[i].name+".pprof")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
		fmt.Fprintln(progress, "wrote", path)
	}
	return nil
}

// profiledHeald is a heald that shows its profiles, behind an Envoy.
type profiledHeald struct {
	upstream *upstream
	load     *load
	heald    *variant
	admin    *http.Client // asks heald's admin listener, whatever the host
}

func startProfiled(ctx context.Context, o options, dir string) (p *profiledHeald, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("not everything was ready after a minute"))
	defer cancel()
	envoy, err := locate.Find(o.version)
	if err != nil {
		return nil, err
	}
	p = &profiledHeald{load: newLoad(o.concurrency)}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.upstream, err = startUpstream(); err != nil {
		return nil, err
	}
	p.admin = adminClient(adminSocket(dir, nameHeald))
	p.admin.Timeout = 0 // a profile takes as long as it is asked to
	k := healdKind(nameHeald, o.heald, p.upstream, "", nil)
	p.heald, err = k.start(ctx, place{dir: dir, envoy: envoy, window: room, clients: o.concurrency})
	return p, err
}

// close ends everything. What the processes say of their end is of no use here.
func (p *profiledHeald) close() {
	p.load.close()
	if p.heald != nil {
		_ = p.heald.close()
	}
	if p.upstream != nil {
		_ = p.upstream.close()
	}
}

// record drives heald with one scenario for some seconds and returns its profile.
func (p *profiledHeald) record(ctx context.Context, s *scenario, seconds int) ([]byte, error) {
	a := newAnswer(s.chunks)
	p.upstream.answer.Store(a)
	p.heald.request = s.request()
	got, err := p.load.whole(ctx, p.heald)
	if err != nil {
		return nil, err
	}
	if err := s.check(got, a); err != nil {
		return nil, err
	}
	driving, stop := context.WithCancel(ctx)
	defer stop()
	driven := make(chan error, 1) // why the requests ended
	go func() {                   // ends with driving, or after twice the time
		_, err := p.load.drive(driving, p.heald, 2*time.Duration(seconds)*time.Second)
		driven <- err
	}()
	data, err := p.cpu(driving, seconds)
	select {
	case failed := <-driven: // before its end: these requests are not to be profiled
		return nil, errors.Join(failed, err, errors.New("the requests ended before the profile"))
	default:
	}
	stop()
	if err := <-driven; err == nil {
		return nil, errors.New("the requests ended although they were broken off")
	}
	return data, err
}

// cpu asks heald for a profile of the next seconds.
func (p *profiledHeald) cpu(ctx context.Context, seconds int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://heald/debug/pprof/profile?seconds=%d", seconds), nil)
	if err != nil {
		return nil, err
	}
	resp, err := p.admin.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("heald gives no profile: status %d: %.300s", resp.StatusCode, data)
	}
	return data, err
}
