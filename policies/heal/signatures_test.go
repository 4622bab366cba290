package heal

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/conversation"
)

// cache is a signature cache and what it counted.
type cache struct {
	*Signatures
	mu      sync.Mutex
	results map[string]int
}

func newCache(entries, bytes int) *cache {
	c := &cache{results: map[string]int{}}
	c.Signatures = NewSignatures(entries, bytes, func(result string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.results[result]++
	})
	return c
}

func bigCache() *cache { return newCache(DefaultSignatures, DefaultSignatureBytes) }

func sig(name string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(name, 60)))
}

func user(text string) conversation.Message {
	return conversation.Message{Role: conversation.User, Parts: []conversation.Part{{Kind: conversation.KindText, Text: conversation.Quote(text)}}}
}

func model(parts ...conversation.Part) conversation.Message {
	return conversation.Message{Role: conversation.Model, Parts: parts}
}

func words(s string) conversation.Part {
	return conversation.Part{Kind: conversation.KindText, Text: conversation.Quote(s)}
}

func history(messages ...conversation.Message) *conversation.Request {
	return &conversation.Request{Model: "m", Messages: messages}
}

// turn takes one request through the cache, as by, and then the events of its
// answer. It returns the signatures of the last model message.
func (c *cache) turn(by Carriers, req *conversation.Request, events ...conversation.Event) (got []string) {
	by.Thread = c.Thread(by.Tenant, req)
	by.Verify(req)
	NewSealer(by).Seal(nil, events)
	for _, m := range req.Messages {
		if m.Role != conversation.Model {
			continue
		}
		got = nil
		for _, p := range m.Parts {
			got = append(got, p.Signature)
		}
	}
	return got
}

// calling is an answer that calls ls, signed.
func calling(signature string) []conversation.Event {
	return []conversation.Event{
		{Kind: conversation.EventCallStart, Name: "ls", Signature: signature},
		{Kind: conversation.EventCallArgs, Args: conversation.Raw(`{"dir":`)},
		{Kind: conversation.EventCallArgs, Args: conversation.Raw(`"a"}`)},
		{Kind: conversation.EventCallEnd},
	}
}

func TestLostCarriersAreMadeGood(t *testing.T) {
	me := carriers("t", "ai_studio/", "gemini-3.5-flash")
	lsA := call("ls", `{ "dir": "a" }`, "")
	for _, c := range []struct {
		name string
		by   Carriers
		req  *conversation.Request
		want []string
	}{
		{"the call", me, history(user("hi"), model(lsA)), []string{sig("1")}},
		{"its sibling has none", me, history(user("hi"), model(lsA, lsA)), []string{sig("1"), ""}},
		{"a sibling in a message of its own", me, history(user("hi"), model(lsA), model(lsA)), []string{""}},
		{"it is not the first of its step", me, history(user("hi"), model(call("cd", `{}`, ""), lsA)), []string{"", ""}},
		{"the same call later", me, history(user("hi"), model(lsA), user("again"), model(lsA)), []string{""}},
		{"a carrier that does not verify", me, history(user("hi"), model(call("ls", `{"dir":"a"}`, "gs1.a.b.c"))), []string{sig("1")}},
		{"altered arguments", me, history(user("hi"), model(call("ls", `{"dir":"b"}`, ""))), []string{""}},
		{"another tool", me, history(user("hi"), model(call("rm", `{"dir":"a"}`, ""))), []string{""}},
		{"arguments that are no JSON", me, history(user("hi"), model(call("ls", `{"dir":`, ""))), []string{""}},
		{"the user's own call", me, history(user("hi"), conversation.Message{Role: conversation.User, Parts: []conversation.Part{lsA}}), nil},
		{"another tenant", carriers("u", "ai_studio/", "gemini-3.5-flash"), history(user("hi"), model(lsA)), []string{""}},
		{"another model family", carriers("t", "ai_studio/", "gemini-3.8-flash"), history(user("hi"), model(lsA)), []string{""}},
		{"another backend", carriers("t", "vertex/p", "gemini-3.5-flash"), history(user("hi"), model(lsA)), []string{""}},
		{"another conversation", me, history(user("hello"), model(lsA)), []string{""}},
		{"another session", me, &conversation.Request{Model: "m", Session: "s", Messages: history(user("hi"), model(lsA)).Messages}, []string{""}},
		{"other instructions", me, &conversation.Request{Model: "m", System: []conversation.Part{words("be brief")}, Messages: history(user("hi"), model(lsA)).Messages}, []string{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cache := bigCache()
			cache.turn(me, history(user("hi")), calling(sig("1"))...)
			if got := cache.turn(c.by, c.req); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			for _, m := range c.req.Messages {
				for _, p := range m.Parts {
					if m.Role == conversation.User && p.Signature != "" {
						t.Error("what the user says is signed")
					}
				}
			}
		})
	}
}

