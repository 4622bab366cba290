package listing

import (
	"context"
	"errors"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, page string
		models     []Model
		next       string
		bad        bool
	}{
		{"AI Studio", `{"models":[{"name":"models/gemini-9","version":"001","inputTokenLimit":10,"outputTokenLimit":5,"supportedGenerationMethods":["generateContent"],"thinking":true,"temperature":1}],"nextPageToken":"t"}`,
			[]Model{{Name: "gemini-9", Input: 10, Output: 5, Thinks: true, Methods: []string{"generateContent"}}}, "t", false},
		{"Vertex", `{"publisherModels":[{"name":"publishers/google/models/gemini-9","versionId":"001"}]}`, []Model{{Name: "gemini-9"}}, "", false},
		{"names that lead elsewhere", `{"models":[{"name":"models/.."},{"name":""},{"name":"models/a b"},{"name":"models/a?b"}]}`, nil, "", false},
		{"negative numbers", `{"models":[{"name":"m","inputTokenLimit":-1,"outputTokenLimit":-1}]}`, []Model{{Name: "m"}}, "", false},
		{"nothing", `{}`, nil, "", false},
		{"no JSON", `<html>`, nil, "", true},
		{"another shape", `{"models":{"a":1}}`, nil, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			models, next, err := Parse([]byte(c.page))
			if !reflect.DeepEqual(models, c.models) || next != c.next || (err != nil) != c.bad {
				t.Errorf("got %+v, %q, %v", models, next, err)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	for _, c := range []struct {
		model             Model
		generates, embeds bool
	}{
		{Model{Name: "aqa", Methods: []string{"generateAnswer"}}, false, false},
		{Model{Name: "gemma-9", Methods: []string{"countTokens", "generateContent"}}, true, false},
		{Model{Name: "gemini-9", Methods: []string{}}, false, false},
		{Model{Name: "gemini-9-flash-image"}, true, false},
		{Model{Name: "gemini-embedding-2"}, false, true},
		{Model{Name: "gemini-embedding-9", Methods: []string{"embedContent", "countTokens"}}, false, true},
		{Model{Name: "gemini-embedding-9", Methods: []string{"countTokens"}}, false, false},
		{Model{Name: "text-embedding-9"}, false, true},
		{Model{Name: "textembedding-gecko"}, false, false},
		{Model{Name: "gemini-live-9-flash"}, false, false},
		{Model{Name: "gemini-9-flash-native-audio"}, false, false},
		{Model{Name: "imagen-9"}, false, false},
	} {
		if generates, embeds := c.model.Generates(), c.model.Embeds(); generates != c.generates || embeds != c.embeds {
			t.Errorf("%+v: %t, %t", c.model, generates, embeds)
		}
	}
}

// FuzzParse: whatever a page says, a name can stand in a path.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"models":[{"name":"models/gemini-9","inputTokenLimit":1}],"publisherModels":[{"name":"a/b"}]}`))
	f.Fuzz(func(t *testing.T, page []byte) {
		models, _, _ := Parse(page)
		for _, m := range models {
			for _, c := range m.Name {
				if c <= ' ' || c == '/' || c == '?' || c == '#' || c == '%' || c == ':' || c > '~' {
					t.Errorf("%q", m.Name)
				}
			}
			if m.Input < 0 || m.Output < 0 {
				t.Errorf("%+v", m)
			}
		}
	})
}

// One fetch at a time; of failures in a row the first is told.
func TestList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetches, at atomic.Int32
		result := make(chan error)
		var onError []error
		l := New(func(context.Context) ([]Model, error) {
			fetches.Add(1)
			if at.Add(1) > 1 {
				t.Error("two fetches at a time")
			}
			defer at.Add(-1)
			err := <-result
			return []Model{{Name: "m"}}, err
		}, func(err error) { onError = append(onError, err) })
		down := errors.New("down")
		// ask has the list refreshed some time after the last one, and lets a
		// fetch that begins end with err.
		ask := func(after time.Duration, err error) {
			time.Sleep(after)
			for range 3 {
				l.Refresh()
			}
			synctest.Wait()
			select {
			case result <- err:
				synctest.Wait()
			default:
			}
		}
		for i, step := range []struct {
			after   time.Duration
			err     error
			fetches int32
			told    int
			known   bool
		}{
			{0, down, 1, 1, false},
			{retry - time.Second, nil, 1, 1, false},
			{time.Second, down, 2, 1, false},
			{retry, nil, 3, 2, true},
			{keep - time.Second, nil, 3, 2, true},
			{time.Second, down, 4, 3, true}, // what is known stays
			{retry, nil, 5, 4, true},
		} {
			ask(step.after, step.err)
			if fetches.Load() != step.fetches || len(onError) != step.told || (l.Models() != nil) != step.known {
				t.Errorf("step %d: %d fetches, told %v, %v", i, fetches.Load(), onError, l.Models())
			}
		}
	})
}

// A panic ends the fetch and not the process, and whoever waits goes on.
func TestListPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var onError error
		l := New(func(context.Context) ([]Model, error) { panic("oops") }, func(err error) { onError = err })
		l.Refresh()
		l.Wait(nil)
		if onError == nil {
			t.Error("not told")
		}
	})
}

// A fetch that hangs ends, and nobody waits for it longer than they want to.
func TestListHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(func(ctx context.Context) ([]Model, error) { <-ctx.Done(); return nil, ctx.Err() }, func(error) {})
		begun := time.Now()
		l.Refresh()
		l.Wait(time.After(time.Second))
		if waited := time.Since(begun); waited != time.Second {
			t.Errorf("waited %s", waited)
		}
		l.Wait(nil)
		if waited := time.Since(begun); waited != fetchTime {
			t.Errorf("it ended after %s", waited)
		}
	})
}
