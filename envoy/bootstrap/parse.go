package bootstrap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
)

// maxFile bounds the file's bytes. Rendered gateway configurations with
// hundreds of routes are below 10 MB.
const maxFile = 32 << 20

// Parse reads a bootstrap as strictly as Envoy does. JSON is YAML too. The
// error names the line and the path of what is wrong.
//
// An extension whose type is not linked in stays as a TypedStruct, which Envoy
// reads as the extension itself; Check reports it as a note.
func Parse(file []byte) (*bootstrapv3.Bootstrap, error) {
	if len(file) > maxFile {
		return nil, fmt.Errorf("parse Envoy configuration: %d bytes, at most %d are read", len(file), maxFile)
	}
	root, err := document(file)
	if err != nil {
		return nil, fmt.Errorf("parse Envoy configuration: %w", err)
	}
	w := &jsonWriter{}
	if err := w.value(root, ""); err != nil {
		return nil, fmt.Errorf("parse Envoy configuration: %w", err)
	}
	b := &bootstrapv3.Bootstrap{}
	if err := protojson.Unmarshal(w.out.Bytes(), b); err != nil {
		return nil, fmt.Errorf("parse Envoy configuration: %w", w.locate(err))
	}
	return b, nil
}

// document returns the only document of a file.
func document(file []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(file))
	var doc, second yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty")
		}
		return nil, err
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, fmt.Errorf("line %d: a second document; Envoy would not read it", second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("not a mapping: want admin, static_resources and so on")
	}
	return doc.Content[0], nil
}

// position is how protojson says where: the line of the JSON that it read.
var position = regexp.MustCompile(`\(line (\d+):\d+\): (.*)$`)

// locate turns the JSON position of an error into a place of the file.
func (w *jsonWriter) locate(err error) error {
	m := position.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	line, convErr := strconv.Atoi(m[1])
	if convErr != nil || line < 1 || line > len(w.origins) {
		return err
	}
	at := w.origins[line-1]
	return fmt.Errorf("line %d: %s: %s", at.line, at.path, m[2])
}
