package heal

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

var signature = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\xff\xfesig", 60)))

func carriers(tenant, backend, model string) Carriers {
	return Carriers{Key: NewKey([]byte("k")), Tenant: tenant, Origin: NewOrigin(backend, model)}
}

func call(name, args, carrier string) conversation.Part {
	return conversation.Part{Kind: conversation.KindCall, Carrier: carrier,
		Call: &conversation.Call{ID: "x", Name: name, Args: conversation.Raw(args)}}
}

func TestCarrierVerifiesOnlyWhereItBelongs(t *testing.T) {
	c := carriers("t", "ai_studio/", "gemini-3.5-flash")
	sealed := c.SealCall(signature, "Bash", []byte(`{"command":"ls","n":1}`))
	foreign := "EqQBCgIYAhIM" + strings.Repeat("A", 100) // as other vendors' look
	for _, x := range []struct {
		name string
		by   Carriers
		part conversation.Part
		good bool
	}{
		{"the call itself", c, call("Bash", `{"command":"ls","n":1}`, sealed), true},
		{"key order, spaces, number spelling", c, call("Bash", `{ "n": 1.0, "command": "l\u0073" }`, sealed), true},
		{"a newer release of the model", carriers("t", "ai_studio/", "gemini-3.5-flash-preview-10-2026"), call("Bash", `{"command":"ls","n":1}`, sealed), true},
		{"other arguments", c, call("Bash", `{"command":"rm","n":1}`, sealed), false},
		{"another tool", c, call("Read", `{"command":"ls","n":1}`, sealed), false},
		{"another tenant", carriers("u", "ai_studio/", "gemini-3.5-flash"), call("Bash", `{"command":"ls","n":1}`, sealed), false},
		{"another backend", carriers("t", "vertex/p", "gemini-3.5-flash"), call("Bash", `{"command":"ls","n":1}`, sealed), false},
		{"another model", carriers("t", "ai_studio/", "gemini-3.8-flash"), call("Bash", `{"command":"ls","n":1}`, sealed), false},
		{"cut short", c, call("Bash", `{"command":"ls","n":1}`, sealed[:len(sealed)-2]), false},
		{"another spelling of the same bytes", c, call("Bash", `{"command":"ls","n":1}`, respelled(sealed)), false},
		{"a line break at the end", c, call("Bash", `{"command":"ls","n":1}`, sealed+"\n"), false},
		{"arguments that are no JSON", c, call("Bash", `{"command":`, sealed), false},
		{"another vendor's", c, call("Bash", `{"command":"ls","n":1}`, foreign), false},
		{"raw signature without envelope", c, call("Bash", `{"command":"ls","n":1}`, signature), false},
		{"over the limit", c, call("Bash", `{"command":"ls","n":1}`, carrierPrefix+strings.Repeat("A", carrierLimit)), false},
	} {
		t.Run(x.name, func(t *testing.T) {
			req := conversation.Request{Messages: []conversation.Message{{Role: conversation.Model, Parts: []conversation.Part{x.part}}}}
			x.by.Verify(&req)
			got := req.Messages[0].Parts[0].Signature
			if want := map[bool]string{true: signature, false: ""}[x.good]; got != want {
				t.Errorf("signature %q, want %q", got, want)
			}
		})
	}
}

