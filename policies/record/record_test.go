package record

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
	"unsafe"
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
	b := &Usage{Input: 10, Cached: 20, Output: 20, Thinking: 40, Estimated: true, InputBy: &Modalities{Audio: 10}, OutputBy: &Modalities{Text: 20}}
	want := &Usage{Input: 11, Cached: 21, Output: 22, Thinking: 41, Estimated: true, InputBy: &Modalities{Text: 1, Audio: 10}}
	if got := a.Add(b); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	var none *Usage
	if none.Add(nil) != nil || none.Add(a) != a || a.Add(nil) != a {
		t.Error("sums with what is not known")
	}
}

// Each modality is added to its own, and sums have all.
func TestModalities(t *testing.T) {
	a, b := &Modalities{Text: 1, Image: 20, Audio: 300, Video: 4000, Document: 50_000}, &Modalities{Text: 5, Image: 60, Audio: 100, Video: 2000, Document: 30_000}
	got := (&Usage{InputBy: a, CachedBy: b, OutputBy: a}).Add(&Usage{InputBy: b, CachedBy: b, OutputBy: a})
	want := &Usage{
		InputBy:  &Modalities{Text: 6, Image: 80, Audio: 400, Video: 6000, Document: 80_000},
		CachedBy: &Modalities{Text: 10, Image: 120, Audio: 200, Video: 4000, Document: 60_000},
		OutputBy: &Modalities{Text: 2, Image: 40, Audio: 600, Video: 8000, Document: 100_000},
	}
	if !reflect.DeepEqual(got, want) || a.Sum() != 54_321 {
		t.Errorf("%+v, %+v, %+v; the sum %d", got.InputBy, got.CachedBy, got.OutputBy, a.Sum())
	}
}

// What waits for a sink holds nothing of the request's headers.
func TestRecordsOwnTheirTexts(t *testing.T) {
	headers := []byte("id-1 trace span state")
	text := unsafe.String(&headers[0], len(headers))
	o := Origin{RequestID: text[:4], TraceID: text[5:10], ParentSpan: text[11:15], TraceState: text[16:]}
	a, r := Attempt{Origin: o}, Request{Origin: o}
	a.own()
	r.own()
	copy(headers, "=====================")
	for _, got := range []Origin{a.Origin, r.Origin} {
		if want := (Origin{RequestID: "id-1", TraceID: "trace", ParentSpan: "span", TraceState: "state"}); got != want {
			t.Errorf("%+v", got)
		}
	}
}
