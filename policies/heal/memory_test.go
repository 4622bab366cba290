package heal

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// frozen is a clock that stands still.
var frozen = func() Clock {
	c := ClockReading(func() time.Time { return time.UnixMilli(1_700_000_000_500) })
	c.id = "FROZEN00" // the same in the processes that fuzz
	return c
}()

func sample() Memory {
	return Memory{
		Tenant: "search", Started: time.UnixMilli(1_700_000_000_123),
		Tries: []Try{
			{Backend: "eu", Account: "eu-1", Model: "gemini-3.5-flash", Verdict: policies.Retry, Reason: ReasonRateLimit, Status: 429, Rotate: true, OfModel: true},
			{Backend: "eu", Account: "eu-2", Model: "gemini-3.5-flash", Verdict: policies.Repair, Reason: ReasonRelax, Status: 400, Repair: OmitIDs},
		},
		Repairs: StripSignatures | Prompt, Until: time.UnixMilli(1_700_000_000_999), ByEnvoy: 200 * time.Millisecond,
		Last:  &conversation.Error{Kind: conversation.ErrRateLimit, Status: 429, Message: "slow down", RetryAfter: 3, NoRetry: true},
		Rests: 2, Spent: []SpentAccount{{Account: "us-1", Model: "gemini-3.5-flash"}, {Account: "us-2"}},
		Lost: &LostTry{Backend: "us", Account: "us-1", Model: "gemini-3.5-flash", Known: true, Left: true},
	}
}

// withUsed is sample with what the tries have used.
func withUsed() Memory {
	m := sample()
	m.Before, m.Dropped = Used{Waited: 2 * time.Second}, 1
	m.Tries[0].Used = Used{Waited: 923 * time.Millisecond, Known: true, Input: 12000, Output: 800, Cached: 300, Thinking: 90, Priced: true, Guessed: true, Cost: 67_500_000}
	m.Tries[1].Used, m.Tries[1].Number, m.Tries[1].Replied = Used{Known: true, Estimated: true, Input: 27}, 4, 200
	m.Lost.Number, m.Lost.Status, m.Lost.Used = 3, 200, Used{Known: true, Estimated: true, Input: 27}
	return m
}

