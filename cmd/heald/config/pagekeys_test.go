package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/route"
)

// keyTable is the table of some keys of heald.yaml and of all below them.
func keyTable(t *testing.T, keys []string) string {
	t.Helper()
	c := &Config{}
	c.setDefaults()
	p := &pageKeys{t: t, comments: map[string]map[string]string{}, written: map[reflect.Type]string{}}
	p.line("| Key | Type | Default | Meaning |\n|---|---|---|---|\n")
	for _, key := range keys {
		f, ok := fieldOf(reflect.TypeFor[Config](), key)
		if !ok {
			t.Errorf("%s names %q, which is no key", configurationPage, key)
			continue
		}
		p.key(reflect.TypeFor[Config](), f, key, reflect.ValueOf(*c))
	}
	return p.b.String()
}

// pageKeys writes rows of keys.
type pageKeys struct {
	t        *testing.T
	b        strings.Builder
	comments map[string]map[string]string // by folder: by Type.Field
	written  map[reflect.Type]string      // sections whose keys are in the table, by type
}

func (p *pageKeys) line(format string, args ...any) { fmt.Fprintf(&p.b, format, args...) }

// key writes the row of a field of the struct t, and the rows below it. in holds
// the defaults of t, and is not valid where code sets none.
func (p *pageKeys) key(t reflect.Type, f reflect.StructField, path string, in reflect.Value) {
	owner := t
	for _, i := range f.Index[:len(f.Index)-1] { // an inlined struct
		owner = owner.Field(i).Type
	}
	var value reflect.Value
	if in.IsValid() {
		value = in.FieldByIndex(f.Index)
	}
	meaning, stated := p.meaning(owner, f.Name)
	kind := kindOfKey(f)
	if kind == "" {
		p.t.Errorf("%s: a whole number needs the tag unit at its field", path)
	}
	if shown := shownDefault(value); shown != "" {
		if contradicts(value, stated) {
			p.t.Errorf("%s: the comment states the default %s, the code sets %s", path, stated, shown)
		}
		stated = shown
	}
	if stated == "" && f.Type.Kind() == reflect.Bool {
		stated = "`false`"
	}
	if zero := f.Tag.Get("zero"); zero != "" {
		meaning += "; 0: " + zero
	}
	if before := p.written[section(f.Type)]; before != "" {
		p.line("| `%s` | %s | %s | %s; its keys are those of `%s` |\n", path, kind, stated, meaning, before)
		return
	}
	p.line("| `%s` | %s | %s | %s |\n", path, kind, stated, strings.ReplaceAll(meaning, "|", "\\|"))
	p.below(f.Type, path, value)
}

// below writes the rows of what is in a value of type t.
func (p *pageKeys) below(t reflect.Type, path string, in reflect.Value) {
	switch {
	case t == sourceType || t == timeType || t == reflect.TypeFor[Sources]():
	case t.Kind() == reflect.Pointer:
		p.below(t.Elem(), path, reflect.Value{})
	case t.Kind() == reflect.Slice:
		p.below(t.Elem(), path+"[]", reflect.Value{})
	case t == reflect.TypeFor[map[string]route.Settings]():
		p.below(t.Elem(), path+".NAME", reflect.ValueOf(route.DefaultSettings()))
	case t.Kind() == reflect.Map:
		p.below(t.Elem(), path+".NAME", reflect.Value{})
	case t.Kind() == reflect.Struct:
		p.written[t] = path
		for _, f := range reflect.VisibleFields(t) {
			if name := yamlName(f); name != "" {
				p.key(t, f, path+"."+name, in)
			}
		}
	}
}

// section is the struct that a pointer leads to; nil for other types.
func section(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct {
		return t.Elem()
	}
	return nil
}

// kindOfKey is what a value is, with its unit; "" if nothing says the unit.
func kindOfKey(f reflect.StructField) string {
	switch t := f.Type; {
	case t == sourceType:
		return "secret"
	case t == reflect.TypeFor[Sources]():
		return "secret, or a list of them"
	case t == timeType:
		return "time"
	case t == durationType:
		return "duration"
	case t == sizeType:
		return "size"
	case t == priceType || t == reflect.PointerTo(priceType):
		return "price"
	case t == reflect.TypeFor[map[string]route.Chain]():
		return "chains by name"
	case t.Kind() == reflect.Pointer:
		f.Type = t.Elem()
		return kindOfKey(f)
	case t.Kind() == reflect.Slice:
		f.Type = t.Elem()
		if one := kindOfKey(f); one != "" {
			return "list of " + map[string]string{"text": "texts", "section": "sections", "secret": "secrets"}[one]
		}
	case t.Kind() == reflect.Map:
		f.Type = t.Elem()
		one := kindOfKey(f)
		if s, ok := map[string]string{"text": "texts", "section": "sections", "secret": "secrets", "list of sections": "lists of sections", "number": "numbers"}[one]; ok {
			one = s
		}
		return one + " by name"
	case t.Kind() == reflect.Struct:
		return "section"
	case t.Kind() == reflect.Bool:
		return "`true` or `false`"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Float64:
		return "number"
	}
	if unit := f.Tag.Get("unit"); unit == "-" {
		return "number"
	} else if unit != "" {
		return "number of " + unit
	}
	return ""
}

// wholeUnits leaves out what is 0 of a duration.
var wholeUnits = strings.NewReplacer("h0m0s", "h", "m0s", "m")

// contradicts reports whether a comment states another default than code sets,
// where it states one that can be read.
func contradicts(v reflect.Value, stated string) bool {
	switch x := v.Interface().(type) {
	case time.Duration:
		d, err := time.ParseDuration(stated)
		return err == nil && d != x
	case Size:
		size, err := ParseSize(stated)
		return err == nil && size != x
	case int:
		size, err := ParseSize(strings.ReplaceAll(stated, " ", "")) // with or without a unit
		return err == nil && int(size) != x
	}
	return false
}

// shownDefault is a value that code sets; "" for none.
func shownDefault(v reflect.Value) string {
	if !v.IsValid() || v.IsZero() {
		return ""
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return "`" + wholeUnits.Replace(x.String()) + "`"
	case Size:
		for _, u := range []struct {
			name string
			of   Size
		}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
			if x%u.of == 0 {
				return fmt.Sprintf("`%d%s`", x/u.of, u.name)
			}
		}
		return fmt.Sprintf("`%d`", x)
	case []string:
		return "`[" + strings.Join(x, ", ") + "]`"
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Pointer:
		return ""
	}
	return fmt.Sprintf("`%v`", v)
}
