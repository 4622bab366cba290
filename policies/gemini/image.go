package gemini

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// ImageModel is the model that errors recommend for making images.
const ImageModel = "gemini-3.1-flash-image"

// imageConfig is the resolved one. Zero fields are left out.
type imageConfig struct {
	ratio, scale string
	mime         string // only Vertex AI takes mime and quality
	quality      *int
}

// sides maps scales to the side of a square image, in pixels. An image of
// another ratio has about as many pixels in all.
var sides = map[string]float64{"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}

// smallest are other names of the scale 512.
var smallest = map[string]bool{"0.5K": true, "512PX": true, "512X512": true}

// defaultScale is the scale of an image without settings.
const defaultScale = "1K"

// noImagen refuses the Imagen models, which had a method of their own and were
// shut down.
func noImagen(model string) error {
	if !strings.HasPrefix(strings.ToLower(bareModel(model)), "imagen-") {
		return nil
	}
	return unsupported("model", "Imagen's models are not served here; ask for a Gemini model that makes images, such as "+ImageModel)
}

// image resolves the settings for images.
func (r *renderer) image() (imageConfig, error) {
	want := r.wantedImage()
	if want == nil || *want == (conversation.Image{}) {
		return imageConfig{}, nil
	}
	if !r.makes("image") {
		r.note("image", "left out: model "+r.model+" makes no images; ask for one that does, such as "+ImageModel)
		return imageConfig{}, nil
	}
	c := imageConfig{ratio: want.Ratio, scale: strings.ToUpper(want.Scale)}
	if smallest[c.scale] {
		c.scale = "512"
	}
	switch {
	case c.ratio != "" && r.can.Ratios != nil && !slices.Contains(r.can.Ratios, c.ratio):
		return c, r.invalid("image.ratio", "model "+r.model+" makes images of "+strings.Join(r.can.Ratios, ", "))
	case c.scale != "" && r.can.Scales != nil && !slices.Contains(r.can.Scales, c.scale):
		return c, r.invalid("image.scale", "model "+r.model+" makes images of "+strings.Join(r.can.Scales, ", "))
	case len(r.can.Scales) == 1:
		c.scale = "" // the model has one choice, and refuses the field
	}
	if want.Width > 0 && want.Height > 0 {
		r.nearest(&c, want)
	}
	r.imageFormat(&c, want)
	return c, nil
}

// wantedImage is what the request asks of images, in its settings or those of a
// tool.
func (r *renderer) wantedImage() *conversation.Image {
	if t := r.imageMaking(); t != nil && r.req.Output.Image == nil {
		return t.Image
	}
	return r.req.Output.Image
}

// imageMaking is the tool with which a client asks for images; nil if there is
// none, or if the model makes no images. The model makes them without a tool.
func (r *renderer) imageMaking() *conversation.Tool {
	i := slices.IndexFunc(r.req.Tools, func(t conversation.Tool) bool { return t.Kind == conversation.ImageMaking })
	if i < 0 || !r.draws() {
		return nil
	}
	return &r.req.Tools[i]
}

// imageTool is what kinds of answer such a tool asks for: an image alone if it
// must be called.
func (r *renderer) imageTool() []string {
	t := r.imageMaking()
	switch c := r.req.Choice; {
	case t == nil || c.Mode == conversation.ChoiceNone:
		return nil
	case c.Mode == conversation.ChoiceNamed && slices.Contains(c.Names, t.Name):
		return []string{"image"}
	}
	return []string{"text", "image"}
}

// draws reports whether the model is known to make images.
func (r *renderer) draws() bool { return slices.Contains(r.can.Outputs, "image") }

// nearest finds the ratio and the scale that come nearest to a size in pixels.
func (r *renderer) nearest(c *imageConfig, want *conversation.Image) {
	ratios, scales := r.can.Ratios, r.can.Scales
	if ratios == nil {
		ratios, scales = tenRatios, []string{defaultScale}
	}
	wide, high := float64(want.Width), float64(want.Height)
	off := func(ratio string) float64 { return math.Abs(math.Log(ratioOf(ratio) / (wide / high))) }
	c.ratio = slices.MinFunc(ratios, func(a, b string) int {
		if off(a) < off(b) {
			return -1
		}
		return 1
	})
	// A side may be a quarter shorter than requested: 1792x1024 is made at 1K,
	// since services that name such sizes make it at their usual price.
	const enough = 0.75
	scale := scales[len(scales)-1]
	for _, s := range scales {
		if sides[s] >= enough*math.Sqrt(wide*high) {
			scale = s
			break
		}
	}
	if scale != defaultScale {
		c.scale = scale
	}
	if want.Width != want.Height || wide != sides[scale] {
		r.note("image.size", "the nearest that model "+r.model+" makes was asked for: "+c.ratio+" at "+scale)
	}
}

// ratioOf is a ratio of the table as a number.
func ratioOf(ratio string) float64 {
	wide, high, _ := strings.Cut(ratio, ":")
	w, _ := strconv.ParseFloat(wide, 64)
	h, _ := strconv.ParseFloat(high, 64)
	return w / h
}

// imageFormat settles the format of the file.
func (r *renderer) imageFormat(c *imageConfig, want *conversation.Image) {
	switch {
	case want.MIME == "":
	case r.target.Kind != Vertex:
		r.note("image.format", "left out: AI Studio chooses the format, and the reply tells which one it is")
	case want.MIME != "image/png" && want.MIME != "image/jpeg":
		r.note("image.format", "left out: the model makes png and jpeg")
	default:
		c.mime = want.MIME
	}
	switch {
	case want.Quality == nil:
	case c.mime != "image/jpeg":
		r.note("image.quality", "left out: it is for jpeg, and at Vertex AI")
	default:
		c.quality = want.Quality
	}
}

// image appends c.
func (w *bodyWriter) image(c imageConfig) {
	if c == (imageConfig{}) {
		return
	}
	w.key("imageConfig")
	w.open('{')
	if c.ratio != "" {
		w.stringField("aspectRatio", c.ratio)
	}
	if c.scale != "" {
		w.stringField("imageSize", c.scale)
	}
	if c.mime != "" {
		w.key("imageOutputOptions")
		w.open('{')
		w.stringField("mimeType", c.mime)
		if c.quality != nil {
			w.key("compressionQuality")
			w.int(*c.quality)
		}
		w.close('}')
	}
	w.close('}')
}
