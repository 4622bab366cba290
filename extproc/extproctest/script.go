package extproctest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/heald-proxy/heald/policies"
)

// Script is a policy that does what a test says, the same in every attempt. A
// nil function echoes: the request goes to cluster a1 as it is, the response to
// the client as it comes. Script also watches that extproc keeps the contract
// of policies.Attempt; [Script.WantClosed] reports.
type Script struct {
	RequestHeaders  func(*policies.Request) *policies.Reply
	RequestBody     func(ctx context.Context, body []byte) (*policies.Forward, *policies.Reply)
	ResponseHeaders func(*policies.Response) policies.Action
	ResponseBody    func(chunk []byte, end bool) policies.Action
	Wake            func() policies.Action
	EndNow          func() policies.Action
	Receive         func(ctx context.Context, n int) *policies.Reply
	Collect         func(ctx context.Context, need, room int) *policies.Reply
	Close           func(policies.End)
	Refuse          func(*policies.Request, *policies.Fault) *policies.Reply

	mu       sync.Mutex
	calls    []string
	attempts []*attempt
	faults   []*policies.Fault
	wrong    []string
}

type attempt struct {
	script *Script
	req    *policies.Request
	passed bool
	busy   sync.Mutex // held during a call: no two at a time

	// Guarded by script.mu.
	closed []policies.End
	over   bool // only Close may follow
}

// Policy returns the script as a policy.
func (s *Script) Policy() policies.Policy { return policy{s} }

type policy struct{ s *Script }

// Begin starts an attempt that follows the script.
func (p policy) Begin(_ context.Context, req *policies.Request) policies.Attempt {
	a := &attempt{script: p.s, req: req}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.attempts = append(p.s.attempts, a)
	return a
}

// Refuse returns a fault as plain text: "reason: error".
func (p policy) Refuse(req *policies.Request, f *policies.Fault) *policies.Reply {
	p.s.mu.Lock()
	p.s.faults = append(p.s.faults, f)
	p.s.mu.Unlock()
	if p.s.Refuse != nil {
		return p.s.Refuse(req, f)
	}
	status := f.Status
	if status == 0 {
		status = 502
	}
	return &policies.Reply{Status: status, Body: []byte(f.Error()), Verdict: f.Verdict, Reason: f.Reason}
}

// Forget forgets the calls, for another run.
func (s *Script) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.attempts, s.faults, s.wrong = nil, nil, nil, nil
}

// Calls lists the attempts' calls, in order.
func (s *Script) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Request is the head that the latest attempt began with.
func (s *Script) Request() *policies.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.attempts) == 0 {
		return nil
	}
	return s.attempts[len(s.attempts)-1].req
}

// Faults lists what the policy had to refuse.
func (s *Script) Faults() []*policies.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.faults)
}

// WantClosed expects that the attempts, in order, were closed once each, like
// this, and that the contract was kept.
func (s *Script) WantClosed(t testing.TB, want ...policies.End) {
	t.Helper()
	synctest.Wait()
	if err := s.Contract(); err != nil {
		t.Fatal(err)
	}
	got := s.Closed()
	if len(got) != len(want) {
		t.Fatalf("%d attempts, want %d", len(got), len(want))
	}
	for i, ends := range got {
		if len(ends) != 1 || ends[0] != want[i] {
			t.Fatalf("attempt %d was closed as %v, want once as %s; calls %q", i+1, ends, want[i], s.Calls())
		}
	}
}

// Contract says how the calls broke the contract of policies.Attempt, if they
// did: two at a time, or one after the end.
func (s *Script) Contract() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wrong) > 0 {
		return fmt.Errorf("contract broken: %q; calls %q", s.wrong, s.calls)
	}
	return nil
}

// Closed returns how often and how the attempts were closed.
func (s *Script) Closed() [][]policies.End {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list [][]policies.End
	for _, a := range s.attempts {
		list = append(list, slices.Clone(a.closed))
	}
	return list
}

