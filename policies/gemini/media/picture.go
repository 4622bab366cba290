package media

import (
	"bytes"
	"image"
	gifs "image/gif"
	jpegs "image/jpeg"
	pngs "image/png"

	bmps "golang.org/x/image/bmp"
	tiffs "golang.org/x/image/tiff"
)

const (
	// maxPixels bounds a picture that is converted. A file of some kilobytes
	// can hold a picture that takes gigabytes.
	maxPixels = 12 << 20
	// allPixels bounds the pictures of a request together.
	allPixels = 2 * maxPixels
)

// format reads a picture of one type.
type format struct {
	config func(*bytes.Reader) (image.Config, error)
	read   func(*bytes.Reader) (image.Image, error)
}

// formats are those that are turned into PNG, and those whose soundness can be
// checked.
var formats = map[string]format{
	gif:  {func(r *bytes.Reader) (image.Config, error) { return gifs.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return gifs.Decode(r) }},
	bmp:  {func(r *bytes.Reader) (image.Config, error) { return bmps.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return bmps.Decode(r) }},
	tiff: {func(r *bytes.Reader) (image.Config, error) { return tiffs.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return tiffs.Decode(r) }},
	png:  {func(r *bytes.Reader) (image.Config, error) { return pngs.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return pngs.Decode(r) }},
	jpeg: {func(r *bytes.Reader) (image.Config, error) { return jpegs.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return jpegs.Decode(r) }},
}

// brokenPicture is what a client is told of a picture that cannot be decoded.
const brokenPicture = "the picture is broken"

// converting bounds the memory of all requests together: one of them has its
// pictures converted at a time.
var converting = make(chan struct{}, 1)

// picture decodes a picture, of a GIF the first frame. why says why it cannot
// be, in words for the client.
func (c *Converter) picture(mime string, file []byte) (img image.Image, why string) {
	defer func() {
		if recover() != nil { // a decoder that does not expect what it reads
			img, why = nil, brokenPicture
		}
	}()
	f := formats[mime]
	config, err := f.config(bytes.NewReader(file))
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return nil, brokenPicture
	}
	pixels := int64(config.Width) * int64(config.Height)
	if pixels > maxPixels || c.pixels+pixels > allPixels {
		return nil, "the picture has too many pixels to be converted"
	}
	c.pixels += pixels
	if img, err = f.read(bytes.NewReader(file)); err != nil {
		return nil, brokenPicture
	}
	return img, ""
}

// toPNG converts a picture.
func (c *Converter) toPNG(mime string, file []byte) (out []byte, why string) {
	converting <- struct{}{}
	defer func() { <-converting }()
	img, why := c.picture(mime, file)
	if why != "" {
		return nil, why
	}
	var buf bytes.Buffer
	encoder := pngs.Encoder{CompressionLevel: pngs.BestSpeed}
	if encoder.Encode(&buf, img) != nil {
		return nil, brokenPicture
	}
	return buf.Bytes(), ""
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