// Replicas of two versions read each other's memory: an older one leaves out what
// it does not know, and where that is nothing, both write the same. The text was
// written by the code of the release before what tries have used was kept.
func TestMemoryOfOlderReplicas(t *testing.T) {
	k, m := NewKey([]byte("k")), sample()
	const old = "m2.b059dd6a.eyJjIjoiRlJPWkVOMDAiLCJuIjowLCJlIjozNzcsInciOjQ5OSwidiI6MjAwLCJ0IjpbeyJiIjoiZXUiLCJhIjoiZXUtMSIsIm0iOiJnZW1pbmktMy41LWZsYXNoIiwidiI6MSwiciI6InJhdGVfbGltaXRlZCIsInMiOjQyOSwieCI6dHJ1ZSwibyI6dHJ1ZX0seyJiIjoiZXUiLCJhIjoiZXUtMiIsIm0iOiJnZW1pbmktMy41LWZsYXNoIiwidiI6MywiciI6InJlbGF4X3JlcGFpciIsInMiOjQwMCwicCI6OH1dLCJyIjo1LCJsIjp7ImsiOjcsInMiOjQyOSwibSI6InNsb3cgZG93biIsImEiOjMsIm4iOnRydWV9LCJmIjoyLCJzIjpbeyJhIjoidXMtMSIsIm0iOiJnZW1pbmktMy41LWZsYXNoIn0seyJhIjoidXMtMiJ9XSwibyI6eyJiIjoidXMiLCJhIjoidXMtMSIsIm0iOiJnZW1pbmktMy41LWZsYXNoIiwiayI6dHJ1ZSwibCI6dHJ1ZX0sInUiOiJzZWFyY2gifQ.ceDFvgEJQLRQV8DRkG_0Xw"
	if sealed := m.Seal(k, frozen, "id-1"); sealed != old {
		t.Errorf("an older replica writes\n%s, this one\n%s", old, sealed)
	}
	if got, err := OpenMemory(k, frozen, "id-1", old); err != nil || !reflect.DeepEqual(*got, m) {
		t.Errorf("%+v, %v", got, err)
	}
	open := func(m Memory) map[string]any {
		payload, err := unsealed(strings.Split(m.Seal(k, frozen, "id-1"), ".")[2])
		if err != nil {
			t.Fatal(err)
		}
		var out map[string]any
		if err := json.Unmarshal(payload, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	// The same but for keys that older replicas do not have.
	added := open(withUsed())
	delete(added, "q")
	delete(added, "d") // a try was dropped
	for _, try := range added["t"].([]any) {
		for _, key := range []string{"q", "i", "h"} {
			delete(try.(map[string]any), key)
		}
	}
	for _, key := range []string{"q", "i", "s"} {
		delete(added["o"].(map[string]any), key)
	}
	if diff := cmp.Diff(open(m), added); diff != "" {
		t.Error(diff)
	}
	if grown := len(withUsed().Tries); grown != len(m.Tries) {
		t.Fatal("other tries")
	}
	used := withUsed()
	if grown := len(used.Seal(k, frozen, "id-1")) - len(m.Seal(k, frozen, "id-1")); grown > 250 {
		t.Errorf("what three attempts have used takes %d bytes", grown)
	}
}

// What newer replicas add to the list is left out.
func TestUsedOfNewerReplicas(t *testing.T) {
	var got Used
	if err := json.Unmarshal([]byte("[5,1,7,8,0,0,0,99,98]"), &got); err != nil || got != (Used{Waited: 5 * time.Millisecond, Known: true, Input: 7, Output: 8}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMemoryComesBackWhole(t *testing.T) {
	k, m := NewKey([]byte("k")), withUsed()
	got, err := OpenMemory(k, frozen, "id-1", m.Seal(k, frozen, "id-1"))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*got, m) {
		t.Errorf("got  %+v\nwant %+v", *got, m)
	}
}

func TestMemoryIsRefused(t *testing.T) {
	k, m := NewKey([]byte("k")), sample()
	sealed := m.Seal(k, frozen, "id-1")
	flipped := []byte(sealed)
	flipped[len(flipped)/2] ^= 1
	for _, c := range []struct {
		name, sealed, id string
		want             error
	}{
		{"another request's", sealed, "id-2", ErrUnreadable},
		{"altered", string(flipped), "id-1", ErrUnreadable},
		{"cut short", sealed[:len(sealed)-3], "id-1", ErrUnreadable},
		{"another version", "m1" + sealed[2:], "id-1", ErrUnreadable},
		{"another key", m.Seal(NewKey([]byte("other")), frozen, "id-1"), "id-1", ErrOtherKey},
		{"a client's invention", "hello", "id-1", ErrUnreadable},
		{"another spelling of the same bytes", respelled(sealed), "id-1", ErrUnreadable},
		{"a line break at the end", sealed + "\n", "id-1", ErrUnreadable},
		{"too long", strings.Repeat("x", memoryLimit+1), "id-1", ErrUnreadable},
	} {
		if _, err := OpenMemory(k, frozen, c.id, c.sealed); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// respelled returns s, whose last character stands for two bits alone, with
// another one that stands for the same: lax decoders do not tell them apart.
func respelled(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + string(alphabet[last^1])
}

func TestMemoryStaysSmall(t *testing.T) {
	k, m := NewKey([]byte("k")), sample()
	m.Last.Message = strings.Repeat("ä", 10_000)
	for n := range 200 {
		m.Tries = append(m.Tries, Try{Backend: "eu", Account: strconv.Itoa(n), Used: Used{Waited: time.Millisecond, Known: true, Input: 2, Priced: true, Cost: 3}})
	}
	sealed := m.Seal(k, frozen, "id")
	if len(sealed) > memoryLimit {
		t.Fatalf("%d bytes", len(sealed))
	}
	got, err := OpenMemory(k, frozen, "id", sealed)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got.Tries); n == 0 || !slices.Equal(got.Tries, m.Tries[len(m.Tries)-n:]) {
		t.Errorf("the latest tries are lost: %d are left, %+v", n, got.Tries)
	}
	sum := got.Before
	for _, try := range got.Tries {
		sum = sum.Add(try.Used)
	}
	if want := (Used{Waited: 200 * time.Millisecond, Known: true, Input: 400, Priced: true, Cost: 600}); sum != want {
		t.Errorf("used %+v, want %+v", sum, want)
	}
	// Attempts that left no memory show in this count.
	if got.Known() != len(m.Tries) || len(got.Tries) == len(m.Tries) {
		t.Errorf("%d attempts are known, want %d; %d have their try", got.Known(), len(m.Tries), len(got.Tries))
	}
}

// However it is escaped, a memory that is too long would be ignored whole.
func TestMemoryStaysReadable(t *testing.T) {
	for _, text := range []string{"<", "\x01", "ä", "\"", "\xff"} {
		k, m := NewKey([]byte("k")), sample()
		m.Last.Message = strings.Repeat(text, 1000)
		m.Tries[0].Account, m.Tries[1].Account = strings.Repeat(text, 200), strings.Repeat(text, 200)
		m.Spent = []SpentAccount{{Account: strings.Repeat(text, 300)}, {Account: strings.Repeat(text, 300)}, {Account: strings.Repeat(text, 300)}}
		got, err := OpenMemory(k, frozen, "id", m.Seal(k, frozen, "id"))
		if err != nil || got.Repairs != m.Repairs || got.Rests != m.Rests {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What one model refuses says nothing of another; a refused history does.
func TestRepairsAt(t *testing.T) {
	m := Memory{Repairs: StripSignatures | OmitIDs, Tries: []Try{{Backend: "a", Model: "x", Repair: OmitIDs}, {Backend: "a", Model: "y", Repair: StripSignatures}}}
	for _, c := range []struct {
		backend, model string
		want           Repairs
	}{{"a", "x", StripSignatures | OmitIDs}, {"a", "y", StripSignatures}, {"b", "x", StripSignatures}} {
		if got := m.RepairsAt(c.backend, c.model); got != c.want {
			t.Errorf("%s at %s: %v, want %v", c.model, c.backend, got, c.want)
		}
	}
}

// The bound holds for incoming memories, too.
func TestMemoryIsBounded(t *testing.T) {
	k := NewKey([]byte("k"))
	sizes := map[int]bool{}
	for n := 2900; n < 3100; n++ { // one try is never dropped
		m := Memory{Started: time.UnixMilli(1), Tries: []Try{{Account: strings.Repeat("a", n)}}}
		sealed := m.Seal(k, frozen, "id")
		_, err := OpenMemory(k, frozen, "id", sealed)
		if (err == nil) != (len(sealed) <= 4096) {
			t.Fatalf("a memory of %d bytes: %v", len(sealed), err)
		}
		sizes[len(sealed)] = true
	}
	if !sizes[4095] || !sizes[4097] { // base64 leaves 4096 out
		t.Error("no size is next to the bound")
	}
}

// Where one part ends and the next begins is authenticated, too: otherwise a
// request id could be extended by the beginning of the payload.
func TestMACKeepsPartsApart(t *testing.T) {
	k := NewKey([]byte("k"))
	mac := func(purpose string, parts ...string) string {
		t := k.mac(purpose, parts...)
		return string(t[:])
	}
	want := mac("memory", "ab", "c")
	for _, other := range []string{mac("memory", "a", "bc"), mac("memory", "abc"), mac("memory", "ab", "c", ""), mac("memorya", "b", "c"), mac("carrier", "ab", "c")} {
		if other == want {
			t.Error("two messages have one mac")
		}
	}
	if len(want) != 16 {
		t.Errorf("%d bytes", len(want))
	}
}

func FuzzOpenMemory(f *testing.F) {
	k, m := NewKey([]byte("k")), sample()
	f.Add(m.Seal(k, frozen, "id"))
	f.Add("m2.00000000.e30.AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := OpenMemory(k, frozen, "id", s)
		if err == nil && got.Seal(k, frozen, "id") != s {
			t.Errorf("%q was read but is not what Seal writes", s)
		}
	})
}
