package heal

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

func sample() Memory {
	return Memory{
		Started: time.UnixMilli(1_700_000_000_123),
		Tries: []Try{
			{Backend: "eu", Account: "eu-1", Model: "gemini-3.5-flash", Verdict: policies.Retry, Reason: ReasonRateLimit, Status: 429, Rotate: true, OfModel: true},
			{Backend: "eu", Account: "eu-2", Model: "gemini-3.5-flash", Verdict: policies.Repair, Reason: ReasonRelax, Status: 400, Repair: OmitIDs},
		},
		Repairs: StripSignatures | Prompt, Until: time.UnixMilli(1_700_000_000_999),
		Last: &conversation.Error{Kind: conversation.ErrRateLimit, Status: 429, Message: "slow down", RetryAfter: 3, NoRetry: true},
	}
}

func TestMemoryComesBackWhole(t *testing.T) {
	k, m := NewKey([]byte("k")), sample()
	got, err := OpenMemory(k, "id-1", m.Seal(k, "id-1"))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*got, m) {
		t.Errorf("got  %+v\nwant %+v", *got, m)
	}
}

func TestMemoryIsRefused(t *testing.T) {
	k, m := NewKey([]byte("k")), sample()
	sealed := m.Seal(k, "id-1")
	flipped := []byte(sealed)
	flipped[len(flipped)/2] ^= 1
	for _, c := range []struct {
		name, sealed, id string
		want             error
	}{
		{"another request's", sealed, "id-2", ErrUnreadable},
		{"altered", string(flipped), "id-1", ErrUnreadable},
		{"cut short", sealed[:len(sealed)-3], "id-1", ErrUnreadable},
		{"another version", "m2" + sealed[2:], "id-1", ErrUnreadable},
		{"another key", m.Seal(NewKey([]byte("other")), "id-1"), "id-1", ErrOtherKey},
		{"a client's invention", "hello", "id-1", ErrUnreadable},
		{"too long", strings.Repeat("x", memoryLimit+1), "id-1", ErrUnreadable},
	} {
		if _, err := OpenMemory(k, c.id, c.sealed); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestMemoryStaysSmall(t *testing.T) {
	k, m := NewKey([]byte("k")), sample()
	m.Last.Message = strings.Repeat("ä", 10_000)
	for range 200 {
		m.Tries = append(m.Tries, m.Tries[0])
	}
	sealed := m.Seal(k, "id")
	if len(sealed) > memoryLimit {
		t.Fatalf("%d bytes", len(sealed))
	}
	got, err := OpenMemory(k, "id", sealed)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Tries) == 0 || got.Tries[len(got.Tries)-1] != m.Tries[len(m.Tries)-1] {
		t.Error("the latest try is lost")
	}
}

// However it is escaped, a memory that is too long would be ignored whole.
func TestMemoryStaysReadable(t *testing.T) {
	for _, text := range []string{"<", "\x01", "ä", "\"", "\xff"} {
		k, m := NewKey([]byte("k")), sample()
		m.Last.Message = strings.Repeat(text, 1000)
		m.Tries[0].Account, m.Tries[1].Account = strings.Repeat(text, 200), strings.Repeat(text, 200)
		got, err := OpenMemory(k, "id", m.Seal(k, "id"))
		if err != nil || got.Repairs != m.Repairs {
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

func FuzzOpenMemory(f *testing.F) {
	k, m := NewKey([]byte("k")), sample()
	f.Add(m.Seal(k, "id"))
	f.Add("m1.00000000.e30.AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := OpenMemory(k, "id", s)
		if err == nil && got.Seal(k, "id") != s {
			t.Errorf("%q was read but is not what Seal writes", s)
		}
	})
}
