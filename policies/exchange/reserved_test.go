package exchange

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/endpoint"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// Every error of heald is encoded in one place: only reserved.go calls a
// dialect's Error.
func TestErrorsAreEncodedInOnePlace(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := f.Name(); strings.HasSuffix(name, "_test.go") || !strings.HasSuffix(name, ".go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			if _, text := call.Args[0].(*ast.BasicLit); ok && s.Sel.Name == "Error" && !text && !isZap(s.X) {
				t.Errorf("%s: encodes an error for a client: use encodeError", set.Position(call.Pos()))
			}
			return true
		})
	}
}

// isZap reports whether an Error is a field of a log line.
func isZap(x ast.Expr) bool {
	name, ok := x.(*ast.Ident)
	return ok && name.Name == "zap"
}

// refusals are ways to end without an answer, by where they are decided. Each
// plays one attempt, and returns its replies.
var refusals = map[string]func(t *testing.T, r rig, begin func(headers ...string) *attempt, body string) *policies.Reply{
	"provider": nil, // each status; see TestReservedStatus
	"not through outer": func(t *testing.T, r rig, begin func(...string) *attempt, _ string) *policies.Reply {
		r.hop = newKeySet("a secret of the outer listener")
		return begin().RequestHeaders()
	},
	"unknown policy": func(_ *testing.T, _ rig, begin func(...string) *attempt, _ string) *policies.Reply {
		return begin(policies.HeaderPolicy, "nobody's").RequestHeaders()
	},
	"bad setting": func(_ *testing.T, _ rig, begin func(...string) *attempt, _ string) *policies.Reply {
		return begin(policies.HeaderSet, "attempts=0").RequestHeaders()
	},
	"lost attempts": func(_ *testing.T, _ rig, begin func(...string) *attempt, _ string) *policies.Reply {
		return begin(policies.HeaderAttemptCount, "9").RequestHeaders()
	},
	"too long": func(_ *testing.T, _ rig, begin func(...string) *attempt, _ string) *policies.Reply {
		return begin("content-length", "123456789").RequestHeaders()
	},
	"unknown coding": func(_ *testing.T, _ rig, begin func(...string) *attempt, _ string) *policies.Reply {
		return begin("content-encoding", "lzw").RequestHeaders()
	},
	"wrong method": func(_ *testing.T, _ rig, begin func(...string) *attempt, _ string) *policies.Reply {
		a := begin()
		a.in.Method = "PUT"
		return a.RequestHeaders()
	},
	"unknown path": func(_ *testing.T, _ rig, begin func(...string) *attempt, _ string) *policies.Reply {
		a := begin()
		a.in.Path = "/v1/nonsense"
		return a.RequestHeaders()
	},
	"probe of a method": func(_ *testing.T, _ rig, begin func(...string) *attempt, _ string) *policies.Reply {
		a := begin()
		a.in.Method = "GET"
		return a.RequestHeaders()
	},
	"no such model": func(_ *testing.T, _ rig, begin func(...string) *attempt, _ string) *policies.Reply {
		a := begin()
		a.in.Method, a.in.Path = "GET", "/v1/models/no-such-model"
		return a.RequestHeaders()
	},
	"not JSON": func(t *testing.T, _ rig, begin func(...string) *attempt, _ string) *policies.Reply {
		a := begin()
		if reply := a.RequestHeaders(); reply != nil {
			return reply
		}
		_, reply := a.RequestBody(t.Context(), []byte("{"))
		return reply
	},
	"nothing is ready": func(t *testing.T, r rig, begin func(...string) *attempt, body string) *policies.Reply {
		for range 12 { // each takes an account out for the model
			a := begin(policies.HeaderSet, "attempts=1,max_wait=1ms,queue_wait=1ms")
			if reply := a.RequestHeaders(); reply != nil {
				return reply
			}
			if _, reply := a.RequestBody(t.Context(), []byte(body)); reply != nil {
				return reply
			}
			answerWith(a, 429, noQuota)
		}
		t.Error("something was always ready")
		return nil
	},
	"Envoy's own": func(t *testing.T, _ rig, begin func(...string) *attempt, body string) *policies.Reply {
		a := begin()
		if reply := a.RequestHeaders(); reply != nil {
			return reply
		}
		if _, reply := a.RequestBody(t.Context(), []byte(body)); reply != nil {
			return reply
		}
		return a.ResponseHeaders(&policies.Response{Status: 503, Details: "no_healthy_upstream"}).Reply
	},
	"panic": func(_ *testing.T, r rig, begin func(...string) *attempt, _ string) *policies.Reply {
		return r.Refuse(begin().in, &policies.Fault{Verdict: policies.Retry, Reason: heal.ReasonPanic, Err: errors.New("internal error")})
	},
	"panic in its own words": func(_ *testing.T, r rig, begin func(...string) *attempt, _ string) *policies.Reply {
		return r.Refuse(begin().in, &policies.Fault{Verdict: policies.Retry, Reason: heal.ReasonPanic, Err: speechless{}})
	},
	"wrong mode": func(_ *testing.T, r rig, begin func(...string) *attempt, _ string) *policies.Reply {
		return r.Refuse(begin().in, &policies.Fault{Verdict: policies.Fail, Reason: "wrong_mode", Status: 500, Err: errors.New("mode")})
	},
	"no headers at all": func(_ *testing.T, r rig, _ func(...string) *attempt, _ string) *policies.Reply {
		return r.Refuse(nil, &policies.Fault{Verdict: policies.Fail, Reason: "request_body_too_large", Status: 413, Err: errors.New("too long")})
	},
}