// A tenant's name may be anything; no two of them may be the same to the cache.
func TestTenantsAreNotMixedUp(t *testing.T) {
	cache := bigCache()
	req := func(session string) *conversation.Request {
		r := history(user("hi"), model(call("ls", `{"dir":"a"}`, "")))
		r.Session = session
		return r
	}
	cache.turn(carriers("ab", "b", "m"), req("c"), calling(sig("1"))...)
	if got := cache.turn(carriers("a", "b", "m"), req("bc")); got[0] != "" {
		t.Errorf("got another tenant's signature")
	}
}

func TestSignaturesOfTexts(t *testing.T) {
	me := carriers("t", "b", "m")
	said := func(s string) []conversation.Event {
		return []conversation.Event{
			{Kind: conversation.EventText, Text: conversation.Quote(s[:1])},
			{Kind: conversation.EventText, Text: conversation.Quote(s[1:])},
			{Kind: conversation.EventSignature, Signature: sig(s)},
		}
	}
	cache := bigCache()
	cache.turn(me, history(user("hi")), said("done")...)
	cache.turn(me, history(user("hi")), conversation.Event{Kind: conversation.EventThought, Text: conversation.Quote("hm")},
		conversation.Event{Kind: conversation.EventSignature, Signature: sig("hm")})
	got := cache.turn(me, history(user("hi"), model(words("done"), words("Done"), words(""),
		conversation.Part{Kind: conversation.KindThought, Text: conversation.Quote("hm")})))
	if want := []string{sig("done"), "", "", ""}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A conversation that is rewound and goes on differently must find nothing of
// the branch that was left, save what was said again: of that the latest.
func TestRewoundConversation(t *testing.T) {
	me := carriers("t", "b", "m")
	ls := call("ls", `{"dir":"a"}`, "")
	cache := bigCache()
	cache.turn(me, history(user("hi")), calling(sig("first"))...)
	cache.turn(me, history(user("hi"), model(ls), user("go on")), calling(sig("second"))...)
	both := history(user("hi"), model(ls), user("go on"), model(ls))
	if got := cache.turn(me, both); got[0] != sig("second") || both.Messages[1].Parts[0].Signature != sig("first") {
		t.Fatalf("two calls alike: %q", got)
	}
	// Back to the beginning; the model calls the same again.
	cache.turn(me, history(user("hi")), calling(sig("third"))...)
	if got := cache.turn(me, history(user("hi"), model(ls))); got[0] != sig("third") {
		t.Errorf("after the rewind: %q", got)
	}
	// A retried turn replaces what the attempt before it had left.
	cache.turn(me, history(user("hi"), model(ls), user("go on")), calling(sig("fourth"))...)
	if got := cache.turn(me, history(user("hi"), model(ls), user("go on"), model(ls))); got[0] != sig("fourth") {
		t.Errorf("after the retry: %q", got)
	}
	if cache.recent.Len() != 2 {
		t.Errorf("%d entries for two calls", cache.recent.Len())
	}
}

func TestPurge(t *testing.T) {
	me := carriers("t", "b", "m")
	cache := bigCache()
	mine, other := history(user("hi"), model(call("ls", `{"dir":"a"}`, ""))), history(user("ho"), model(call("ls", `{"dir":"a"}`, "")))
	cache.turn(me, history(user("hi")), calling(sig("1"))...)
	cache.turn(me, history(user("ho")), calling(sig("2"))...)
	cache.Thread("t", mine).Purge(false)
	if got := cache.turn(me, mine); got[0] != "" {
		t.Errorf("after the purge: %q", got)
	}
	if got := cache.turn(me, other); got[0] != sig("2") {
		t.Errorf("the other conversation: %q", got)
	}
	if cache.results[SignaturePurged] != 1 || cache.results[SignatureStored] != 2 || cache.results[SignatureHit] != 1 || cache.results[SignatureMiss] != 1 {
		t.Errorf("counted %v", cache.results)
	}
}

func TestSignatureBounds(t *testing.T) {
	put := func(c *cache, n int, signature string) {
		c.put(digestOf([]byte{1}), digestOf([]byte(fmt.Sprint(n))), signature)
	}
	has := func(c *cache, n int) bool { return c.get(digestOf([]byte{1}), digestOf([]byte(fmt.Sprint(n)))) != "" }
	t.Run("entries", func(t *testing.T) {
		c := newCache(3, 1<<20)
		for n := range 3 {
			put(c, n, sig("x"))
		}
		has(c, 0) // the oldest, but used
		put(c, 3, sig("x"))
		if !has(c, 0) || has(c, 1) || !has(c, 2) || !has(c, 3) || c.results[SignatureEvicted] != 1 {
			t.Errorf("kept %v %v %v %v, counted %v", has(c, 0), has(c, 1), has(c, 2), has(c, 3), c.results)
		}
	})
	t.Run("bytes", func(t *testing.T) {
		c := newCache(1000, 10_000)
		for n := range 100 {
			put(c, n, strings.Repeat("s", 2000))
			if c.size > 10_000 || c.size != c.recent.Len()*(2000+signatureCost) {
				t.Fatalf("%d bytes in %d entries", c.size, c.recent.Len())
			}
		}
		put(c, 100, strings.Repeat("s", 10_000))
		if has(c, 100) || !has(c, 99) {
			t.Error("one that can never fit has driven the others out")
		}
	})
	t.Run("noise", func(t *testing.T) {
		c := bigCache()
		put(c, 0, strings.Repeat("s", minSignature-1))
		put(c, 1, strings.Repeat("s", minSignature))
		if has(c, 0) || !has(c, 1) {
			t.Errorf("short %v, long enough %v", has(c, 0), has(c, 1))
		}
	})
	t.Run("nothing is left of what went", func(t *testing.T) {
		c := newCache(1, 1<<20)
		for n := range 10 {
			c.put(digestOf([]byte{byte(n)}), digestOf(nil), sig("x"))
		}
		if len(c.threads) != 1 {
			t.Errorf("%d conversations for one entry", len(c.threads))
		}
	})
}

func TestSignaturesGrowOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		me := carriers("t", "b", "m")
		cache := bigCache()
		req := func() *conversation.Request { return history(user("hi"), model(call("ls", `{"dir":"a"}`, ""))) }
		cache.turn(me, history(user("hi")), calling(sig("1"))...)
		for range 3 { // use keeps it
			time.Sleep(signatureTTL)
			if got := cache.turn(me, req()); got[0] == "" {
				t.Fatal("forgotten although it was used")
			}
		}
		time.Sleep(signatureTTL + time.Second)
		if got := cache.turn(me, req()); got[0] != "" || cache.results[SignatureExpired] != 1 || cache.size != 0 {
			t.Errorf("%q is still known; counted %v, %d bytes", got, cache.results, cache.size)
		}
	})
}

