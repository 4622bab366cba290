package main

import (
	"bytes"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/why"
	"github.com/heald-proxy/heald/policies/record"
)

// A log has all that a story is made of: what heald writes, `heald why --log` reads
// back, but for what the lines leave out. A field that is new, or named otherwise on
// one side, is found here.
func TestWhyReadsWhatTheLogWrites(t *testing.T) {
	r := record.Request{Resume: &record.Resume{}, Usage: &record.Usage{}, Cost: new(int64), Attempts: []record.Attempt{
		{Resume: &record.Resume{}, Usage: &record.Usage{}, Cost: new(int64)}, {Resume: &record.Resume{}, Usage: &record.Usage{}, Cost: new(int64)},
	}}
	n := 0
	fillIn(reflect.ValueOf(&r).Elem(), &n)
	r.Outcome, r.Reason, r.Tried = "passed", "ok", 2
	for i := range r.Attempts {
		a := &r.Attempts[i]
		a.Number, a.Origin, a.Span = i+1, r.Origin, record.Span{}
	}
	var text bytes.Buffer
	log, _, err := newLogger(&text, "debug")
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Attempts {
		log.Info("attempt finished", zap.Inline(&r.Attempts[i]))
	}
	log.Info("request finished", zap.Inline(&r))

	w := why.Where{Logs: []string{"-"}}
	sources, err := w.Open(t.Context(), strings.NewReader(text.String()), r.RequestID, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer sources.Close()
	got, err := sources.List[0].Get(t.Context(), r.RequestID)
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	// What the lines leave out, and the sums, which are made of the attempts.
	want := r
	want.TraceState, want.Sampled, want.ParentSpan, want.PriceVersion = "", false, "", ""
	want.Usage, want.Cost, want.Estimated, want.Waited = got.Usage, got.Cost, got.Estimated, got.Waited
	want.Time = got.Time // the line's, less the duration
	for i := range want.Attempts {
		a := &want.Attempts[i]
		a.Origin, a.Kind, a.PriceVersion = record.Origin{}, "", ""
		a.Usage.InputBy, a.Usage.CachedBy, a.Usage.OutputBy = nil, nil, nil
	}
	if diff := cmp.Diff(want, got.Request); diff != "" {
		t.Errorf("%s\nof\n%s", diff, text.String())
	}
	if since := time.Since(got.Time); since < time.Duration(r.Duration) || since > time.Hour+time.Duration(r.Duration) {
		t.Errorf("it began %s ago, and took %s", since, time.Duration(r.Duration))
	}
}

// fillIn gives each field a value of its own.
func fillIn(v reflect.Value, n *int) {
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
	case v.Type() == reflect.TypeFor[record.Duration]():
		v.SetInt(int64(time.Duration(*n) * time.Millisecond))
	case v.Kind() == reflect.String:
		v.SetString("text-" + strconv.Itoa(*n))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(int64(*n))
	case v.Kind() == reflect.Pointer && !v.IsNil():
		fillIn(v.Elem(), n)
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			fillIn(v.Index(i), n)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fillIn(v.Field(i), n)
			}
		}
	}
}
