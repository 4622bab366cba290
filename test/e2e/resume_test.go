package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/resume"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// The answer that breaks off after its first part. Of the continuation the
// last words of that part come first.
const (
	resumeBegin = "The harbor of Rotterdam is the largest in Europe.\nIt lies at the \"mouth\" of the Rhine and the Meuse, and has gro"
	resumeWords = "It lies at the \"mouth\" of the Rhine and the Meuse, and has gro"
	resumeEnd   = "wn westwards ever since 1872 – up to the sea.\n"
	resumeWhole = resumeBegin + resumeEnd
)

// streams are the APIs whose streams can be resumed, and how their pieces of
// text and their end look.
var streams = []struct {
	api        string
	delta, end *regexp.Regexp
	// once must be in a whole stream exactly once: no second start, block or
	// item.
	once []string
}{
	{"claude", regexp.MustCompile(`"type":"text_delta","text":("(?:[^"\\]|\\.)*")`),
		regexp.MustCompile(`event: message_stop\ndata: \{"type":"message_stop"\}\n\n$`),
		[]string{"event: message_start", "event: content_block_start", "event: content_block_stop", `"stop_reason":"end_turn"`}},
	{"chat", regexp.MustCompile(`"delta":\{"content":("(?:[^"\\]|\\.)*")`),
		regexp.MustCompile(`data: \[DONE\]\n\n$`),
		[]string{`"role":"assistant"`, `"finish_reason":"stop"`, "[DONE]"}},
	{"responses", regexp.MustCompile(`event: response.output_text.delta\n[^\n]*"delta":("(?:[^"\\]|\\.)*")`),
		regexp.MustCompile(`event: response.completed\n[^\n]*\n\n$`),
		[]string{"event: response.created", "event: response.output_item.added", "event: response.output_text.done", "event: response.completed"}},
}

// broken is how the first answer breaks off.
var broken = []struct {
	name  string
	cause string
	then  []fakegemini.Reply // after the client has the first part
}{
	{"end", heal.ReasonStreamTruncated, nil},
	{"stall", heal.ReasonStreamStalled, []fakegemini.Reply{fakegemini.Silence()}},
	{"error event", heal.ReasonStreamError, []fakegemini.Reply{fakegemini.ErrorEvent(503)}},
}

// continues is a reply to a request for the rest that does what it is asked.
var continues = fakegemini.Text("It lies at the \"mouth\" of the Rhine", " and the Meuse, and has grown westwards", " ever since 1872 – up to the sea.\n")

// rests are what the requests for the rest are answered with, the accounts that
// get them, and whether the client gets the whole answer then.
var rests = []struct {
	name    string
	whole   bool
	keys    string
	replies []fakegemini.Reply
	tells   string // in resume.error
}{
	{"continues", true, "1", once(continues), ""},
	{"repeats everything", true, "1", once(fakegemini.Text(resumeBegin[:20], resumeBegin[20:]+resumeEnd)), ""},
	{"refused once", true, "1 1", []fakegemini.Reply{fakegemini.Status(503), continues}, ""},
	{"rate limit", true, "1 2", []fakegemini.Reply{fakegemini.Status(429), continues}, ""},
	{"resets once", true, "1 1", []fakegemini.Reply{fakegemini.ResetBeforeHeaders(), continues}, ""},
	{"the form refused", true, "1 1", []fakegemini.Reply{refusedPrefill, continues}, ""},
	{"two forms refused", true, "1 1 1", []fakegemini.Reply{refusedPrefill, refusedPrefill, fakegemini.Text(resumeWhole)}, ""},
	{"breaks off, and goes on", true, "1 2", []fakegemini.Reply{fakegemini.EndWithoutFinish(resumeWords + resumeEnd[:10]), fakegemini.Text(resumeWhole)}, ""},
	{"refused", false, "1 2 1", again(3, fakegemini.Status(500)), "status 500"},
	{"empty", false, "1 2 1", again(3, fakegemini.EmptyOK()), "without a finish"},
	{"other words", false, "1 1 1", again(3, fakegemini.Text("I am sorry for the interruption! "+resumeWords+resumeEnd)), "last words"},
	{"nothing said", false, "1 1 1", again(3, fakegemini.StopWithoutParts()), "no text"},
	{"breaks off as well", false, "1 2 1", again(3, fakegemini.EndWithoutFinish(resumeWords+resumeEnd[:10])), "without a finish"},
}