// A part of the upstream's own goes through the client whole, and only back to
// where it came from.
func TestCarrierOfAPart(t *testing.T) {
	c := carriers("t", "ai_studio/", "gemini-3.5-flash")
	raw := `{"toolCall":{"toolType":"GOOGLE_SEARCH_WEB","id":"1"},"thoughtSignature":"c2ln"}`
	sealed := NewSealer(c).Seal(nil, []conversation.Event{{Kind: conversation.EventServerCall, Upstream: conversation.Raw(raw)}})[0].Carrier
	for name, x := range map[string]struct {
		by      Carriers
		carrier string
		want    string
	}{
		"back":           {c, sealed, raw},
		"another tenant": {carriers("u", "ai_studio/", "gemini-3.5-flash"), sealed, ""},
		"another kind":   {c, c.SealCall(signature, "Bash", nil), ""},
		"altered":        {c, sealed[:len(sealed)-4] + "AAAA", ""},
	} {
		req := conversation.Request{Messages: []conversation.Message{{Parts: []conversation.Part{{Kind: conversation.KindUpstream, Carrier: x.carrier}}}}}
		x.by.Verify(&req)
		if got := string(req.Messages[0].Parts[0].Upstream); got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
}

// In dialects whose calls have no room, the call's carrier rides in the
// thought before it.
func TestCarrierRidesInThought(t *testing.T) {
	c := carriers("t", "ai_studio/", "gemini-3.5-flash")
	sealed := c.SealCall(signature, "Bash", []byte(`{}`))
	thought := conversation.Part{Kind: conversation.KindThought, Text: conversation.Quote("hm"), Carrier: sealed}
	req := conversation.Request{Messages: []conversation.Message{{Role: conversation.Model, Parts: []conversation.Part{
		thought, call("Bash", `{}`, ""), call("Bash", `{}`, ""),
	}}}}
	c.Verify(&req)
	parts := req.Messages[0].Parts
	if parts[0].Signature != "" || parts[1].Signature != signature || parts[2].Signature != "" {
		t.Errorf("signatures: thought %q, first %q, second %q", parts[0].Signature, parts[1].Signature, parts[2].Signature)
	}
}

func TestSealerBindsWhatCameBefore(t *testing.T) {
	c := carriers("t", "ai_studio/", "gemini-3.5-flash")
	events := NewSealer(c).Seal(nil, []conversation.Event{
		{Kind: conversation.EventThought, Text: conversation.Quote("let me ")},
		{Kind: conversation.EventThought, Text: conversation.Quote("see")},
		{Kind: conversation.EventSignature, Signature: signature},
		{Kind: conversation.EventCallStart, Name: "Bash", Signature: signature},
		{Kind: conversation.EventCallArgs, Args: conversation.Raw(`{"a":`)},
		{Kind: conversation.EventCallArgs, Args: conversation.Raw(`1}`)},
		{Kind: conversation.EventCallEnd},
		{Kind: conversation.EventCallStart, Name: "Bash"},
		{Kind: conversation.EventCallEnd},
	})
	req := conversation.Request{Messages: []conversation.Message{{Role: conversation.Model, Parts: []conversation.Part{
		{Kind: conversation.KindThought, Text: conversation.Quote("let me see"), Carrier: events[2].Carrier},
		call("Bash", `{"a":1}`, events[3].Carrier),
	}}}}
	if good, seen := c.Verify(&req); good != 2 || seen != 2 {
		t.Errorf("%d of %d verified", good, seen)
	}
	if len(events) != 8 || string(events[4].Args) != `{"a":1}` || events[6].Carrier != "" {
		t.Errorf("events: %+v", events)
	}
}

func TestSealerLetsAnUnfinishedCallGo(t *testing.T) {
	events := NewSealer(carriers("t", "b", "m")).Seal(nil, []conversation.Event{
		{Kind: conversation.EventCallStart, Name: "Bash", Signature: signature},
		{Kind: conversation.EventCallArgs, Args: conversation.Raw(`{"a":`)},
		{Kind: conversation.EventFailure, Err: &conversation.Error{}},
	})
	if len(events) != 3 || events[0].Carrier != "" || events[2].Kind != conversation.EventFailure {
		t.Errorf("events: %+v", events)
	}
}

// A call without arguments is one with none.
func TestCallBindingOfNothing(t *testing.T) {
	none := callBinding("f", nil)
	if none == nil || string(none) != string(callBinding("f", []byte(" { } "))) || string(none) == string(callBinding("g", nil)) {
		t.Errorf("%x", none)
	}
}

func FuzzCarrier(f *testing.F) {
	c := carriers("t", "b", "gemini-3.5-flash")
	f.Add(c.SealCall(signature, "Bash", []byte(`{}`)), "Bash", `{}`)
	f.Add("gs1.a.b.c", "x", `null`)
	f.Fuzz(func(t *testing.T, carrier, name, args string) {
		got := c.signature(forCall, carrier, callBinding(name, []byte(args)))
		if got != "" && c.SealCall(got, name, []byte(args)) != carrier {
			t.Errorf("%q was taken but is not what we seal", carrier)
		}
	})
}

// Arguments of very many members are not brought into their canonical form;
// what only looks like members in texts is none.
func TestManyMembersAreNotBound(t *testing.T) {
	members := func(n int) []byte {
		var b bytes.Buffer
		for i := range n {
			fmt.Fprintf(&b, `,"%d":":"`, i)
		}
		return append(append([]byte(`{`), b.Bytes()[1:]...), '}')
	}
	text := []byte(`{"a":"` + strings.Repeat(`\":,`, maxBoundMembers+1) + `"}`)
	for name, c := range map[string]struct {
		args  []byte
		bound bool
	}{
		"most": {members(maxBoundMembers), true}, "one more": {members(maxBoundMembers + 1), false}, "a text": {text, true},
	} {
		if got := callBinding("t", c.args) != nil; got != c.bound {
			t.Errorf("%s: bound %v, want %v", name, got, c.bound)
		}
	}
}

// What is bound to nothing is not sealed, and nothing opens without a binding:
// neither what is bound to an empty text nor what is too long.
func TestCarriersNeedABinding(t *testing.T) {
	c := carriers("t", "ai_studio/", "gemini-3.5-flash")
	payload := []byte("payload")
	if got := c.seal("k", payload, nil); got != "" {
		t.Errorf("bound to nothing: %q", got)
	}
	if got := c.seal("k", nil, []byte("b")); got != "" {
		t.Errorf("nothing: %q", got)
	}
	sealed := c.seal("k", payload, []byte{})
	if c.open("k", sealed, []byte{}) == nil || c.open("k", sealed, nil) != nil || c.open("l", sealed, []byte{}) != nil {
		t.Error("a binding to an empty text opens with that alone")
	}
	for _, broken := range []string{"", sealed[1:], strings.ReplaceAll(sealed, ".", "-"), sealed[:strings.LastIndexByte(sealed, '.')], sealed + "A", sealed + "."} {
		if c.open("k", broken, []byte{}) != nil {
			t.Errorf("%q opened", broken)
		}
	}
	// Base64 takes 4 for 3: the longest that opens has 1 MiB at most, the next is above.
	room := (1<<20 - len(sealed)) / 4 * 3
	for n := room - 10; n < room+20; n++ {
		long := c.seal("k", bytes.Repeat([]byte("x"), n), []byte("b"))
		if got := c.open("k", long, []byte("b")) != nil; got != (len(long) <= 1<<20) {
			t.Fatalf("a carrier of %d bytes opens: %t", len(long), got)
		}
	}
}
