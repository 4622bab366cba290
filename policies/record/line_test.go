package record

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// written is a line of the log about a record.
func written(t testing.TB, of zapcore.ObjectMarshaler) []byte {
	t.Helper()
	line, err := zapcore.NewJSONEncoder(zapcore.EncoderConfig{}).EncodeEntry(zapcore.Entry{}, []zap.Field{zap.Inline(of)})
	if err != nil {
		t.Fatal(err)
	}
	return line.Bytes()
}

// filled sets each field of a struct, so that none is left out of a line because
// it is unknown.
func filled(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			filled(v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0).UTC()))
			return
		}
		for i := range v.NumField() {
			filled(v.Field(i))
		}
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	default:
		if v.CanInt() {
			v.SetInt(7 * int64(time.Millisecond))
		}
	}
}

// notInLines are the fields of records that lines do not have: the lines have a
// time of their own, and nobody reads sums by modality there.
var notInLines = []string{"time", "parent_span_id", "kind", "price_version", "input_by", "cached_by", "output_by"}

// ofOneAttempt are the fields that the attempts within the line of a request have.
var ofOneAttempt = []string{"attempt", "verdict", "reason", "backend", "account", "model", "upstream_status", "began_ms", "waited_ms", "held_ms"}

// A line of the log is read as a record: it has its fields, under their names, and
// none is forgotten.
func TestLinesAreRecords(t *testing.T) {
	t.Run("attempt", func(t *testing.T) {
		var want, got Attempt
		filled(reflect.ValueOf(&want).Elem())
		if err := json.Unmarshal(written(t, &want), &got); err != nil {
			t.Fatal(err)
		}
		compare(t, &want, &got, notInLines)
	})
	t.Run("request", func(t *testing.T) {
		var want, got Request
		filled(reflect.ValueOf(&want).Elem())
		if err := json.Unmarshal(written(t, &want), &got); err != nil {
			t.Fatal(err)
		}
		for i := range want.Attempts {
			var all map[string]any
			text, _ := json.Marshal(want.Attempts[i])
			_ = json.Unmarshal(text, &all)
			for name := range all {
				if !slices.Contains(ofOneAttempt, name) {
					delete(all, name)
				}
			}
			text, _ = json.Marshal(all)
			want.Attempts[i] = Attempt{}
			if err := json.Unmarshal(text, &want.Attempts[i]); err != nil {
				t.Fatal(err)
			}
		}
		compare(t, &want, &got, notInLines)
	})
}

// compare compares what JSON has of two records, but for some fields.
func compare(t *testing.T, want, got any, but []string) {
	t.Helper()
	asMap := func(v any) (m map[string]any) {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		_ = json.Unmarshal(text, &m)
		return m
	}
	var without func(m map[string]any)
	without = func(m map[string]any) {
		for name, v := range m {
			if inner, is := v.(map[string]any); is {
				without(inner)
			}
			if slices.Contains(but, name) {
				delete(m, name)
			}
		}
	}
	w, g := asMap(want), asMap(got)
	without(w)
	without(g)
	if diff := cmp.Diff(w, g); diff != "" {
		t.Error(diff)
	}
}

// What is unknown is not in the line, and what always is is.
func TestEmptyLines(t *testing.T) {
	for want, of := range map[string]zapcore.ObjectMarshaler{
		`{"request_id":"","api":"","attempt":0,"verdict":"","asked_upstream":false,"duration_ms":0}`:              &Attempt{},
		`{"request_id":"","api":"","outcome":"","asked_upstream":false,"stream":false,"tried":0,"duration_ms":0}`: &Request{},
		// Taking a free slot is no wait, and what is 0 milliseconds is told if it took time.
		`{"request_id":"","api":"","attempt":0,"verdict":"","asked_upstream":false,"held_ms":0,"duration_ms":0}`:                  &Attempt{Waited: Duration(time.Millisecond - 1), Held: 1, Duration: Duration(time.Millisecond - 1)},
		`{"request_id":"","api":"","attempt":0,"verdict":"","asked_upstream":false,"waited_ms":1,"duration_ms":1}`:                &Attempt{Waited: Duration(time.Millisecond), Duration: Duration(2*time.Millisecond - 1)},
		`{"request_id":"","api":"","attempt":0,"verdict":"","asked_upstream":false,"cost_nano":0,"duration_ms":0}`:                &Attempt{Cost: new(int64)}, // it is free
		`{"request_id":"id","api":"chat","attempt":3,"verdict":"fail","asked_upstream":true,"error":"all of it","duration_ms":0}`: &AttemptLine{&Origin{RequestID: "id", API: "chat"}, &Attempt{Number: 3, Verdict: "fail", Asked: true, Error: "cut"}, "all of it"},
		// One attempt is not listed, and the last one says where the request went.
		`{"request_id":"","api":"","outcome":"","asked_upstream":false,"backend":"b","account":"a","stream":false,"tried":1,"duration_ms":0}`: &Request{Tried: 1, Attempts: []Attempt{{Number: 1, Backend: "b", Account: "a"}}},
		`{"request_id":"","api":"","outcome":"","asked_upstream":false,"backend":"c","stream":false,"tried":2,"attempts":[{"attempt":1,"verdict":"retry","backend":"b"},{"attempt":2,"verdict":"pass","backend":"c"}],"duration_ms":0}`: &Request{
			Tried: 2, Attempts: []Attempt{{Number: 1, Verdict: "retry", Backend: "b", Error: "not here"}, {Number: 2, Verdict: "pass", Backend: "c"}}},
	} {
		if got := strings.TrimSpace(string(written(t, of))); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// pageRow is a row of the table of the log's fields: its name, and whether the
// lines of attempts and of requests have it.
var pageRow = regexp.MustCompile("^\\| `([a-z_]+)` \\| (x?) ?\\| (x?) ?\\| .+ \\|$")

// OPERATING.md explains each field of the two lines, and no other.
func TestPageHasTheFieldsOfLines(t *testing.T) {
	page, err := os.ReadFile("../../OPERATING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## Find the request\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []string
	for line := range strings.SplitSeq(section, "\n") {
		if m := pageRow.FindStringSubmatch(line); m != nil {
			rows = append(rows, fmt.Sprintf("%s %t %t", m[1], m[2] != "", m[3] != ""))
		}
	}
	if !found || len(rows) == 0 {
		t.Fatal("the page has no such table")
	}
	var a Attempt
	var r Request
	filled(reflect.ValueOf(&a).Elem())
	filled(reflect.ValueOf(&r).Elem())
	lines := [2]map[string]any{}
	for i, of := range []zapcore.ObjectMarshaler{&a, &r} {
		if err := json.Unmarshal(written(t, of), &lines[i]); err != nil {
			t.Fatal(err)
		}
	}
	var fields []string
	for i := range lines {
		for name := range lines[i] {
			_, ofAttempt := lines[0][name]
			_, ofRequest := lines[1][name]
			fields = append(fields, fmt.Sprintf("%s %t %t", name, ofAttempt, ofRequest))
		}
	}
	slices.Sort(fields)
	slices.Sort(rows)
	if diff := cmp.Diff(slices.Compact(fields), rows); diff != "" {
		t.Errorf("the page differs from what is logged (field, of attempts, of requests):\n%s", diff)
	}
}