// enter notes a call and returns a function to call after it.
func (a *attempt) enter(format string, args ...any) func() {
	call := fmt.Sprintf(format, args...)
	s := a.script
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
	if a.over {
		s.wrong = append(s.wrong, call+" after the end")
	}
	if !a.busy.TryLock() {
		s.wrong = append(s.wrong, call+" during another call")
		return func() {}
	}
	return a.busy.Unlock
}

// ends notes that only Close may follow.
func (a *attempt) ends() {
	a.script.mu.Lock()
	defer a.script.mu.Unlock()
	a.over = true
}

func (a *attempt) RequestHeaders() *policies.Reply {
	defer a.enter("request_headers %s %s", a.req.Method, a.req.Path)()
	if a.script.RequestHeaders == nil {
		return nil
	}
	r := a.script.RequestHeaders(a.req)
	if r != nil {
		a.ends()
	}
	return r
}

func (a *attempt) RequestBody(ctx context.Context, body []byte) (*policies.Forward, *policies.Reply) {
	defer a.enter("request_body %d", len(body))()
	if a.script.RequestBody == nil {
		return &policies.Forward{Cluster: "a1", Body: body}, nil
	}
	f, r := a.script.RequestBody(ctx, body)
	if r != nil {
		a.ends()
	}
	return f, r
}

func (a *attempt) ResponseHeaders(resp *policies.Response) policies.Action {
	defer a.enter("response_headers %d %s", resp.Status, resp.Details)()
	switch {
	case a.script.ResponseHeaders != nil:
		return a.act(a.script.ResponseHeaders(resp), resp.NoBody)
	case resp.NoBody:
		return a.act(policies.Action{Step: policies.Send, Head: &policies.Head{}}, true)
	}
	return policies.Action{}
}

func (a *attempt) ResponseBody(chunk []byte, end bool) policies.Action {
	defer a.enter("response_body %d %t", len(chunk), end)()
	if a.script.ResponseBody != nil {
		return a.act(a.script.ResponseBody(chunk, end), end)
	}
	act := policies.Action{Step: policies.Send, Body: chunk, End: end}
	if !a.passed {
		act.Head = &policies.Head{}
	}
	return a.act(act, end)
}

func (a *attempt) Wake() policies.Action {
	defer a.enter("wake")()
	if a.script.Wake == nil {
		return policies.Action{}
	}
	return a.act(a.script.Wake(), false)
}

// EndNow implements policies.Ender.
func (a *attempt) EndNow() policies.Action {
	defer a.enter("end now")()
	if a.script.EndNow == nil {
		return policies.Action{}
	}
	return a.act(a.script.EndNow(), false)
}

// Receive implements policies.Receiver.
func (a *attempt) Receive(ctx context.Context, n int) *policies.Reply {
	defer a.enter("receive %d", n)()
	if a.script.Receive == nil {
		return nil
	}
	r := a.script.Receive(ctx, n)
	if r != nil {
		a.ends()
	}
	return r
}

// Collect implements policies.Collector.
func (a *attempt) Collect(ctx context.Context, need, room int) *policies.Reply {
	defer a.enter("collect %d", room)()
	if a.script.Collect == nil {
		return nil
	}
	r := a.script.Collect(ctx, need, room)
	if r != nil {
		a.ends()
	}
	return r
}

func (a *attempt) act(act policies.Action, last bool) policies.Action {
	a.passed = a.passed || act.Step == policies.Send
	last = last && !act.More
	if act.Step == policies.Answer || act.Step == policies.Send && (act.End || last) {
		a.ends()
	}
	return act
}

func (a *attempt) Close(end policies.End) {
	s := a.script
	s.mu.Lock()
	s.calls = append(s.calls, "close "+end.String())
	a.closed = append(a.closed, end)
	a.over = true
	s.mu.Unlock()
	if s.Close != nil {
		s.Close(end)
	}
}