func TestNoCache(t *testing.T) {
	var none *Signatures
	req := history(user("hi"), model(call("ls", `{"dir":"a"}`, "")))
	c := carriers("t", "b", "m")
	c.Thread = none.Thread("t", req)
	c.Verify(req)
	if events := NewSealer(c).Seal(nil, calling(sig("1"))); len(events) != 3 || events[0].Carrier == "" {
		t.Errorf("events %+v", events)
	}
	c.Thread.Purge(false)
}

// Whatever happens to the cache, its books must balance.
func TestSignaturesTogether(t *testing.T) {
	c := newCache(50, 40_000)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for n := range 500 {
				thread, key := digestOf([]byte{byte(n % 7)}), digestOf([]byte{byte(n), byte(g)})
				c.put(thread, key, strings.Repeat("s", minSignature+n))
				c.get(thread, key)
				if n%100 == 0 {
					c.purge(thread)
				}
			}
		})
	}
	wg.Wait()
	size, entries := 0, 0
	for _, thread := range c.threads {
		for _, at := range thread {
			entries++
			size += at.Value.(*signed).cost()
		}
	}
	if size != c.size || entries != c.recent.Len() || size > 40_000 || entries > 50 {
		t.Errorf("%d entries and %d bytes, but %d in the list and %d counted", entries, size, c.recent.Len(), c.size)
	}
}

