package record

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func sampleAttempt() Attempt {
	cost := int64(1234)
	return Attempt{
		Origin: Origin{Time: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), RequestID: "id-1", Tenant: "default", API: "chat", Path: "/v1/chat/completions"},
		Number: 1, Backend: "studio", Kind: "ai_studio", Account: "studio-1", Model: "gemini-2.5-pro", Verdict: "pass",
		Status: 200, Usage: &Usage{Input: 10, Output: 5, InputBy: &Modalities{Text: 10}}, Cost: &cost, Held: Duration(1500 * time.Millisecond),
		Duration: Duration(2 * time.Second),
	}
}

// What is written is read again, and what is unknown is null or not there.
func TestEntryJSON(t *testing.T) {
	a := sampleAttempt()
	nested := a
	nested.Origin = Origin{}
	for _, e := range []Entry{{Attempt: &a}, {Request: &Request{Origin: a.Origin, Outcome: "passed", Tried: 1, Attempts: []Attempt{nested}, Usage: a.Usage}}} {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var got Entry
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, e) {
			t.Errorf("got %+v, want %+v", got, e)
		}
	}
	line, _ := json.Marshal(Entry{Attempt: &Attempt{Verdict: "fail"}})
	if got, want := string(line), `{"v":1,"record":"attempt","attempt":0,"verdict":"fail","usage":null,"cost_nano":null,"duration_ms":0}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, bad := range []string{``, `{}`, `{"v":2,"record":"attempt"}`, `{"v":1,"record":"x"}`, `{"v":1,"record":"attempt","duration_ms":"x"}`, `[]`} {
		if err := json.Unmarshal([]byte(bad), new(Entry)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestUsageAdd(t *testing.T) {
	a := &Usage{Input: 1, Cached: 1, Output: 2, Thinking: 1, InputBy: &Modalities{Text: 1}}
	b := &Usage{Input: 10, Output: 20, Estimated: true, InputBy: &Modalities{Audio: 10}, OutputBy: &Modalities{Text: 20}}
	want := &Usage{Input: 11, Cached: 1, Output: 22, Thinking: 1, Estimated: true, InputBy: &Modalities{Text: 1, Audio: 10}}
	if got := a.Add(b); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	var none *Usage
	if none.Add(nil) != nil || none.Add(a) != a || a.Add(nil) != a {
		t.Error("sums with what is not known")
	}
}
