package heal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/conversation"
)

// lostCalls is a history of so many calls that came back without carriers.
func lostCalls(n int) *conversation.Request {
	messages := []conversation.Message{user("hi")}
	for i := range n {
		messages = append(messages, model(conversation.Part{Kind: conversation.KindCall, Call: &conversation.Call{Name: "ls", Args: fmt.Appendf(nil, `{"n":%d}`, i)}}), user("ok"))
	}
	return history(messages...)
}

// remembered is a cache that knows the signatures of those calls.
func remembered(k Key, n int, size int) (*cache, ConversationID) {
	c := bigCache()
	by := Carriers{Key: k, Tenant: "t", Thread: c.Thread("t", lostCalls(n))}
	by.Thread.begin()
	for i := range n {
		time.Sleep(time.Millisecond) // the order of use counts
		by.Thread.signedCall(by.origin(forCall), callBinding("ls", fmt.Appendf(nil, `{"n":%d}`, i)), sizedSignature(i, size))
	}
	return c, by.Thread.id
}

func sizedSignature(i, size int) string { return fmt.Sprintf("%04d", i) + strings.Repeat("s", size-4) }

// recalled are the calls of a history whose signatures another cache finds in a
// sealed value.
func recalled(k Key, n int, sealed []byte) (found []int, c *cache) {
	c = bigCache()
	req := lostCalls(n)
	by := Carriers{Key: k, Tenant: "t", Thread: c.Thread("t", req)}
	by.VerifyShared(req, func(ConversationID) ([]byte, bool) { return sealed, true })
	i := 0
	for _, m := range req.Messages {
		if m.Role != conversation.Model {
			continue
		}
		if s := m.Parts[0].Signature; s != "" && s == sizedSignature(i, len(s)) {
			found = append(found, i)
		}
		i++
	}
	return found, c
}

// A value has the latest signatures, as many as there is room for; one that is
// too large by itself stays away and keeps no other out.
func TestSharedValueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := NewKey([]byte("k"))
		for size, want := range map[int][]int{1000: {9, 39}, MostShared / 2: {39, 39}, MostShared: nil} {
			c, id := remembered(k, 40, size)
			sealed := c.Sealed(k, id)
			if len(sealed) > MostShared {
				t.Errorf("%d bytes", len(sealed))
			}
			got, _ := recalled(k, 40, sealed)
			if want == nil && got != nil || want != nil && (len(got) != want[1]-want[0]+1 || got[0] != want[0] || got[len(got)-1] != want[1]) {
				t.Errorf("signatures of %d bytes: %v, want %v", size, got, want)
			}
		}
	})
}

// What an older key has sealed is opened after the key was changed; each lost
// carrier is counted once.
func TestSharedValueOfAnOlderKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		older := NewKey([]byte("older"))
		c, id := remembered(older, 3, 100)
		sealed := c.Sealed(older, id)
		found, counted := recalled(NewKey([]byte("new")).AlsoOpens(older), 4, sealed) // the last one is unknown everywhere
		if !slices.Equal(found, []int{0, 1, 2}) {
			t.Errorf("found %v", found)
		}
		if r := counted.results; r[SignatureFromStore] != 3 || r[SignatureMiss] != 1 || r[SignatureHit] != 0 || r[SignatureRejected] != 0 {
			t.Errorf("counted %v", r)
		}
	})
}

// No value, however it is made, is more than ignored.
func FuzzSharedValue(f *testing.F) {
	k := NewKey([]byte("k"))
	c, id := remembered(k, 2, 100)
	f.Add(c.Sealed(k, id)[len(tag{}):])
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, entries []byte) {
		mac := k.mac(sharedPurpose, id.Tenant, id.String(), string(entries)) // even with the key
		into := bigCache()
		added := into.learn(k, id, append(mac[:], entries...))
		if n := into.recent.Len(); n != added || n > 0 && len(entries) < n*33 {
			t.Errorf("%d entries of %d bytes, %d told", n, len(entries), added)
		}
		into.learn(k, id, entries)
	})
}
