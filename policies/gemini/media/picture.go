package media

import (
	"bytes"
	"image"
	gifs "image/gif"
	jpegs "image/jpeg"
	pngs "image/png"
	"slices"

	bmps "golang.org/x/image/bmp"
	tiffs "golang.org/x/image/tiff"

	"github.com/heald-proxy/heald/policies/conversation"
)

// format reads a picture of one type.
type format struct {
	config func(*bytes.Reader) (image.Config, error)
	read   func(*bytes.Reader) (image.Image, error)
}

// formats are those that are converted to PNG, and those that can be checked.
var formats = map[string]format{
	gif:  {func(r *bytes.Reader) (image.Config, error) { return gifs.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return gifs.Decode(r) }},
	bmp:  {func(r *bytes.Reader) (image.Config, error) { return bmps.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return bmps.Decode(r) }},
	tiff: {func(r *bytes.Reader) (image.Config, error) { return tiffs.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return tiffs.Decode(r) }},
	png:  {func(r *bytes.Reader) (image.Config, error) { return pngs.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return pngs.Decode(r) }},
	jpeg: {func(r *bytes.Reader) (image.Config, error) { return jpegs.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return jpegs.Decode(r) }},
}

// starts are how base64 of the pictures begins that are converted: GIF8, BM,
// II*, and MM.
var starts = []string{"R0lGOD", "Qk", "SUkqA", "TU0AK"}

// convertible reports whether base64 begins like a picture that is converted.
// It only decides which files are examined first.
func convertible(data conversation.Text) bool {
	inner := data.Inner()
	if isDataURL(inner) {
		_, inner, _ = bytes.Cut(inner[:min(len(inner), maxHead)], []byte(","))
	}
	return slices.ContainsFunc(starts, func(start string) bool { return bytes.HasPrefix(inner, []byte(start)) })
}

// HasConvertible reports whether there may be a picture that is converted in a
// body.
func HasConvertible(body []byte) bool {
	return slices.ContainsFunc(starts, func(start string) bool {
		return bytes.Contains(body, []byte(`"`+start)) || bytes.Contains(body, []byte(","+start))
	})
}

// toPNG converts a picture, or the first frame of a GIF. why is the warning for
// the client, or the reason if the result is nil.
func (c *Converter) toPNG(mime string, data conversation.Text) (out conversation.Text, why string) {
	if size(data) > maxConverted {
		return nil, tooLarge
	}
	if !c.acquire() {
		return nil, gone
	}
	defer release()
	defer func() {
		if recover() != nil { // a decoder may panic on unexpected data
			out, why = nil, brokenPicture
		}
	}()
	file := decode(data, 0)
	img, why := c.converted.picture(mime, file)
	if why != "" {
		return nil, why
	}
	buf := limited{most: c.converted.output(len(file))}
	encoder := pngs.Encoder{CompressionLevel: pngs.BestSpeed}
	if bounds := img.Bounds(); bounds.Dx()*bounds.Dy() <= minPixels {
		encoder.BufferPool = &spare
	}
	if encoder.Encode(&buf, img) != nil {
		return nil, tooMany
	}
	c.converted.written += buf.Len()
	if mime == gif && frames(file) > 1 {
		why = "an animated GIF; its first picture was sent"
	}
	return encode(buf.Bytes()), why
}

// readable reports whether a file can be decoded; true if that is unknown.
func (c *Converter) readable(mime string, data conversation.Text) (ok bool) {
	if size(data) > maxConverted || !c.acquire() {
		return true // unknown
	}
	defer release()
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	file := decode(data, 0)
	if mime == pdf {
		return bytes.Contains(file, []byte("/Page")) || bytes.Contains(file, []byte("/ObjStm"))
	}
	_, why := c.checked.picture(mime, file)
	return why != brokenPicture
}

// frames counts the pictures in a GIF, up to two, by its blocks.
func frames(file []byte) int {
	if len(file) < 13 {
		return 0
	}
	colors := func(at int, flags byte) int {
		if flags&0x80 == 0 {
			return at
		}
		return at + 3<<(flags&7+1)
	}
	n, at := 0, colors(13, file[10])
	for at < len(file) && n < 2 {
		switch file[at] {
		case 0x21: // an extension
			at += 2
		case 0x2c: // a picture
			if at+10 > len(file) {
				return n
			}
			n, at = n+1, colors(at+10, file[at+9])+1
		default:
			return n
		}
		for at < len(file) && file[at] != 0 { // its data
			at += int(file[at]) + 1
		}
		at++
	}
	return n
}
