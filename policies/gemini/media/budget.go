package media

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	pngs "image/png"
	"time"
)

// Limits of conversions. A file of some kilobytes can hold a picture that takes
// gigabytes, and a conversation holds many files.
const (
	// maxPixels bounds a picture, and allPixels those of a request together,
	// where each counts as minPixels at least.
	maxPixels = 12 << 20
	allPixels = 2 * maxPixels
	minPixels = 1 << 16
	// maxConverted bounds a file, in bytes. allConverted bounds those of a
	// request together, and what is made of them.
	maxConverted = 16 << 20
	allConverted = 2 * maxConverted
	// A converted file has at most outMultiple times its length plus outFloor.
	outMultiple = 16
	outFloor    = 64 << 10
)

// Why a picture is not converted, for the client.
const (
	brokenPicture = "the picture is broken"
	tooLarge      = "the file is too large to be converted"
	manyPixels    = "the picture has too many pixels to be converted"
	tooMany       = "the conversation has too many pictures to convert"
	gone          = "the client has gone"
)

// budget counts what was spent on the pictures of a request.
type budget struct {
	pixels         int64
	bytes, written int
}

// picture decodes a picture if the budget allows it; otherwise why is the
// reason.
func (b *budget) picture(mime string, file []byte) (img image.Image, why string) {
	f := formats[mime]
	config, err := f.config(bytes.NewReader(file))
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return nil, brokenPicture
	}
	pixels := max(int64(config.Width)*int64(config.Height), minPixels)
	if m := config.ColorModel; m == color.RGBA64Model || m == color.NRGBA64Model {
		pixels *= 2 // of twice the memory
	}
	switch {
	case pixels > maxPixels:
		return nil, manyPixels
	case b.pixels+pixels > allPixels, b.bytes+len(file) > allConverted:
		return nil, tooMany
	}
	b.pixels += pixels
	b.bytes += len(file)
	if img, err = f.read(bytes.NewReader(file)); err != nil {
		return nil, brokenPicture
	}
	return img, ""
}

// output is the maximum length of the conversion of a file of n bytes.
func (b *budget) output(n int) int { return min(outMultiple*n+outFloor, allConverted-b.written) }

// limited is a buffer of bounded length.
type limited struct {
	bytes.Buffer
	most int
}

var errTooLong = errors.New("the picture becomes too long")

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > l.most {
		return 0, errTooLong
	}
	return l.Buffer.Write(p)
}

// converting bounds the memory of all requests together: one picture is decoded
// at a time.
var converting = make(chan struct{}, 1)

// waitPoll is how often a wait checks that the client is still there.
const waitPoll = 50 * time.Millisecond

// acquire waits for the turn to convert; it returns false if the client has
// left.
func (c *Converter) acquire() bool {
	look := time.NewTicker(waitPoll)
	defer look.Stop()
	for c.Gone == nil || c.Gone() == nil {
		select {
		case converting <- struct{}{}:
			return true
		case <-look.C:
		}
	}
	return false
}

func release() { <-converting }

// spareBuffer keeps the buffers of an encoder, a megabyte, for the next small
// picture. It keeps the picture as well, so it is not used for large ones. Only
// the request whose turn it is may use it.
type spareBuffer struct{ *pngs.EncoderBuffer }

var spare spareBuffer

// Get implements png.EncoderBufferPool.
func (s *spareBuffer) Get() *pngs.EncoderBuffer { return s.EncoderBuffer }

// Put implements png.EncoderBufferPool.
func (s *spareBuffer) Put(b *pngs.EncoderBuffer) { s.EncoderBuffer = b }
