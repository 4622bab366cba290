package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// profileLimit bounds default.pgo in bytes: it is in every clone for good.
const profileLimit = 256 << 10

// The compiler takes default.pgo for what it finds there, also for nothing: an
// empty file, or one of another program, would slow heald down in silence. It
// must not reveal anything about a machine.
func TestProfileOfBuilds(t *testing.T) {
	data, err := os.ReadFile("default.pgo")
	if err != nil {
		t.Fatalf("%v; make pgo makes it", err)
	}
	if len(data) > profileLimit {
		t.Errorf("%d bytes, at most %d are wanted", len(data), profileLimit)
	}
	names := profileStrings(t, data)
	// One of each part of a request's way. Methods that are gone or renamed mean
	// that it is time for `make pgo`.
	for _, name := range []string{
		"github.com/heald-proxy/heald/extproc.(*stream).run",
		"github.com/heald-proxy/heald/policies/exchange.(*attempt).RequestBody",
		"github.com/heald-proxy/heald/policies/exchange.(*attempt).ResponseBody",
		"github.com/heald-proxy/heald/policies/gemini.Render",
		"google.golang.org/grpc.(*Server).handleStream",
	} {
		if !slices.Contains(names, name) {
			t.Errorf("the profile lacks %s; make pgo makes it anew", name)
		}
	}
	for _, name := range names {
		if strings.HasPrefix(name, "/") {
			t.Errorf("the profile names a path: %s", name)
		}
	}
}

// profileStrings are the texts of a profile in pprof's format.
func profileStrings(t *testing.T, data []byte) (list []string) {
	t.Helper()
	const stringTable = 6 // the field's number in profile.proto
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	wire, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	for len(wire) > 0 {
		number, kind, n := protowire.ConsumeTag(wire)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		wire = wire[n:]
		if number == stringTable {
			text, _ := protowire.ConsumeString(wire)
			list = append(list, text)
		}
		if n = protowire.ConsumeFieldValue(number, kind, wire); n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		wire = wire[n:]
	}
	return list
}
