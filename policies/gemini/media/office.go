package media

import (
	"bytes"
	"encoding/binary"

	"github.com/heald-proxy/heald/policies/conversation"
)

// offices are the types of Office files, with what people call them and their
// file extensions. They are never unpacked, since archives are not to be
// trusted.
var offices = map[string]struct{ noun, ext string }{
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   {"a Word document", ".docx"},
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         {"an Excel workbook", ".xlsx"},
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": {"a PowerPoint presentation", ".pptx"},
	"application/vnd.ms-word.document.macroenabled.12":                          {"a Word document", ".docm"},
	"application/vnd.ms-excel.sheet.macroenabled.12":                            {"an Excel workbook", ".xlsm"},
	"application/vnd.ms-powerpoint.presentation.macroenabled.12":                {"a PowerPoint presentation", ".pptm"},
	"application/msword":                              {"a Word document", ".doc"},
	"application/vnd.ms-excel":                        {"an Excel workbook", ".xls"},
	"application/vnd.ms-powerpoint":                   {"a PowerPoint presentation", ".ppt"},
	"application/vnd.oasis.opendocument.text":         {"an OpenDocument text", ".odt"},
	"application/vnd.oasis.opendocument.spreadsheet":  {"an OpenDocument spreadsheet", ".ods"},
	"application/vnd.oasis.opendocument.presentation": {"an OpenDocument presentation", ".odp"},
	ole:   {"an Office document", ""},
	ooxml: {"an Office document", ""},
}

const (
	ole = "application/x-ole-storage" // of Office before 2007
	// ooxml is any later Office file that the first bytes do not identify.
	ooxml = "application/vnd.openxmlformats-officedocument"
)

func isOffice(mime string) bool { return offices[mime].noun != "" }

// noun describes a type to the client.
func noun(mime string) string {
	switch {
	case isOffice(mime):
		return offices[mime].noun
	case mime == "":
		return "file"
	}
	return clip(mime)
}

// unreadable says why the model cannot read files of a type, and what to do.
func unreadable(mime string) string {
	if isOffice(mime) {
		return "the model cannot read Office files; send it as PDF or as text"
	}
	return "the model cannot read files of this type; send text, PDF or PNG"
}

// archived is the type of a file that is a zip: by its first entry, which
// names the kind of Office file.
func archived(head []byte) string {
	const fixed = 30 // bytes before the name
	if len(head) < fixed {
		return zipped
	}
	name, content, ok := cut(head[fixed:], int(binary.LittleEndian.Uint16(head[26:])))
	if !ok {
		return zipped
	}
	for start, mime := range map[string]string{
		"word/":               "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"xl/":                 "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"ppt/":                "application/vnd.openxmlformats-officedocument.presentationml.presentation",
		"[Content_Types].xml": ooxml, "_rels/": ooxml, "docProps/": ooxml,
	} {
		if bytes.HasPrefix(name, []byte(start)) {
			return mime
		}
	}
	if stored := binary.LittleEndian.Uint16(head[8:]) == 0; stored && string(name) == "mimetype" {
		_, content, _ = cut(content, int(binary.LittleEndian.Uint16(head[28:]))) // the extra field
		mime, _, _ := cut(content, int(min(binary.LittleEndian.Uint32(head[18:]), headLength)))
		if told := Canonical(string(mime)); conversation.ValidMIME(told) {
			return told
		}
	}
	return zipped
}

// cut splits b behind n bytes; ok is false if it is shorter.
func cut(b []byte, n int) (before, after []byte, ok bool) {
	if n > len(b) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}
