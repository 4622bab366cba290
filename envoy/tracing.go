package envoy

import (
	"bytes"
	"regexp"
)

// A part of envoy.yaml that is switched off begins with a # right before its first
// word; in its further lines two spaces or more follow the #. The remarks have one.
var (
	commented = regexp.MustCompile(`^ *#[a-z-]`)
	further   = regexp.MustCompile(`^ *#(  |- )`)
)

// Traced is envoy.yaml with its parts about traces switched on. To do the same by
// hand, remove each #.
func Traced() []byte {
	var out bytes.Buffer
	on := false
	for line := range bytes.Lines(Config) {
		if on = commented.Match(line) || on && further.Match(line); on {
			indent := bytes.IndexByte(line, '#')
			line = append(line[:indent:indent], line[indent+1:]...)
		}
		out.Write(line)
	}
	return out.Bytes()
}