// refusedFor are their reasons: each is decided where its name says.
var refusedFor = map[string]string{
	"not through outer": heal.ReasonHop, "unknown policy": heal.ReasonRefused, "bad setting": heal.ReasonRefused, "lost attempts": heal.ReasonLost,
	"too long": heal.ReasonBodyTooLarge, "unknown coding": heal.ReasonRefused, "wrong method": heal.ReasonRefused, "unknown path": heal.ReasonRefused,
	"probe of a method": heal.ReasonProbe, "no such model": heal.ReasonModelList, "not JSON": heal.ReasonRefused, "nothing is ready": heal.ReasonAccountsRefused,
	"Envoy's own": heal.ReasonConnect, "panic": heal.ReasonPanic, "panic in its own words": heal.ReasonPanic, "wrong mode": "wrong_mode",
	"no headers at all": heal.ReasonBodyTooLarge,
}

type speechless struct{}

func (speechless) Error() string { panic("no words") }

// Whatever ends a request, and whoever asks: a reserved status is in no reply.
func TestReservedStatus(t *testing.T) {
	bodies := map[string]string{
		"claude": askWhole, "chat": `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hi"}]}`,
		"responses": `{"model":"gemini-3.5-flash","input":"hi","store":false}`, "gemini": `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`,
		"completions": `{"model":"gemini-3.5-flash","prompt":"hi"}`, "embeddings": `{"model":"gemini-embedding-001","input":"hi"}`,
		"images": `{"model":"gemini-3.5-flash-image","prompt":"a cat"}`,
	}
	paths := map[string]string{
		"claude": "/v1/messages", "chat": "/v1/chat/completions", "responses": "/v1/responses", "gemini": nativeWhole,
		"completions": "/v1/completions", "embeddings": "/v1/embeddings", "images": "/v1/images/generations",
	}
	for _, d := range endpoint.Dialects {
		if name := d.Name(); bodies[name] == "" && name != "transcriptions" { // its errors are OpenAI's, and its body is a form
			t.Errorf("add %s", name)
		}
	}
	for _, reserved := range [][]int{{502, 503, 504, 507}, {400, 401, 403, 404, 405, 413, 415, 429, 500, 502, 503, 504}} {
		for api, body := range bodies {
			play := func(t *testing.T, name string, end func(*testing.T, rig, func(...string) *attempt, string) *policies.Reply) {
				r := newRig(t, func(c *Config) {
					c.MaxBody = 1 << 20
					c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:1]
					c.Policies = map[string]route.Settings{route.DefaultPolicy: {ReservedStatus: reserved}}
				})
				reply := end(t, r, func(headers ...string) *attempt {
					a := r.begin(1, "", headers...)
					a.in.Path = paths[api]
					return a
				}, body)
				switch {
				case reply == nil:
					t.Errorf("%s: no reply", name)
				case slices.Contains(reserved, reply.Status):
					t.Errorf("%s: %d %s", name, reply.Status, reply.Body)
				case refusedFor[name] != "" && reply.Reason != refusedFor[name]:
					t.Errorf("%s: refused as %s", name, reply.Reason)
				case reply.Status < 400:
					t.Errorf("%s is no error: %d %s", name, reply.Status, reply.Body)
				}
			}
			t.Run(fmt.Sprintf("%s/%d", api, len(reserved)), func(t *testing.T) {
				for name, end := range refusals {
					if end != nil {
						play(t, name, end)
					}
				}
				for _, again := range []string{"attempts=1", "attempts=3"} { // final, and marked
					for _, status := range []int{200, 302, 400, 401, 403, 404, 413, 429, 500, 501, 502, 503, 504, 507, 529, 599} {
						play(t, fmt.Sprintf("provider %d, %s", status, again), func(t *testing.T, _ rig, begin func(...string) *attempt, body string) *policies.Reply {
							a := begin(policies.HeaderSet, again)
							if reply := a.RequestHeaders(); reply != nil {
								t.Fatalf("refused: %s", reply.Body)
							}
							if _, reply := a.RequestBody(context.Background(), []byte(body)); reply != nil {
								t.Fatalf("refused: %s", reply.Body)
							}
							return answerWith(a, status, map[bool]string{true: "", false: fmt.Sprintf(`{"error":{"code":%d,"message":"said the provider"}}`, status)}[status == 200]).Reply
						})
					}
				}
			})
		}
	}
}

