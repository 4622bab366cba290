package main

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestInstructions(t *testing.T) {
	for _, c := range []struct {
		name, src string
		want      []instruction
		fault     string
	}{
		{name: "empty", src: "\n \n# only a comment\n"},
		{name: "two", src: "FROM scratch\nuser 1:1\n", want: []instruction{{1, "FROM", "scratch"}, {2, "USER", "1:1"}}},
		{name: "joined", src: "LABEL a=b \\\n  c=d", want: []instruction{{1, "LABEL", "a=b   c=d"}}},
		{name: "joined in a word", src: "RUN go bu\\\nild", want: []instruction{{1, "RUN", "go build"}}},
		{name: "comment and blank between", src: "LABEL a=b \\\n# why\n\nc=d\nUSER 1", want: []instruction{{1, "LABEL", "a=b c=d"}, {5, "USER", "1"}}},
		{name: "comment ends in a backslash", src: "# path\\\nUSER 1", want: []instruction{{2, "USER", "1"}}},
		{name: "blank after the backslash", src: "USER \\ \n1", want: []instruction{{1, "USER", "1"}}},
		{name: "CRLF", src: "FROM a \\\r\n AS b\r\nUSER 1\r\n", want: []instruction{{1, "FROM", "a  AS b"}, {3, "USER", "1"}}},
		{name: "tab", src: "USER\t1", want: []instruction{{1, "USER", "1"}}},
		{name: "no arguments", src: "USER", want: []instruction{{1, "USER", ""}}},
		{name: "open end", src: "USER 1 \\\n", fault: "ends in a backslash"},
		{name: "escape directive", src: "# escape=`\nUSER 1", fault: "escape directive"},
		{name: "here-document", src: "RUN <<EOF\nUSER 1\nEOF", fault: "here-documents"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := instructions(c.src)
			wantError(t, err, c.fault)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		args  string
		want  []string
		fault string
	}{
		{"", nil, ""},
		{"a=b\t c=d ", []string{"a=b", "c=d"}, ""},
		{`a="b c" d=""`, []string{"a=b c", "d="}, ""},
		{`"" x`, []string{"", "x"}, ""},
		{`a="b`, nil, "not closed"},
		{`a='b'`, nil, "double quotes"},
		{`a=\"b`, nil, "double quotes"},
	} {
		got, err := words(c.args)
		wantError(t, err, c.fault)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.args, got, c.want)
		}
	}
}

func TestExpand(t *testing.T) {
	values := map[string]string{"V": "1", "LONG_NAME": "$V"}
	for _, c := range []struct{ in, want, fault string }{
		{"a", "a", ""},
		{"$V-${V}", "1-1", ""},
		{"${LONG_NAME}", "$V", ""}, // a value is not expanded again
		{"$X", "", "not a build argument"},
		{"${V:-2}", "", "not a build argument"},
		{"$", "", "not a build argument"},
		{"$$V", "", "not a build argument"},
	} {
		got, err := expand(c.in, values)
		wantError(t, err, c.fault)
		if c.fault == "" && got != c.want {
			t.Errorf("%s: got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestFinalStage(t *testing.T) {
	for _, c := range []struct {
		name, src string
		user      string
		fault     string
	}{
		{name: "no FROM", src: "ARG A=1", fault: "there is no FROM"},
		{name: "before FROM", src: "USER 1", fault: "line 1: USER: stands before the first FROM"},
		{name: "last stage counts", src: "FROM scratch AS a\nUSER 1\nVOLUME /x\nFROM a\nUSER 2", user: "2"},
		{name: "last instruction counts", src: "FROM scratch\nUSER 1\nUSER 2", user: "2"},
		{name: "given before default", src: "FROM scratch\nARG GIVEN=1\nUSER $GIVEN", user: "given"},
		{name: "from before the stages", src: "ARG A=1\nFROM scratch\nARG A\nUSER $A", user: "1"},
		{name: "not seen without ARG", src: "ARG A=1\nFROM scratch\nUSER $A", fault: "not a build argument"},
		{name: "not seen from another stage", src: "FROM scratch AS a\nARG A=1\nFROM scratch\nUSER $A", fault: "not a build argument"},
		{name: "pinned by digest", src: "FROM a@sha256:" + strings.Repeat("0", 64) + "\nUSER 1", user: "1"},
		{name: "pinned with a suffix", src: "FROM golang:1.26.8-bookworm\nUSER 1", user: "1"},
		{name: "not pinned", src: "FROM golang:latest", fault: "not pinned"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := finalStage(c.src, map[string]string{"GIVEN": "given"})
			wantError(t, err, c.fault)
			if err == nil && got.config.User != c.user {
				t.Errorf("got user %q, want %q", got.config.User, c.user)
			}
		})
	}
}

// A comment line may stand anywhere, also between joined lines, and means nothing.
func FuzzFinalStage(f *testing.F) {
	f.Add("ARG G=1.2.3\nFROM a:$G AS b\nRUN x\nFROM scratch\nARG V=1\nLABEL x=y \\\n  z=\"1 2\" v=${V}\n\nUSER 1:1\n" +
		"COPY --from=b /a /b\nCMD [\"a\"]\nEXPOSE 1 2/udp\nHEALTHCHECK --interval=1s --retries=1 CMD [\"a\"]")
	f.Add("FROM scratch\nUSER \\ \r\n1\r\n# escape\nENTRYPOINT [\"x\"]")
	f.Fuzz(func(t *testing.T, src string) {
		plain, err := finalStage(src, nil)
		noted, notedErr := finalStage(strings.ReplaceAll(src, "\n", "\n# a comment\n"), nil)
		if (err == nil) != (notedErr == nil) {
			t.Fatalf("got error %v, with comments %v", err, notedErr)
		}
		if !reflect.DeepEqual(plain, noted) {
			t.Fatalf("got %+v, with comments %+v", plain, noted)
		}
	})
}

// What was quoted comes out as it was.
func FuzzWords(f *testing.F) {
	f.Add("a=b", " c d\t")
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.ContainsAny(a+b, "\"'\\") || !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		got, err := words(` "` + a + `" x="` + b + `"`)
		if want := []string{a, "x=" + b}; err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	})
}
