package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/policies/setting"
)

// Parse decodes heald.yaml without defaults. The error lists every value that
// cannot be read, and every unknown key.
func Parse(data []byte) (*Config, error) {
	c := &Config{}
	if err := decode(data, "heald.yaml", "", c); err != nil {
		return nil, err
	}
	return c, nil
}

// decode reads a file of one YAML document into the value that into points to.
// name is the file's; errors put path before the paths of its settings.
func decode(data []byte, name, path string, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return syntaxProblem(err, name)
	}
	if err := dec.Decode(&more); err == nil {
		return &setting.Problem{Path: fmt.Sprintf("line %d of %s", more.Line, name), Found: "there is a second YAML document", Fix: "put everything into one"}
	} else if !errors.Is(err, io.EOF) {
		return syntaxProblem(err, name)
	}
	var s shape
	if root := doc.Content[0]; root.Tag != "!!null" {
		s.check(root, reflect.TypeOf(into).Elem(), path, "")
	}
	if err := errors.Join(s.problems...); err != nil {
		return err
	}
	if err := doc.Decode(into); err != nil {
		return syntaxProblem(err, name)
	}
	return nil
}