// A body that turns out to be too long is a client's mistake, in whichever status.
func TestReservedTooLong(t *testing.T) {
	for _, c := range []struct {
		reserved []int
		status   int
		says     string
	}{
		{nil, 413, "request_too_large"},
		{[]int{413}, 400, "invalid_request_error"},
	} {
		r := newRig(t, func(cfg *Config) {
			cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {ReservedStatus: c.reserved}}
		})
		reply := r.Refuse(r.begin(1, "").in, &policies.Fault{Verdict: policies.Fail, Reason: heal.ReasonBodyTooLarge, Status: 413, Err: errors.New("too long")})
		if reply.Status != c.status || !strings.Contains(string(reply.Body), c.says) {
			t.Errorf("without %v: %d %s", c.reserved, reply.Status, reply.Body)
		}
	}
}

// What heald's own faults may not be is up to the request's policy; where that is not
// known, or nobody proves it, to all of them.
func TestReservedForFaults(t *testing.T) {
	r := newRig(t, func(cfg *Config) {
		cfg.Policies = map[string]route.Settings{"mesh": {ReservedStatus: []int{500, 503}}, "other": {ReservedStatus: []int{500, 502}}, "plain": {}}
	})
	if want := []int{500, 502, 503}; !slices.Equal(r.reserved, want) {
		t.Errorf("all reserve %v, want %v", r.reserved, want)
	}
	fault := &policies.Fault{Verdict: policies.Retry, Reason: heal.ReasonPanic, Err: errors.New("internal error")}
	for policy, want := range map[string]int{"mesh": 529, "other": 529, "plain": 500, "nobody's": 529} {
		if got := r.Refuse(r.begin(1, "", policies.HeaderPolicy, policy).in, fault).Status; got != want {
			t.Errorf("%s: %d, want %d", policy, got, want)
		}
	}
	if got := r.Refuse(nil, fault).Status; got != 529 {
		t.Errorf("no request: %d", got)
	}
	r.hop = newKeySet("a secret of the outer listener")
	for hop, want := range map[string]int{"": 529, "a secret of the outer listener": 500} {
		if got := r.Refuse(r.begin(1, "", policies.HeaderPolicy, "plain", policies.HeaderHop, hop).in, fault).Status; got != want {
			t.Errorf("with the hop secret %q: %d, want %d", hop, got, want)
		}
	}
}

// Which policies leave nothing together is told with the first one that reserves
// anything; those that leave nothing by themselves are told elsewhere.
func TestReservedTogether(t *testing.T) {
	for _, c := range []struct {
		named map[string]route.Settings
		want  string
	}{
		{map[string]route.Settings{"a": {ReservedStatus: []int{500, 429}}, "b": {ReservedStatus: []int{503}}}, ""},
		{map[string]route.Settings{"b": {ReservedStatus: []int{500, 429}}, "c": {ReservedStatus: []int{529}}, "a": {}}, "policies.b.reserved_status"},
		{map[string]route.Settings{"a": {ReservedStatus: []int{400}}, "b": {ReservedStatus: []int{403, 422}}}, "policies.a.reserved_status"},
		{map[string]route.Settings{"a": {ReservedStatus: []int{500, 429, 529}}, "b": {ReservedStatus: []int{503}}}, ""},
		{map[string]route.Settings{"a": {}, "b": {}}, ""},
	} {
		err := checkReserved(c.named, reservedByAll(c.named))
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want+": with those of the other policies") {
			t.Errorf("%v: %v", c.named, err)
		}
	}
}

// A reply that is made before the policy is known has no status that any policy
// reserves; afterwards the policy's own count. Policies that leave nothing together
// are refused.
func TestReservedByPolicy(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Policies = map[string]route.Settings{"mesh": {ReservedStatus: []int{503, 404, 405}}, "plain": {}}
	})
	status := func(policy string, change func(*attempt)) int {
		a := r.begin(1, "", policies.HeaderPolicy, policy)
		change(a)
		return a.RequestHeaders().Status
	}
	unknown := func(a *attempt) { a.in.Path = "/v1/nonsense" }
	if mesh, plain, none := status("mesh", unknown), status("plain", unknown), status("nobody's", unknown); mesh != 400 || plain != 404 || none != 500 {
		t.Errorf("mesh %d, plain %d, no policy %d", mesh, plain, none)
	}
	probe := func(a *attempt) { a.in.Method = "GET" } // before the policy
	if plain := status("plain", probe); plain != 400 {
		t.Errorf("a probe gets %d", plain)
	}
	cfg := r.cfg
	cfg.Policies = map[string]route.Settings{"a": {ReservedStatus: []int{500, 429}}, "b": {ReservedStatus: []int{529}}}
	if _, err := New(cfg, Deps{}); err == nil || !strings.Contains(err.Error(), "policies.a.reserved_status") {
		t.Errorf("%v", err)
	}
}