// Upstream does not say which signature it refused, so none that was sent is
// sent again, although the client goes on giving their carriers back.
func TestRefusedSignaturesAreNotSentAgain(t *testing.T) {
	me := carriers("t", "b", "m")
	sealed := me.SealCall(sig("old"), "ls", []byte(`{"dir":"a"}`))
	old := call("ls", `{"dir":"a"}`, sealed)
	cache := bigCache()
	ask := func(messages ...conversation.Message) (*Thread, *conversation.Request) {
		req := history(append([]conversation.Message{user("hi")}, messages...)...)
		by := me
		by.Thread = cache.Thread("t", req)
		by.Verify(req)
		return by.Thread, req
	}
	thread, req := ask(model(old))
	if req.Messages[1].Parts[0].Signature != sig("old") {
		t.Fatal("not sent at all")
	}
	thread.Purge(true)
	if got := cache.turn(me, history(user("hi"), model(old), user("go on")), calling(sig("new"))...); got[0] != "" {
		t.Error("the refused one is sent again")
	}
	if _, req = ask(model(old), user("go on"), model(call("ls", `{"dir":"a"}`, ""))); req.Messages[3].Parts[0].Signature != sig("new") {
		t.Error("the one made since is lost")
	}
	if other := history(user("ho"), model(old)); cache.turn(me, other)[0] != sig("old") {
		t.Error("another conversation is at a loss too")
	}
}

// A thread of no cache, and one that knows nothing, find nothing.
func TestThreadsThatKnowNothing(t *testing.T) {
	var none *Thread
	text := conversation.Quote("text")
	if none.text("o", text) != "" || none.call("o", []byte("b"), true) != "" || none.Sent() || none.accepted("s") != "s" {
		t.Error("a nil thread knows something")
	}
	none.begin()
	none.signed("o", []byte("b"), "s")
	none.signedCall("o", []byte("b"), "s")
	none.Purge(true)
	fresh := NewSignatures(10, 1<<20, func(string) {}).Thread("t", &conversation.Request{})
	fresh.begin()
	if fresh.text("o", text) != "" || fresh.text("o", nil) != "" || fresh.call("o", nil, true) != "" || fresh.Sent() {
		t.Error("a fresh thread knows something")
	}
	if fresh.accepted("") != "" || fresh.Sent() || fresh.accepted("s") != "s" || !fresh.Sent() {
		t.Error("what was accepted counts as sent, nothing else")
	}
}