var refusedPrefill = fakegemini.Status(400, fakegemini.Message("Please ensure that multiturn requests end with a user role."))

const resumeOn = `{resume: text, peek: {timeout: 2s}, idle_timeout: 1s}`

func TestResume(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Keys: []string{"key-1", "key-2"}, Policy: resumeOn, Resume: true})
		for _, client := range streams {
			for i, b := range broken {
				for j, r := range rests {
					if i > 0 && j > 0 {
						continue // how the rest fails has nothing to do with how the first part did
					}
					t.Run(client.api+"/"+b.name+"/"+r.name, func(t *testing.T) {
						s.Reload() // forgets what cools down
						fake, replica := s.Fake(), s.Replicas[0]
						result := heal.ReasonResumeFailed
						if r.whole {
							result = heal.ReasonResumed
						}
						counted := replica.Metric("heald_resumes_total", `result="`+result+`"`)
						got := breakOff(t, s, client.api, fakegemini.EndWithoutFinish(resumeBegin[:40], resumeBegin[40:]), b.then, r.replies...)

						text := ""
						for _, m := range client.delta.FindAllStringSubmatch(got.Body, -1) {
							text += unquote(t, m[1])
						}
						switch {
						case r.whole && (text != resumeWhole || !client.end.MatchString(got.Body)):
							t.Errorf("client got %q:\n%s", text, got.Body)
						case !r.whole && (!strings.HasPrefix(resumeWhole, text) || !strings.HasPrefix(text, resumeBegin) || client.end.MatchString(got.Body) && client.api != "chat" || !strings.Contains(got.Body, "error")):
							t.Errorf("client got %q:\n%s", text, got.Body)
						}
						for _, part := range client.once {
							if n := strings.Count(got.Body, part); r.whole && n != 1 {
								t.Errorf("%d times %q:\n%s", n, part, got.Body)
							}
						}
						calls := fake.Requests()
						keys := ""
						for _, c := range calls[1:] {
							keys += strings.TrimPrefix(c.Key, "key-") + " "
							if c.Path != calls[0].Path || c.Rejected != "" {
								t.Errorf("upstream call %+v", c)
							}
						}
						if keys != r.keys+" " {
							t.Errorf("the rest was asked of accounts %s, want %s", keys, r.keys)
						}
						for name := range calls[len(calls)-1].Header {
							if strings.HasPrefix(name, "X-") && name != "X-Goog-Api-Key" {
								t.Errorf("the provider sees %s", name)
							}
						}
						wantResumeLine(t, s, got, b.cause, result, r.tells)
						if n := replica.Metric("heald_resumes_total", `result="`+result+`"`) - counted; n != 1 {
							t.Errorf("%v resumes with result %s were counted, want 1", n, result)
						}
					})
				}
			}
		}
	})
}

// breakOff lets a stream of an API break off once the client has its first
// byte; rest answers the second request, if there is one.
func breakOff(t *testing.T, s *stack.Stack, name string, begin fakegemini.Reply, then []fakegemini.Reply, rest ...fakegemini.Reply) stack.Answer {
	t.Helper()
	fake := s.Fake()
	fake.Reset()
	first := make(chan struct{})
	reply := begin.Then(fakegemini.Gate(first))
	for _, r := range then {
		reply = reply.Then(r)
	}
	fake.Enqueue(append([]fakegemini.Reply{reply}, rest...)...)
	client := apiNamed(t, name)
	got := s.PostWatching(client.streamPath, client.streamBody, sync.OnceFunc(func() { close(first) }))
	s.Settle()
	if got.Status != 200 || got.Err != nil {
		t.Errorf("client got %d, %v:\n%s", got.Status, got.Err, got.Body)
	}
	return got
}

