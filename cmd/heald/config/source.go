package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/record/history/sqlite"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Source says where a secret comes from; secrets are never in heald.yaml itself.
type Source struct {
	// Env is the environment variable with the secret.
	Env string `yaml:"env"`
	// File is the path of a file with the secret; a line end at its end is
	// ignored.
	File string `yaml:"file"`
}

// Sources are one source, or a list of them.
type Sources []Source

// UnmarshalYAML takes a mapping or a list of them.
func (s *Sources) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal((*[]Source)(s)) == nil {
		return nil
	}
	*s = make(Sources, 1)
	return unmarshal(&(*s)[0])
}

// What belongs in the place of a source, and how messages describe what is there
// instead.
const (
	sourceForm = "put the credential into a variable or a file, and name that: {env: VARIABLE} or {file: /path}"
	pasted     = "this looks like a credential, not "
	exposed    = "many people and tools read heald.yaml, so a credential in it is no longer secret"
)

// ParseSource reads env:VAR or file:PATH.
func ParseSource(s string) (Source, error) {
	kind, value, _ := strings.Cut(s, ":")
	src := Source{}
	switch {
	case value == "":
	case kind == "env":
		src.Env = value
	case kind == "file":
		src.File = value
	}
	if src == (Source{}) {
		// The text may be a credential pasted by mistake: it is not repeated.
		return src, errors.New("want env:VARIABLE or file:PATH; a credential itself does not belong on a command line")
	}
	if p := src.check(kind); p != nil {
		return Source{}, fmt.Errorf("%s; a credential itself does not belong on a command line", p.Found)
	}
	return src, nil
}

// variableSyntax is that of names of variables as shells take them.
var variableSyntax = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// check distinguishes a name from a pasted credential, which it does not repeat.
func (s Source) check(path string) *setting.Problem {
	p := &setting.Problem{Path: path, Consequence: exposed, Fix: sourceForm}
	switch {
	case s.Env != "" && redact.Secret(s.Env):
		p.Path, p.Found = path+".env", pasted+"the name of a variable"
	case s.Env != "" && !variableSyntax.MatchString(s.Env):
		p.Path, p.Found, p.Consequence = path+".env", "this is no name of a variable", "it is not repeated here, since it may be a credential"
	case s.File != "" && looksPasted(s.File):
		p.Path, p.Found = path+".file", pasted+"the path of a file"
	case strings.ContainsAny(s.File, "\r\n\x00"):
		p.Path, p.Found, p.Consequence = path+".file", "this is no path of a file", "it is not repeated here, since it may be a credential"
	default:
		return nil
	}
	return p
}

// looksPasted distinguishes a credential from a path, which may contain hashes.
func looksPasted(s string) bool { return redact.Known(s) || !pathLike(s) && redact.Secret(s) }

// pastedInto is looksPasted for a value of heald.yaml. The tag `text:"…"` of a
// field says which other values may contain hashes: an "address", such as that
// of a bucket, a "sentence", or the "hash" of a key.
func pastedInto(tag reflect.StructTag, value string) bool {
	schemes := []string{"gs://", "https://", "http://"}
	switch kind := tag.Get("text"); {
	case kind == "hash" && hashSyntax.MatchString(value):
		return false
	case kind == "address" && slices.ContainsFunc(schemes, func(scheme string) bool { return strings.HasPrefix(value, scheme) }),
		kind == "sentence" && strings.Contains(strings.TrimSpace(value), " "):
		return redact.Known(value)
	}
	return looksPasted(value)
}

// pathLike reports whether a text was surely meant as a path, also that of a store.
func pathLike(s string) bool {
	s = strings.TrimPrefix(s, sqlite.Scheme)
	for _, start := range []string{"/", "./", "../", "~/", "unix:///"} {
		if strings.HasPrefix(s, start) {
			return true
		}
	}
	return false
}

// shown is a variable or a path as errors may show it. Names in capitals are
// names; any other word could be a password.
func shown(s string) string {
	if redact.Secret(s) || !pathLike(s) && s != strings.ToUpper(s) && !strings.ContainsAny(s, "/.") {
		return "that is named there"
	}
	return redact.Bound(s, 200)
}

// Read returns the secret. path names the setting in errors.
func (s Source) Read(path string) (string, error) {
	if p := s.check(path); p != nil {
		return "", p
	}
	switch {
	case s.Env != "" && s.File != "":
		return "", &setting.Problem{Path: path, Found: "give env or file, not both", Fix: "leave one of them out"}
	case s.Env != "":
		v := strings.TrimRight(os.Getenv(s.Env), "\r\n")
		if v == "" {
			return "", &setting.Problem{Path: path, Found: "environment variable " + shown(s.Env) + " is empty", Fix: "set it to the credential"}
		}
		return v, nil
	case s.File != "":
		data, err := readFile(s.File)
		if err != nil {
			return "", &setting.Problem{Path: path, Found: "file " + shown(s.File) + " " + fileFault(err), Fix: "name a file that heald may read"}
		}
		v := strings.TrimRight(string(data), "\r\n")
		if v == "" {
			return "", &setting.Problem{Path: path, Found: "file " + shown(s.File) + " is empty", Fix: "write the credential into it"}
		}
		return v, nil
	}
	return "", &setting.Problem{Path: path, Found: "say where the secret is", Fix: sourceForm}
}

// optional is Read, except that no source means no secret.
func (s Source) optional(path string) (string, error) {
	if s == (Source{}) {
		return "", nil
	}
	return s.Read(path)
}
