package media

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Limits on what is read of an Office file, in bytes once it is unpacked: a
// file of some kilobytes can hold gigabytes.
const (
	maxUnpacked = 16 << 20
	maxText     = 512 << 10
	maxEntries  = 2000
)

// textEnd ends a text that was cut off.
const textEnd = "\n[the rest of the file was left out]"

// office takes the text out of a file of Word, Excel, PowerPoint or their kin
// of OpenDocument. ok is false for any other file, and for one without text.
func office(file []byte) (text string, ok bool) {
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil || len(r.File) > maxEntries {
		return "", false
	}
	d := document{left: maxUnpacked, entries: map[string]*zip.File{}}
	for _, f := range r.File {
		d.entries[f.Name] = f
	}
	switch {
	case d.entries["word/document.xml"] != nil:
		for _, name := range []string{"word/document.xml", "word/footnotes.xml", "word/endnotes.xml", "word/comments.xml"} {
			d.read(name)
		}
	case d.entries["xl/workbook.xml"] != nil:
		d.read("xl/sharedStrings.xml")
		d.takeStrings()
		for i, name := range d.numbered("xl/worksheets/sheet") {
			d.line("[sheet " + strconv.Itoa(i+1) + "]")
			d.read(name)
		}
	case d.entries["ppt/presentation.xml"] != nil:
		for i, name := range d.numbered("ppt/slides/slide") {
			d.line("[slide " + strconv.Itoa(i+1) + "]")
			d.read(name)
		}
	case d.entries["content.xml"] != nil && d.entries["mimetype"] != nil:
		d.read("content.xml")
	default:
		return "", false
	}
	text = strings.TrimSpace(d.text.String())
	if len(text) > maxText {
		text, d.cut = strings.ToValidUTF8(text[:maxText], ""), true
	}
	if text == "" {
		return "", false
	}
	if d.cut {
		text += textEnd
	}
	return text, true
}

// document collects the text of an Office file.
type document struct {
	entries map[string]*zip.File
	left    int64 // bytes that may still be unpacked
	text    strings.Builder
	cut     bool // something did not fit or is broken
	shared  []string
}

// numbered are the entries whose names are prefix and a number, in order.
func (d *document) numbered(prefix string) (names []string) {
	number := func(name string) int {
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(name, prefix), path.Ext(name)))
		if err != nil {
			return -1
		}
		return n
	}
	for name := range d.entries {
		if strings.HasPrefix(name, prefix) && number(name) >= 0 {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return number(a) - number(b) })
	return names
}

// line begins a new line with s.
func (d *document) line(s string) {
	if d.text.Len() > 0 && !strings.HasSuffix(d.text.String(), "\n") {
		d.text.WriteByte('\n')
	}
	d.text.WriteString(s + "\n")
}

// takeStrings makes the shared strings of a workbook, each a line so far, those
// that cells name by their number.
func (d *document) takeStrings() {
	d.shared = strings.Split(d.text.String(), "\x00")
	d.text.Reset()
}

// read adds the text of an entry, which may be missing.
func (d *document) read(name string) {
	f := d.entries[name]
	if f == nil {
		return
	}
	in, err := f.Open()
	if err != nil {
		d.cut = true
		return
	}
	defer func() { _ = in.Close() }()
	limited := &io.LimitedReader{R: in, N: d.left}
	dec := xml.NewDecoder(limited)
	dec.Strict = false
	d.cut = !errors.Is(d.walk(dec), io.EOF) || d.cut
	d.left = limited.N
}

// walk reads the elements. Names without their prefix are enough: what they
// mean is the same in all these formats.
func (d *document) walk(dec *xml.Decoder) error {
	var inText int
	var cell, value bool // in a cell of a sheet, and in its value
	shared := false      // the value is the number of a shared string
	for d.text.Len() < maxText {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "t", "h":
				inText++
			case "p":
				if t.Name.Space != "" && strings.Contains(t.Name.Space, "opendocument") {
					inText++
				}
			case "tab":
				d.text.WriteByte('\t')
			case "br", "cr", "line-break":
				d.text.WriteByte('\n')
			case "c":
				cell, shared = true, false
				for _, a := range t.Attr {
					shared = shared || a.Name.Local == "t" && a.Value == "s"
				}
			case "v":
				value = cell
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "t", "h":
				inText = max(0, inText-1)
				if t.Name.Local == "h" {
					d.text.WriteByte('\n')
				}
			case "p":
				if strings.Contains(t.Name.Space, "opendocument") {
					inText = max(0, inText-1)
				}
				d.text.WriteByte('\n')
			case "row", "table-row":
				d.text.WriteByte('\n')
			case "c", "table-cell":
				cell = false
				d.text.WriteByte('\t')
			case "v":
				value = false
			case "si":
				d.text.WriteByte(0)
			}
		case xml.CharData:
			switch {
			case value && shared:
				if n, err := strconv.Atoi(strings.TrimSpace(string(t))); err == nil && n >= 0 && n < len(d.shared) {
					d.text.WriteString(d.shared[n])
				}
			case value || inText > 0:
				d.text.Write(t)
			}
		}
	}
	return io.ErrShortBuffer
}
