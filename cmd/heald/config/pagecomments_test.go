package config

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/heald-proxy/heald/test/stack"
)

const module = "github.com/heald-proxy/heald/"

var (
	statedDefault = regexp.MustCompile(`(; d|[.:] D|^D)efault:? (.+?)([.;])( |$)`)
	markedDefault = regexp.MustCompile(`"?([a-z_]+)"? \(default\b`)
	goName        = regexp.MustCompile(`\b[A-Z][A-Za-z]*\b`)
)

// meaning is the comment of a field as the page has it, without the default that
// it states.
func (p *pageKeys) meaning(t reflect.Type, field string) (meaning, stated string) {
	text := p.comment(t, field)
	if text == "" {
		p.t.Errorf("%v.%s has no comment, which the page needs", t, field)
		return "", ""
	}
	if m := markedDefault.FindStringSubmatch(text); m != nil {
		stated = "`" + m[1] + "`"
	}
	if m := statedDefault.FindStringSubmatchIndex(text); m != nil {
		stated = text[m[4]:m[5]]
		end := "." // if the default ended a sentence, the one before continues
		if text[m[6]:m[7]] == ";" {
			end = ";"
		}
		before := strings.TrimRight(text[:m[0]], ".:; ")
		text = strings.TrimSpace(before + end + text[m[9]-(m[9]-m[8]):])
	}
	text = p.inKeys(t, field, text)
	return strings.TrimRight(text, ".;"), p.inKeys(t, "", stated)
}

// inKeys writes the names of fields of t as keys, and leaves "Field is" out.
func (p *pageKeys) inKeys(t reflect.Type, field, text string) string {
	for _, verb := range []string{" is ", " are "} {
		if rest, ok := strings.CutPrefix(text, field+verb); ok {
			text = rest
		}
	}
	first := true
	return goName.ReplaceAllStringFunc(text, func(word string) string {
		begins := first && strings.HasPrefix(text, word)
		first = false
		f, ok := t.FieldByName(word)
		if !ok || yamlName(f) == "" {
			return word
		}
		capitals := strings.IndexFunc(word[1:], unicode.IsUpper) >= 0
		if begins && word == field || capitals && strings.ToUpper(word) != word || word == "GRPC" {
			return "`" + yamlName(f) + "`"
		}
		return word
	})
}

// comment is the comment of a field, in one line.
func (p *pageKeys) comment(t reflect.Type, field string) string {
	dir, ok := strings.CutPrefix(t.PkgPath()+"/", module)
	if !ok {
		p.t.Fatalf("%v is not of this module", t)
	}
	if p.comments[dir] == nil {
		p.comments[dir] = fieldComments(p.t, filepath.Join(stack.Root(), dir))
	}
	return p.comments[dir][t.Name()+"."+field]
}

// fieldComments are the comments of the fields of all structs of a folder.
func fieldComments(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			fields, ok := spec.Type.(*ast.StructType)
			if !ok {
				return false
			}
			for _, f := range fields.Fields.List {
				text := f.Doc.Text() + " " + f.Comment.Text()
				for _, name := range f.Names {
					out[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(text), " ")
				}
			}
			return false
		})
	}
	return out
}