func apiNamed(t *testing.T, name string) api {
	t.Helper()
	for _, a := range apis {
		if a.name == name {
			return a
		}
	}
	t.Fatalf("no API %s", name)
	return api{}
}

func unquote(t *testing.T, literal string) string {
	t.Helper()
	var s string
	if err := json.Unmarshal([]byte(literal), &s); err != nil {
		t.Fatalf("%s: %v", literal, err)
	}
	return s
}

// wantResumeLine checks the log line of a request whose rest was fetched.
func wantResumeLine(t *testing.T, s *stack.Stack, got stack.Answer, cause, result, tells string) {
	t.Helper()
	lines, err := s.Replicas[0].Log.Wait(patient(t), 1, "request finished", "request_id", got.Header.Get("x-heald-request-id"))
	if err != nil {
		t.Fatal(err)
	}
	outcome := "broken"
	if result == heal.ReasonResumed {
		outcome = "passed"
	}
	l := lines[0]
	failed := l.Get("resume.error")
	if l.Get("outcome") != outcome || l.Get("reason") != result || l.Get("resume.result") != result || l.Get("resume.cause") != cause ||
		result != heal.ReasonResumed && !strings.Contains(failed, tells) {
		t.Errorf("log line %v, want %s, %s because of %s, error with %q", l, outcome, result, cause, tells)
	}
}

// A client that leaves while the rest is waited for ends that request too.
func TestLeaveWhileResuming(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Policy: `{resume: text}`, Resume: true})
		fake, first := s.Fake(), make(chan struct{})
		fake.Enqueue(fakegemini.EndWithoutFinish(resumeBegin).Then(fakegemini.Gate(first)), fakegemini.SilentAfterHeaders())
		ctx, leave := context.WithCancel(patient(t))
		defer leave()
		resp, err := s.Open(ctx, stack.NewClient(t, stack.HTTP1), messages, strings.NewReader(streamed))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := resp.Body.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		close(first)
		if err := fake.WaitRequests(ctx, 2); err != nil {
			t.Fatal(err)
		}
		leave()
		s.Settle()
		if calls := fake.Requests(); len(calls) != 2 || calls[1].Ended != fakegemini.EndedClient {
			t.Errorf("upstream calls: %+v", calls)
		}
		if n := s.Replicas[0].Metric("heald_resumes_total", `result="canceled"`); n != 1 {
			t.Errorf("%v resumes were canceled, want 1", n)
		}
	})
}

// A reply that breaks off where nothing may be joined ends as it always did,
// and so does every reply where resuming is off.
func TestNotResumed(t *testing.T) {
	call := fakegemini.Text(resumeBegin).NoFinish().Then(fakegemini.Calls(fakegemini.FunctionCall{Name: "ls"})).NoFinish()
	for _, c := range []struct {
		name, policy string
		begin        fakegemini.Reply
	}{
		{"off", `{idle_timeout: 1s}`, fakegemini.EndWithoutFinish(resumeBegin)},
		{"after a tool call", resumeOn, call},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := stack.Start(t, stack.Options{Policy: c.policy, Resume: true})
			for _, client := range streams {
				for _, b := range broken {
					t.Run(client.api+"/"+b.name, func(t *testing.T) {
						got := breakOff(t, s, client.api, c.begin, b.then)
						if !strings.Contains(got.Body, "error") || client.api != "chat" && client.end.MatchString(got.Body) {
							t.Errorf("client got:\n%s", got.Body)
						}
						if n := len(s.Fake().Requests()); n != 1 {
							t.Errorf("%d upstream calls, want 1", n)
						}
						lines, err := s.Replicas[0].Log.Wait(patient(t), 1, "request finished", "request_id", got.Header.Get("x-heald-request-id"))
						if err != nil || lines[0].Get("resume.result") != "" || lines[0].Get("broken_by") != b.cause {
							t.Errorf("log line %v, %v", lines, err)
						}
					})
				}
			}
			if n := s.Replicas[0].Metric("heald_resumes_total"); n != 0 {
				t.Errorf("%v resumes were counted", n)
			}
		})
	}
}

