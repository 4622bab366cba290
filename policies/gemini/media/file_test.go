package media

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	gifs "image/gif"
	jpegs "image/jpeg"
	pngs "image/png"
	"strings"
	"testing"

	bmps "golang.org/x/image/bmp"
	tiffs "golang.org/x/image/tiff"

	"github.com/heald-proxy/heald/policies/conversation"
)

// literal is a file as clients send it.
func literal(file string) conversation.Text {
	return conversation.Quote(base64.StdEncoding.EncodeToString([]byte(file)))
}

// drawn is a small picture as a file.
func drawn(t testing.TB, kind string, frames int) string {
	t.Helper()
	img := image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{color.White, color.Black})
	img.SetColorIndex(1, 1, 1)
	var buf bytes.Buffer
	var err error
	switch kind {
	case png:
		err = pngs.Encode(&buf, img)
	case jpeg:
		err = jpegs.Encode(&buf, img, nil)
	case bmp:
		err = bmps.Encode(&buf, img)
	case tiff:
		err = tiffs.Encode(&buf, img, nil)
	case gif:
		all := &gifs.GIF{}
		for range frames {
			all.Image, all.Delay = append(all.Image, img), append(all.Delay, 1)
		}
		err = gifs.EncodeAll(&buf, all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// packed is a zip file of these entries, name and content in turn.
func packed(t testing.TB, entries ...string) string {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for i := 0; i < len(entries); i += 2 {
		f, err := w.Create(entries[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(entries[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

const (
	docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	pptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	odt  = "application/vnd.oasis.opendocument.text"
)

// Only the type changes, and the data stay the bytes that the client sent.
func TestTypes(t *testing.T) {
	const pdfFile, ftyp = "%PDF-1.7\n", "\x00\x00\x00\x18ftyp"
	for _, c := range []struct{ name, declared, file, content, want string }{
		{"as declared", "image/png", "", drawn(t, png, 0), "image/png"},
		{"nothing known of the bytes", "image/png", "", "hi", "image/png"},
		{"upper case and parameters", "IMAGE/PNG; q=1", "", drawn(t, png, 0), "image/png"},
		{"image/jpg", "image/jpg", "", drawn(t, jpeg, 0), "image/jpeg"},
		{"an extension", "jpg", "", drawn(t, jpeg, 0), "image/jpeg"},
		{"a JPEG declared as PNG", "image/png", "", drawn(t, jpeg, 0), "image/jpeg"},
		{"a WebP declared as JPEG", "image/jpeg", "", "RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"},
		{"a PDF declared as PNG", "image/png", "", pdfFile, "application/pdf"},
		{"a picture declared as PDF", "application/pdf", "", drawn(t, png, 0), "image/png"},
		{"HEIF and HEIC are one", "image/heif", "", ftyp + "heic", "image/heif"},
		{"HTML declared as a picture", "image/png", "", "<!DOCTYPE html><p>404", "text/html"},
		{"octet-stream by name", "application/octet-stream", "a.csv", "a,b", "text/csv"},
		{"octet-stream by bytes", "application/octet-stream", "", drawn(t, png, 0), "image/png"},
		{"octet-stream by bytes, not by name", "application/octet-stream", "a.png", drawn(t, jpeg, 0), "image/jpeg"},
		{"octet-stream of text", "application/octet-stream", "", "naïve\n", "text/plain"},
		{"no type", "", "", pdfFile, "application/pdf"},
		{"no type, text", "", "", "x", "text/plain"},
		{"no type, name", "", "main.go", "package main", "text/plain"},
		{"JSON", "application/json", "", "{}", "text/plain"},
		{"JSON of an API", "application/vnd.api+json", "", "{}", "text/plain"},
		{"YAML", "application/x-yaml", "", "a: 1", "text/plain"},
		{"XML", "application/xml", "", "<a/>", "text/xml"},
		{"Markdown", "text/x-markdown", "", "# a", "text/markdown"},
		{"CSV of Windows without a name", "application/vnd.ms-excel", "", "a;b", "text/plain"},
		{"HTML that is called a workbook", "application/vnd.ms-excel", "a.xls", "<html><table>", "text/html"},
		{"CSV of Windows", "application/vnd.ms-excel", "a.csv", "a;b", "text/csv"},
		{"Python", "text/x-python-script", "", "x = 1", "text/plain"},
		{"RTF", "application/rtf", "", `{\rtf1}`, "text/plain"},
		{"wav", "audio/x-wav", "", "RIFF\x00\x00\x00\x00WAVE", "audio/wav"},
		{"MP3 declared as wav", "audio/wav", "", "ID3\x03", "audio/mp3"},
		{"mpeg is MP3", "audio/mpeg", "", "ID3\x03", "audio/mpeg"},
		{"m4a", "audio/x-m4a", "", ftyp + "M4A ", "audio/m4a"},
		{"sound in a container of video", "audio/mp4", "", ftyp + "isom", "audio/mp4"},
		{"raw sound keeps its rate", "audio/L16;rate=24000", "", "\x00\x01", "audio/L16;rate=24000"},
		{"MOV", "video/quicktime", "", ftyp + "qt  ", "video/mov"},
		{"AVI", "video/x-msvideo", "", "RIFF\x00\x00\x00\x00AVI ", "video/avi"},
		{"video by name", "application/octet-stream", "a.mp4", ftyp + "mp42", "video/mp4"},
		{"text about ID3", "text/plain", "id3.txt", "ID3 tags are the metadata of MP3 files.", "text/plain"},
		{"text about GIF", "", "", "GIF89a and GIF87a are the two versions of GIF.", "text/plain"},
		{"text about FLAC", "application/octet-stream", "", "fLaC is how it starts", "text/plain"},
		{"text about Ogg by name", "application/octet-stream", "ogg.md", "OggS is how a page starts", "text/markdown"},
		{"text about MP4", "text/markdown", "notes.md", "The ftyp box comes first in an MP4.", "text/markdown"},
		{"text about MP4 of no type", "", "", "The ftyp box comes first in an MP4.", "text/plain"},
		{"text about WAV", "text/plain", "", "RIFF and WAVE", "text/plain"},
		{"text about PDF", "text/markdown", "g.md", "%PDF-1.7 is the first line of a PDF", "text/markdown"},
		{"text about PDF of no type", "", "", "%PDF-1.7 is the first line of a PDF", "text/plain"},
		{"text that begins like a PDF", "text/plain", "", "%PDF-1.7\nis the first line of a PDF", "text/plain"},
		{"a PDF declared as text", "text/plain", "", "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"},
		{"a PNG declared as text", "text/plain", "a.txt", drawn(t, png, 0), "image/png"},
		{"sound by bytes", "", "", "ID3\x04\x00", "audio/mp3"},
		{"FLAC by bytes", "", "", "fLaC\x00\x00\x00\x22", "audio/flac"},
		{"AIFF by bytes", "", "", "FORM\x00\x00\x00\x00AIFF", "audio/aiff"},
		{"AAC by bytes", "", "", "\xff\xf1\x50\x80", "audio/aac"},
		{"video by bytes", "application/octet-stream", "", ftyp + "mp42", "video/mp4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var conv Converter
			data := literal(c.content)
			got := conv.Settle(File{MIME: c.declared, Name: c.file, Data: data})
			if got.MIME != c.want || &got.Data[0] != &data[0] || got.Text != "" {
				t.Errorf("got %+v, want %s and the same data", got, c.want)
			}
			if got.Same != (c.declared == c.want) {
				t.Errorf("same: %v", got.Same)
			}
			declared := Canonical(c.declared)
			wrong := (Supported(declared) || isOffice(declared) && c.want == "text/html") && declared != c.want
			if told := got.Why != ""; told != wrong {
				t.Errorf("told %q", got.Why)
			}
		})
	}
}

// Files that Gemini does not take are converted.
func TestConversions(t *testing.T) {
	const svgText = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`
	const office = "the model cannot read Office files; send it as PDF or as text"
	word := packed(t, "word/document.xml", "<w:document/>")
	old := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00"
	for _, c := range []struct{ name, declared, file, content, want, told string }{
		{"GIF", gif, "", drawn(t, gif, 1), png, ""},
		{"GIF declared as PNG", png, "", drawn(t, gif, 1), png, "declared as image/png, but it is image/gif"},
		{"animated GIF", gif, "", drawn(t, gif, 2), png, "an animated GIF; its first picture was sent"},
		{"BMP", "image/x-ms-bmp", "", drawn(t, bmp, 0), png, ""},
		{"BMP of unknown type", "application/octet-stream", "", drawn(t, bmp, 0), png, ""},
		{"TIFF", "image/tif", "", drawn(t, tiff, 0), png, ""},
		{"SVG", "image/svg+xml", "logo.svg", svgText, `[image/svg+xml "logo.svg"]` + "\n" + svgText, "SVG was sent as its text"},
		{"SVG declared as PNG", png, "", svgText, "[image/svg+xml]\n" + svgText, "SVG was sent as its text"},
		{"UTF-16", "text/csv", "", "\xff\xfea\x00,\x00\xe9\x00", "text/csv", ""},
		{"Word", docx, "a.docx", "PK\x03\x04", `[a Word document "a.docx", 4 bytes: left out, ` + office + "]", "a Word document was replaced by a line of text: " + office},
		{"Word by name", "application/octet-stream", "a.docx", packed(t, "x", "y"), `[a Word document "a.docx", 123 bytes: left out, ` + office + "]", ""},
		{"Word by its first entry", "", "", word, "[a Word document, 167 bytes: left out, " + office + "]", ""},
		{"Word declared as PDF", pdf, "", word, "[a Word document, 167 bytes: left out, " + office + "]", ""},
		{"Word declared as text", plain, "a.txt", word, `[a Word document "a.txt"` + ", 167 bytes: left out, " + office + "]", ""},
		{"Excel by its first entry", zipped, "", packed(t, "xl/workbook.xml", ""), "[an Excel workbook, 149 bytes: left out, " + office + "]", ""},
		{"PowerPoint", pptx, "", word, "[a PowerPoint presentation, 167 bytes: left out, " + office + "]", ""},
		{"Office of some kind", "", "", packed(t, "[Content_Types].xml", "<x/>"), "[an Office document, 162 bytes: left out, " + office + "]", ""},
		{"OpenDocument by its first entry", "", "", "PK\x03\x04" + strings.Repeat("\x00", 14) + "\x27\x00\x00\x00" + "\x27\x00\x00\x00\x08\x00\x00\x00mimetype" + odt, "[an OpenDocument text, 77 bytes: left out, " + office + "]", ""},
		{"a zip that is cut off", "", "", "PK\x03\x04\x00", "[application/zip, 5 bytes: left out, the model cannot read files of this type; send text, PDF or PNG]", ""},
		{"old Excel", "application/vnd.ms-excel", "", old, "[an Excel workbook, 9 bytes: left out, " + office + "]", ""},
		{"zip", "application/zip", "a.zip", packed(t, "x", "y"), `[application/zip "a.zip", 123 bytes: left out, the model cannot read files of this type; send text, PDF or PNG]`, ""},
		{"old Word", "application/msword", "a\nb.doc", old, `[a Word document "a b.doc", 9 bytes: left out, ` + office + "]", ""},
		{"unknown", "application/octet-stream", "", "\x00\x01", "[application/octet-stream, 2 bytes: left out, the model cannot read files of this type; send text, PDF or PNG]", ""},
		{"broken GIF", gif, "", "GIF89a\x01\x00\x01\x00\x00\x00\x00,", "[image/gif, 14 bytes: left out, the picture is broken]", ""},
		{"GIF with too many pixels", gif, "", "GIF89a\xff\xff\xff\xff\x00\x00\x00,", "[image/gif, 14 bytes: left out, the picture has too many pixels to be converted]", ""},
		{"packed SVG", svg, "", "\x1f\x8b\x08\x00", "[application/gzip, 4 bytes: left out, the model cannot read files of this type; send text, PDF or PNG]", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var conv Converter
			got := conv.Settle(File{MIME: c.declared, Name: c.file, Data: literal(c.content)})
			if strings.HasPrefix(c.want, "[") {
				if got.Text != c.want || got.Data != nil {
					t.Errorf("got  %q\nwant %q", got.Text, c.want)
				}
				if c.told == "" && got.Why == "" {
					t.Error("not told")
				}
			} else if file := decode(got.Data, 0); got.MIME != c.want || c.want == png && sniff(file) != png || c.want != png && string(file) != "a,é" {
				t.Errorf("got %s %q, want %s", got.MIME, file, c.want)
			}
			if c.told != "" && got.Why != c.told {
				t.Errorf("told %q, want %q", got.Why, c.told)
			}
		})
	}
}

// Base64 becomes what every service takes.
func TestBase64(t *testing.T) {
	for _, c := range []struct{ name, in, want, mime string }{
		{"clean", `"iVBORw0KGgo="`, `"iVBORw0KGgo="`, png},
		{"a data: prefix", `"data:image/png;base64,iVBORw0KGgo="`, `"iVBORw0KGgo="`, png},
		{"a prefix without base64", `"data:image/png,iVBORw0KGgo="`, `"iVBORw0KGgo="`, png},
		{"base64 is not the last parameter", `"data:image/png;base64;x=1,iVBORw0KGgo="`, `"iVBORw0KGgo="`, png},
		{"a prefix without base64, of bytes in escapes", `"data:image/png,%89PNG%0D%0A%1A%0A"`, `"iVBORw0KGgo="`, png},
		{"an escaped prefix", `"data:image\/png;base64,iVBO\nRw0KGgo="`, `"iVBORw0KGgo="`, png},
		{"a prefix of text", `"data:text/csv,a%2Cb"`, `"YSxi"`, "text/csv"},
		{"line breaks", `"iVBO\r\nRw0K\nGgo="`, `"iVBORw0KGgo="`, png},
		{"spaces", `" iVBO Rw0K Ggo= "`, `"iVBORw0KGgo="`, png},
		{"escaped slash", `"\/9j\/"`, `"/9j/"`, jpeg},
		{"the other alphabet", `"_9j_"`, `"_9j_"`, jpeg},
		{"both alphabets", `"/9j_"`, `"/9j/"`, jpeg},
		{"no padding", `"iVBORw0KGgo"`, `"iVBORw0KGgo"`, png},
		{"no padding and a space", `"iVBORw0KGgo "`, `"iVBORw0KGgo="`, png},
		{"too much padding", `"iVBORw0KGgo=="`, `"iVBORw0KGgo="`, png},
		{"percent escapes", `"%2F9j%2F"`, `"/9j/"`, jpeg},
	} {
		t.Run(c.name, func(t *testing.T) {
			var conv Converter
			got := conv.Settle(File{Data: conversation.Text(c.in)})
			if string(got.Data) != c.want || got.MIME != c.mime {
				t.Errorf("got %s %s %q, want %s %s", got.MIME, got.Data, got.Text, c.mime, c.want)
			}
		})
	}
	for name, in := range map[string]string{"no base64": `"{}"`, "padding within": `"AA==AA=="`, "one character too many": `"AAAAA"`, "a prefix without comma": `"data:image/png;base64"`} {
		var conv Converter
		got := conv.Settle(File{MIME: png, Data: conversation.Text(in)})
		if got.Data != nil || got.Text != "[image/png: left out, its base64 cannot be decoded]" || got.Why == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, in := range []string{`""`, `"data:image/png;base64,"`, `" \n"`} {
		var conv Converter
		if got := conv.Settle(File{MIME: png, Data: conversation.Text(in)}); got.Data != nil || got.Text != "" || got.Why == "" {
			t.Errorf("%s: %+v", in, got)
		}
	}
}

// After a refusal, what is broken or odd gives way, or else the history.
func TestOmit(t *testing.T) {
	for _, c := range []struct {
		name, mime, content string
		answer              bool
		odd                 string // "" if it stays
	}{
		{"a sound picture", png, drawn(t, png, 0), false, ""},
		{"a sound photo", jpeg, drawn(t, jpeg, 0), false, ""},
		{"a picture that is cut off", png, drawn(t, png, 0)[:30], false, png},
		{"no picture", png, "hi", false, png},
		{"a PDF", pdf, "%PDF-1.7\n/Type /Page", false, ""},
		{"a PDF without pages", pdf, "%PDF-1.7\n", false, pdf},
		{"text", plain, "hi", false, ""},
		{"other text", "text/csv", "a,b", false, plain},
		{"odd sound", "audio/flac", "fLaC", false, "audio/flac"},
		{"sound", "audio/wav", "RIFF\x00\x00\x00\x00WAVE", false, ""},
		{"sound in a result", "audio/wav", "RIFF\x00\x00\x00\x00WAVE", true, "audio/wav"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conv := Converter{Omit: Odd}
			got := conv.Settle(File{MIME: c.mime, Data: literal(c.content), Answer: c.answer, Last: true})
			switch {
			case c.odd == "":
				if !got.Same || conv.Omitted != 0 {
					t.Errorf("%+v", got)
				}
			case c.odd == plain && got.MIME == plain && got.Data != nil:
			case !strings.HasPrefix(got.Text, "["+c.odd) || conv.Omitted != 1 || got.Why == "":
				t.Errorf("%+v", got)
			}
			for _, last := range []bool{false, true} {
				conv := Converter{Omit: History}
				got := conv.Settle(File{MIME: png, Data: literal(drawn(t, png, 0)), Last: last})
				if got.Same != last || (conv.Omitted == 0) != last {
					t.Errorf("last %v: %+v", last, got)
				}
			}
		})
	}
}

// Whatever comes, what goes is base64 of a type that Gemini takes, or text.
func FuzzSettle(f *testing.F) {
	for _, kind := range []string{png, jpeg, gif, bmp, tiff} {
		f.Add(kind, "a.x", base64.StdEncoding.EncodeToString([]byte(drawn(f, kind, 2))), uint8(0))
	}
	f.Add("", "", "data:;base64,UEsDBA==", uint8(1))
	f.Add("", "a.docx", base64.StdEncoding.EncodeToString([]byte(packed(f, "word/document.xml", "x"))), uint8(0))
	f.Add(gif, "", base64.StdEncoding.EncodeToString([]byte(blank(f, 300, 400))), uint8(0))
	f.Fuzz(func(t *testing.T, mime, name, data string, omit uint8) {
		conv := Converter{Omit: Omit(omit % 3)}
		file := File{MIME: mime, Name: name, Data: conversation.Quote(data)}
		conv.Ahead(file)
		got := conv.Settle(file)
		if n, most := len(got.Data)+len(got.Text), longest(len(file.Data)); n > most {
			t.Errorf("%d bytes became %d; %d are allowed", len(file.Data), n, most)
		}
		switch {
		case got.Data == nil:
			if got.Why == "" {
				t.Error("something went without a word")
			}
		case !Supported(got.MIME) || got.Text != "":
			t.Errorf("%q %q", got.MIME, got.Text)
		default:
			encoding := base64.RawStdEncoding
			if strings.ContainsAny(got.Data.String(), "-_") {
				encoding = base64.RawURLEncoding
			}
			if _, err := encoding.DecodeString(strings.TrimRight(got.Data.String(), "=")); err != nil {
				t.Error(err)
			}
		}
	})
}

func BenchmarkSettle(b *testing.B) {
	data := literal(drawn(b, png, 0) + strings.Repeat("x", 1<<20))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var conv Converter
		if !conv.Settle(File{MIME: png, Data: data}).Same {
			b.Fatal("changed")
		}
	}
}
