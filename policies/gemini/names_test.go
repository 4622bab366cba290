package gemini

import (
	"strconv"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestNames(t *testing.T) {
	long := strings.Repeat("x", 70)
	for _, c := range []struct {
		name     string
		declared []string
		history  []string
		want     map[string]string // "" means: valid, unlike all others
	}{
		{"valid stays", []string{"Read", "mcp__a.b-c"}, nil, map[string]string{"Read": "Read", "mcp__a.b-c": "mcp__a.b-c"}},
		{"replaced", []string{"mcp:get file/ä"}, nil, map[string]string{"mcp:get file/ä": "mcp_get_file__"}},
		{"leading digit", []string{"1up", "-a", ".b"}, nil, map[string]string{"1up": "_1up", "-a": "_-a", ".b": "_.b"}},
		{"valid name wins a collision", []string{"a b", "a_b"}, nil, map[string]string{"a_b": "a_b", "a b": ""}},
		{"two invalid collide", []string{"a b", "a:b"}, nil, map[string]string{"a b": "a_b", "a:b": ""}},
		{"too long", []string{long, long + "y"}, nil, map[string]string{long: "", long + "y": ""}},
		{"declared before history", []string{"a b"}, []string{"a_b"}, map[string]string{"a b": "a_b", "a_b": ""}},
		{"history only", nil, []string{"x y"}, map[string]string{"x y": "x_y"}},
		{"empty in history", nil, []string{""}, map[string]string{"": "_"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := &conversation.Request{}
			for _, n := range c.declared {
				req.Tools = append(req.Tools, conversation.Tool{Name: n})
			}
			for _, n := range c.history {
				part := conversation.Part{Kind: conversation.KindCall, Call: &conversation.Call{Name: n}}
				req.Messages = append(req.Messages, conversation.Message{Role: conversation.Model, Parts: []conversation.Part{part}})
			}
			names, seen := newNames(req), map[string]bool{}
			for client, want := range c.want {
				got := names.Rendered(client)
				if want != "" && got != want {
					t.Errorf("%q: got %q, want %q", client, got, want)
				}
				if !validName(got) || seen[got] {
					t.Errorf("%q: %q is not valid or not unique", client, got)
				}
				seen[got] = true
				if back := names.Original(got); back != client {
					t.Errorf("%q: back to %q", client, back)
				}
			}
		})
	}
	if got := newNames(&conversation.Request{}).Original("invented"); got != "invented" {
		t.Errorf("invented name: %q", got)
	}
}

// Names of one beginning and one hash: each next one must not have to try all
// that were given before it.
func TestNamesWithOneHash(t *testing.T) {
	begin := strings.Repeat("x", 70)
	byHash := map[string]string{}
	var pair []string
	for i := 0; pair == nil; i++ {
		name := begin + strconv.Itoa(i)
		h := hashed(begin, name)
		if other, ok := byHash[h]; ok {
			pair = []string{other, name}
		}
		byHash[h] = name
	}
	req := &conversation.Request{Tools: []conversation.Tool{{Name: pair[0]}, {Name: pair[1]}}}
	names := newNames(req)
	if got, want := names.Rendered(pair[0]), hashed(begin, pair[0]); got != want {
		t.Errorf("the first became %q, want %q", got, want)
	}
	second := names.Rendered(pair[1])
	if want := begin[:39] + "_"; !validName(second) || len(second) != maxNameLength || !strings.HasPrefix(second, want) {
		t.Errorf("the second became %q, want %q and 24 digits", second, want)
	}
	if back := names.Original(second); back != pair[1] {
		t.Errorf("the second came back as %q", back)
	}
}

// Every set of names must come out valid, unique and reversible.
func FuzzNames(f *testing.F) {
	f.Add("a b", "a_b", "a:b")
	f.Add(strings.Repeat("é", 80), strings.Repeat("é", 81), "")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		req := &conversation.Request{Tools: []conversation.Tool{{Name: a}, {Name: b}, {Name: c}}}
		names := newNames(req)
		for _, tool := range req.Tools {
			got := names.Rendered(tool.Name)
			if !validName(got) {
				t.Errorf("%q became %q", tool.Name, got)
			}
			if back := names.Original(got); back != tool.Name {
				t.Errorf("%q became %q and came back as %q", tool.Name, got, back)
			}
		}
	})
}

// Models write default_api: before the names of tools, which no client knows.
func TestInventedPrefixes(t *testing.T) {
	call := conversation.Part{Kind: conversation.KindCall, Call: &conversation.Call{Name: "default_api.w"}}
	n := newNames(&conversation.Request{
		Tools: []conversation.Tool{{Name: "w"}, {Name: "my tool!"}, {Name: "x"}, {Name: "default_api.x"}, {Kind: conversation.WebSearch, Name: "web"}},
		// The client has answered such a call before.
		Messages: []conversation.Message{{Role: conversation.Model, Parts: []conversation.Part{call}}},
	})
	for rendered, want := range map[string]string{
		"default_api:w": "w", "default_api.w": "w", "default_api:my_tool_": "my tool!", "default_api.x": "default_api.x",
		"default_api:x": "x", "default_api:other": "default_api:other", "default_api:web": "default_api:web", "default_api:": "default_api:",
	} {
		if got := n.Original(rendered); got != want {
			t.Errorf("%s became %q, want %q", rendered, got, want)
		}
	}
}
