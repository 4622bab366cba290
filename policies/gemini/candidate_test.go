package gemini

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestCandidates(t *testing.T) {
	for _, c := range []struct {
		name   string
		wanted int
		in     []string
		want   []string
	}{
		{"mixed", 2, []string{
			`{"candidates":[{"content":{"parts":[{"text":"b"}]},"index":1},{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":3}}`,
			`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","willContinue":true}}]},"index":0}]}`,
			`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"g"}}]},"finishReason":"STOP","index":1}]}`,
			`{"candidates":[{"content":{"parts":[{"functionCall":{}}]},"finishReason":"MAX_TOKENS"}],"usageMetadata":{"candidatesTokenCount":4}}`,
		}, []string{"start(,,3)", `1:text"b"`, `text"a"`, "call(,f,)", "1:call(,g,)", "1:args{}", "1:end", "args{}", "end", "finish(2,,4)", "1:finish(1,,4)"}},
		{"one is never finished", 2, []string{`{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"},{"content":{"parts":[{"text":"b"}]},"index":1}]}`},
			[]string{"start(,,0)", `text"a"`, `1:text"b"`, "finish(1,,0)"}},
		{"more than were asked for", 2, []string{`{"candidates":[{"index":2,"content":{"parts":[{"text":"c"}]}},{"index":-1,"content":{"parts":[{"text":"z"}]}},{"index":1,"content":{"parts":[{"text":"b"}]}},{"index":1,"content":{"parts":[{"text":"d"}]}}]}`},
			[]string{"start(,,0)", `1:text"b"`}},
		{"refused prompt", 2, []string{`{"promptFeedback":{"blockReason":"SAFETY"}}`}, []string{"start(,,0)", "finish(5,SAFETY,0)"}},
	} {
		d := NewDecoderOf(Expect{Candidates: c.wanted})
		if diff := cmp.Diff(c.want, decode(t, d, c.in...)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestFinishedNeedsAll(t *testing.T) {
	d := NewDecoderOf(Expect{Candidates: 2})
	for i, c := range []struct {
		in       string
		finished bool
	}{
		{`{"candidates":[{"finishReason":"STOP"},{"index":1,"content":{"parts":[{"text":"b"}]}}]}`, false},
		{`{"candidates":[{"index":1,"finishReason":"STOP"}]}`, true},
	} {
		if _, _, err := d.Frame(nil, []byte(c.in)); err != nil {
			t.Fatal(err)
		}
		if d.Finished() != c.finished {
			t.Errorf("frame %d: finished is %v", i, d.Finished())
		}
	}
}

func TestLogprobs(t *testing.T) {
	d := NewDecoder(nil)
	events, _, err := d.Frame(nil, []byte(`{"candidates":[{"logprobsResult": {"chosenCandidates":[{"token":"a"}]},"content":{"parts":[{"text":"h","thought":true},{"text":"a"},{"text":"b"}]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ev := range events {
		got = append(got, string(ev.Logprobs))
	}
	if diff := cmp.Diff([]string{"", "", `{"chosenCandidates":[{"token":"a"}]}`, ""}, got); diff != "" {
		t.Error(diff)
	}
}

// The token limit is the context's where both are reached.
func TestFinishWindow(t *testing.T) {
	for _, c := range []struct {
		name    string
		context int
		in      string
		want    conversation.Finish
	}{
		{"output limit", 100, `{"candidates":[{"finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":50,"candidatesTokenCount":49}}`, conversation.FinishLength},
		{"window", 100, `{"candidates":[{"finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":50,"candidatesTokenCount":30,"thoughtsTokenCount":20}}`, conversation.FinishWindow},
		{"full but done", 100, `{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":99,"candidatesTokenCount":1}}`, conversation.FinishStop},
		{"unknown window", 0, `{"candidates":[{"finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":99,"candidatesTokenCount":1}}`, conversation.FinishLength},
	} {
		d := NewDecoderOf(Expect{Context: c.context})
		if _, _, err := d.Frame(nil, []byte(c.in)); err != nil {
			t.Fatal(err)
		}
		finish, _ := d.Finish()
		if end := d.End(nil); finish != c.want || end[0].Finish != c.want {
			t.Errorf("%s: got %d and %d, want %d", c.name, finish, end[0].Finish, c.want)
		}
	}
}

func TestRenderedExpect(t *testing.T) {
	req := &conversation.Request{
		Messages: []conversation.Message{user(text("hi"))}, Tools: []conversation.Tool{{Name: "my tool"}},
		Limits: conversation.Limits{Candidates: 3},
	}
	out, err := Render(req, Target{Model: older}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := out.Expect
	if e.Original("my_tool") != "my tool" || e.Context != contextWindow || e.Candidates != 3 || e.Citations {
		t.Errorf("got %+v", e)
	}
	req.Tools = []conversation.Tool{{Kind: conversation.WebSearch}}
	if out, err = Render(req, Target{Model: older}, Options{}); err != nil || !out.Expect.Citations {
		t.Errorf("no citations are expected of a search: %v", err)
	}
}
