package fakegemini

import (
	"strings"
	"testing"
)

func TestControl(t *testing.T) {
	s := Start(t)
	script := `[{"kind":"text","pieces":["one"],"usage":{"Prompt":7}},
		{"kind":"status","status":429,"retryDelay":"3s","key":"other"},
		{"kind":"think","pieces":["t"],"then":[{"kind":"calls","calls":[{"name":"f","args":{"a":1.0},"id":"x"}]}],"path":"2.5-pro"}]`
	if status, body := send(t, s, "/fake/script", script); status != 204 {
		t.Fatalf("%d %s", status, body)
	}
	if s.Pending() != 3 {
		t.Fatalf("%d pending", s.Pending())
	}
	_, body := send(t, s, "/v1beta/models/gemini-2.5-pro:generateContent", hello)
	if !strings.Contains(body, `"thought": true`) || !strings.Contains(body, `"a": 1.0`) || !strings.Contains(body, `"id": "x"`) {
		t.Errorf("path reply: %s", body)
	}
	if _, body = send(t, s, studio25, hello); !strings.Contains(body, `"text": "one"`) || !strings.Contains(body, `"promptTokenCount": 7`) {
		t.Errorf("general reply: %s", body)
	}
	_, body = send(t, s, "/fake/requests", "")
	n, err := parseNode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	rows := n.member("requests").list()
	if len(rows) != 2 || rows[1].member("body").str() != hello || rows[0].member("reply").str() != "think, calls" || n.member("pending").text != "1" {
		t.Errorf("requests: %s", body)
	}
	if status, _ := send(t, s, "/fake/reset", "{}"); status != 204 || s.Pending() != 0 || len(s.Requests()) != 0 {
		t.Errorf("reset: %d", status)
	}
}

func TestControlGate(t *testing.T) {
	s := Start(t)
	if status, body := send(t, s, "/fake/script", `[{"kind":"gate","gate":"g","then":[{"kind":"text","pieces":["late"]}]}]`); status != 204 {
		t.Fatalf("%d %s", status, body)
	}
	got := make(chan string, 1)
	req := newRequest(t, s, studio25, hello)
	go func() { // ends when the gate opens
		_, body := do(t, req)
		got <- body
	}()
	if err := s.WaitRequests(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if s.Active() != 1 {
		t.Error("the gate did not hold")
	}
	send(t, s, "/fake/release?gate=g", "{}")
	if body := <-got; !strings.Contains(body, "late") {
		t.Errorf("got %s", body)
	}
}

func TestControlRefuses(t *testing.T) {
	s := Start(t)
	for _, tc := range []struct{ script, want string }{
		{`[{"kind":"text"},{"kind":"nope"}]`, `script: entry 1: unknown kind "nope"`},
		{`[{"kind":"text","piece":["a"]}]`, "script:"},
		{`[{"kind":"gate"}]`, "needs a gate name"},
		{`[{"kind":"text","then":[{"kind":"x"}]}]`, "then 0"},
		{`{}`, "script:"},
	} {
		if status, body := send(t, s, "/fake/script", tc.script); status != 400 || !strings.Contains(body, tc.want) {
			t.Errorf("%s: %d %s", tc.script, status, body)
		}
	}
	if s.Pending() != 0 {
		t.Errorf("%d pending", s.Pending())
	}
	if status, _ := send(t, s, "/fake/nothing", ""); status != 404 {
		t.Errorf("unknown path: %d", status)
	}
}

// Every kind must build, so that no script fails on a name in the table.
func TestKindsBuild(t *testing.T) {
	s := Start(t)
	for kind := range kinds {
		if r, err := s.reply(spec{Kind: kind, Gate: "g", Finish: "SAFETY", N: 1}); err != nil || r.name == "" || len(r.steps) == 0 && kind != "text" && kind != "think" && kind != "calls_apart" && kind != "chunks" {
			t.Errorf("%s: %+v %v", kind, r, err)
		}
	}
}