// longText is more than is generated again.
var longText = strings.Repeat("All work and no play makes Jack a dull boy. ", 60) + "The end of it is nea"

// A document that breaks off after much text is completed, whatever its API; one
// with little text is asked for again as a whole.
func TestResumeDocument(t *testing.T) {
	const end = "r, by all means."
	whole := longText + end
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Keys: []string{"key-1", "key-2"}, Policy: resumeOn, Resume: true})
		for _, client := range apis {
			for _, b := range broken {
				t.Run(client.name+"/"+b.name, func(t *testing.T) {
					s.Reload()
					fake := s.Fake()
					fake.Reset()
					first := fakegemini.EndWithoutFinish(longText[:100], longText[100:])
					for _, r := range b.then {
						first = first.Then(r)
					}
					fake.Enqueue(first, fakegemini.Text(longText[len(longText)-200:], end))
					got := s.Post(client.wholePath, client.wholeBody)
					s.Settle()
					if saw, _ := client.seen(got, false, whole); saw != wholeAnswer {
						t.Errorf("client saw %s:\n%s", saw, got.Body)
					}
					calls := fake.Requests()
					if len(calls) != 2 || !strings.Contains(string(calls[1].Body), "last-words") || got.Header.Get("x-heald-attempts") != "1" {
						t.Errorf("%d upstream calls, %s attempts: the rest was not asked for", len(calls), got.Header.Get("x-heald-attempts"))
					}
				})
			}
			t.Run(client.name+"/short", func(t *testing.T) {
				s.Reload()
				fake := s.Fake()
				fake.Reset()
				fake.Enqueue(fakegemini.EndWithoutFinish(resumeBegin), fakegemini.Text(resumeWhole))
				got := s.Post(client.wholePath, client.wholeBody)
				s.Settle()
				if saw, _ := client.seen(got, false, resumeWhole); saw != wholeAnswer || got.Header.Get("x-heald-attempts") != "2" {
					t.Errorf("client saw %s in %s attempts:\n%s", saw, got.Header.Get("x-heald-attempts"), got.Body)
				}
			})
		}
	})
}

// Where a backend refuses to complete its answer, another one does.
func TestResumeAtAnotherBackend(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Backends: []string{"a", "b"}, Policy: resumeOn, Resume: true})
		first := make(chan struct{})
		s.Fakes["a"].Enqueue(fakegemini.EndWithoutFinish(resumeBegin).Then(fakegemini.Gate(first)), noCapacity)
		s.Fakes["b"].Enqueue(continues)
		client := apiNamed(t, "claude")
		got := s.PostWatching(client.streamPath, client.streamBody, sync.OnceFunc(func() { close(first) }))
		if saw, _ := client.seen(got, true, resumeWhole); saw != wholeAnswer {
			t.Errorf("client saw %s:\n%s", saw, got.Body)
		}
		lines, err := s.Replicas[0].Log.Wait(patient(t), 1, "request finished", "request_id", got.Header.Get("x-heald-request-id"))
		if err != nil || lines[0].Get("resume.backend") != "b" || got.Header.Get("x-heald-backend") != "a" {
			t.Errorf("log line %v, %v", lines, err)
		}
	})
}

// What Envoy says where nobody listens at the provider is known as that.
func TestResumeListenerSaysUnreached(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Backends: []string{"a", "b"}, Down: []string{"a"}, Policy: resumeOn, Resume: true})
		c, err := resume.NewClient("unix://"+s.ResumeSocket, "")
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{}, 1)
		fetch := c.Fetch(patient(t), &policies.Forward{Cluster: "a", Path: "/v1beta/models/m:generateContent", Body: []byte("{}")}, func() { ended <- struct{}{} })
		<-ended
		_, done, err := fetch.Take(nil)
		var refusal *resume.Refusal
		if !done || !errors.As(err, &refusal) || !refusal.Unreached() {
			t.Errorf("done %t, %v, %+v", done, err, refusal)
		}
	})
}
