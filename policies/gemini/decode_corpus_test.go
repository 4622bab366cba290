package gemini

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/sse"
)

// row is what these tests need of a recorded row.
type row struct {
	ID     string
	Status int
	Body   string
}

// recorded reads a file of recorded traffic, and skips the test where there is
// none.
func recorded(t *testing.T, name string) []row {
	t.Helper()
	dir := os.Getenv("HEALD_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	f, err := os.Open(filepath.Join(dir, name+".jsonl.gz"))
	if os.IsNotExist(err) {
		t.Skip("no recorded traffic: set HEALD_CORPUS to its folder")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	var rows []row
	for lines.Scan() {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	if err := lines.Err(); err != nil || len(rows) == 0 {
		t.Fatalf("%s: %d rows, %v", name, len(rows), err)
	}
	return rows
}

// heard is an answer folded.
type heard struct {
	Text, Thought string
	Calls         []heardCall
	Signatures    []string // in order, of parts and calls
	Upstream      []string // parts that the upstream made itself, as they came
	Media         int
	Finish        string // the upstream's word
	Content       bool
	Failed        bool // an error object came
}

type heardCall struct {
	ID, Name string
	Args     any
}

// fold decodes a body cut into pieces of step bytes, checking the grammar.
func fold(t *testing.T, body string, step int, stream bool) (heard, []conversation.Event) {
	t.Helper()
	var h heard
	var all []conversation.Event
	d := NewDecoder(nil)
	take := func(data []byte) {
		events, status, err := d.Frame(nil, data)
		if err != nil {
			t.Fatalf("%v in %.200s", err, data)
		}
		h.Failed = h.Failed || status != nil
		for _, ev := range events {
			all = append(all, kept(ev))
		}
	}
	if stream {
		var r sse.Reader
		for chunk := range slices.Chunk([]byte(body), step) {
			if err := r.Feed(chunk); err != nil {
				t.Fatal(err)
			}
			for f, ok := r.Next(); ok; f, ok = r.Next() {
				take(f.Data)
			}
		}
		for f, ok := r.End(); ok; f, ok = r.End() {
			take(f.Data)
		}
	} else {
		take([]byte(body))
	}
	for _, ev := range d.End(nil) {
		all = append(all, kept(ev))
	}
	h.Finish, h.Content = d.Reason(), d.Content()
	h.fold(t, all)
	return h, all
}

// kept copies what an event refers to.
func kept(ev conversation.Event) conversation.Event {
	ev.Text, ev.Args = bytes.Clone(ev.Text), bytes.Clone(ev.Args)
	ev.Upstream, ev.Media.Data, ev.Logprobs = bytes.Clone(ev.Upstream), bytes.Clone(ev.Media.Data), bytes.Clone(ev.Logprobs)
	return ev
}

func (h *heard) fold(t *testing.T, events []conversation.Event) {
	t.Helper()
	if err := grammar(events); err != nil {
		t.Fatalf("%v in %v", err, brief(events))
	}
	var args []byte
	for _, ev := range events {
		switch ev.Kind {
		case conversation.EventMedia:
			h.Media++
		case conversation.EventCode, conversation.EventCodeResult, conversation.EventServerCall, conversation.EventServerResult:
			h.Upstream = append(h.Upstream, canonical(t, ev.Upstream))
		}
		if ev.Kind != conversation.EventCallStart && ev.Signature != "" {
			h.Signatures = append(h.Signatures, ev.Signature)
		}
		switch ev.Kind {
		case conversation.EventText:
			h.Text += ev.Text.String()
		case conversation.EventThought:
			h.Thought += ev.Text.String()
		case conversation.EventCallStart:
			h.Calls, args = append(h.Calls, heardCall{ID: ev.CallID, Name: ev.Name}), nil
			if ev.Signature != "" {
				h.Signatures = append(h.Signatures, ev.Signature)
			}
		case conversation.EventCallArgs:
			args = append(args, ev.Args...)
		case conversation.EventCallEnd:
			if err := json.Unmarshal(args, &h.Calls[len(h.Calls)-1].Args); err != nil {
				t.Fatalf("arguments %s: %v", args, err)
			}
		}
	}
}

// grammar checks the order of events; see conversation.EventKind.
func grammar(events []conversation.Event) error {
	open, finished := false, false
	for i, ev := range events {
		inCall := ev.Kind == conversation.EventCallArgs || ev.Kind == conversation.EventCallEnd
		switch {
		case (ev.Kind == conversation.EventStart) != (i == 0):
			return fmt.Errorf("event %d: Start belongs first, once", i)
		case finished:
			return fmt.Errorf("event %d after Finish", i)
		case inCall != open:
			return fmt.Errorf("event %d: call open is %v", i, open)
		}
		open = ev.Kind == conversation.EventCallStart || ev.Kind == conversation.EventCallArgs
		finished = ev.Kind == conversation.EventFinish
	}
	if open {
		return errors.New("a call is not closed")
	}
	return nil
}

var (
	eventEnd  = regexp.MustCompile(`\r?\n\r?\n`)
	dataField = regexp.MustCompile(`(?m)^data: ?`)
)

// naive decodes a body the simple way.
func naive(t *testing.T, body string, stream bool) heard {
	t.Helper()
	var h heard
	open := -1 // the call being streamed
	texts := []string{body}
	if stream && !strings.HasPrefix(strings.TrimSpace(body), "[") {
		texts = eventEnd.Split(body, -1)
	}
	for _, text := range texts {
		text = dataField.ReplaceAllString(strings.TrimSpace(text), "")
		if text == "" {
			continue
		}
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("%v in %.200s", err, text)
		}
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, r := range list {
			h.response(t, r.(map[string]any), &open)
		}
	}
	return h
}

func (h *heard) response(t *testing.T, r map[string]any, open *int) {
	t.Helper()
	if r["error"] != nil {
		h.Failed = true
	}
	for i, c := range anyList(r["candidates"]) {
		c := c.(map[string]any)
		if index, _ := c["index"].(float64); index != 0 || i > 0 {
			continue
		}
		content, _ := c["content"].(map[string]any)
		for _, p := range anyList(content["parts"]) {
			h.part(t, p.(map[string]any), open)
		}
		switch reason := c["finishReason"].(type) {
		case string:
			h.Finish = reason
		case float64:
			h.Finish = enumName(fmt.Sprint(reason), finishNumbers[:])
		}
	}
	if feedback, ok := r["promptFeedback"].(map[string]any); ok && feedback["blockReason"] != nil {
		h.Finish = feedback["blockReason"].(string)
	}
}

func (h *heard) part(t *testing.T, p map[string]any, open *int) {
	t.Helper()
	signature, _ := p["thoughtSignature"].(string)
	text, _ := p["text"].(string)
	other := false
	for _, kind := range []string{"inlineData", "executableCode", "codeExecutionResult", "toolCall", "toolResponse", "functionResponse"} {
		if p[kind] != nil {
			other = kind == "functionResponse"
			h.Content = h.Content || !other
			switch kind {
			case "functionResponse":
			case "inlineData":
				h.Media++
			default:
				raw, err := json.Marshal(p)
				if err != nil {
					t.Fatal(err)
				}
				h.Upstream = append(h.Upstream, canonical(t, raw))
			}
		}
	}
	if call, ok := p["functionCall"].(map[string]any); ok {
		if name, _ := call["name"].(string); name != "" {
			id, _ := call["id"].(string)
			h.Calls = append(h.Calls, heardCall{ID: id, Name: name, Args: map[string]any{}})
			*open = len(h.Calls) - 1
			h.Content = true
		}
		if *open >= 0 {
			at := &h.Calls[*open]
			if call["args"] != nil {
				at.Args = call["args"]
			}
			for _, item := range anyList(call["partialArgs"]) {
				item := item.(map[string]any)
				steps, err := parsePath(item["jsonPath"].(string))
				if err != nil {
					t.Fatal(err)
				}
				for _, key := range []string{"stringValue", "numberValue", "boolValue"} {
					if v, ok := item[key]; ok {
						at.Args = set(at.Args, steps, v)
					}
				}
			}
		}
		if more, _ := call["willContinue"].(bool); !more {
			*open = -1
		}
	}
	if p["thought"] == true {
		h.Thought += text
	} else {
		h.Text += text
	}
	h.Content = h.Content || text != ""
	if signature != "" && !other {
		h.Signatures = append(h.Signatures, signature)
	}
}

// canonical is a part in the form that makes parts comparable.
func canonical(t *testing.T, raw []byte) string {
	t.Helper()
	v := jsontext.Value(bytes.Clone(raw))
	if err := v.Canonicalize(); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return string(v)
}

func anyList(v any) []any {
	l, _ := v.([]any)
	return l
}

// Over everything that was recorded, the events say what a simple decoder
// says, and the cut shows nowhere.
func TestDecodeRecordedStreams(t *testing.T) {
	for _, r := range recorded(t, "gemini_stream_responses") {
		want := naive(t, r.Body, true)
		got, events := fold(t, r.Body, len(r.Body)+1, true)
		compare(t, r, want, got)
		for _, step := range []int{1, 7, 1000} {
			if _, cut := fold(t, r.Body, step, true); !reflect.DeepEqual(cut, events) {
				t.Errorf("%s: cut into %d bytes it decodes differently", r.ID, step)
			}
		}
	}
}

func TestDecodeRecordedUnary(t *testing.T) {
	for _, r := range recorded(t, "gemini_unary_responses") {
		got, _ := fold(t, r.Body, 0, false)
		compare(t, r, naive(t, r.Body, false), got)
	}
}

func compare(t *testing.T, r row, want, got heard) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: (-naive +events)\n%s", r.ID, diff)
	}
}

func TestParseRecordedErrors(t *testing.T) {
	for _, r := range recorded(t, "gemini_errors") {
		st, ok := ParseStatus([]byte(r.Body))
		if !ok || st.Code != r.Status || st.Status == "" || st.Message == "" {
			t.Errorf("%s: got %v, %v; want code %d", r.ID, st, ok, r.Status)
		}
		if strings.Contains(r.Body, "API_KEY_INVALID") && (st == nil || st.Reason != "API_KEY_INVALID") {
			t.Errorf("%s: the reason is lost: %+v", r.ID, st)
		}
		if strings.Contains(r.Body, "retryDelay") && (st == nil || st.RetryDelay == 0) {
			t.Errorf("%s: the delay is lost: %+v", r.ID, st)
		}
	}
}
