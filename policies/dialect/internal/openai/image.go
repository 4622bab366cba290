package openai

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// longestSide bounds the side of a requested image, in pixels.
const longestSide = 16_384

// ImageFields are the fields for images that the Images API and the
// image_generation tool of Responses share, for their tables.
var ImageFields = []jsonwalk.Field{
	{"size", jsonwalk.Map, "the nearest ratio and size that the model makes; also in the upstream's words, such as 16:9 or 2K"},
	{"output_format", jsonwalk.Map, "the format, at Vertex AI; elsewhere the model's, and a warning"},
	{"output_compression", jsonwalk.Map, "the quality of jpeg, at Vertex AI; elsewhere a warning"},
	{"quality", jsonwalk.Map, "a warning unless auto or standard: the upstream has no such setting, ask for a larger size"},
	{"background", jsonwalk.Map, "a warning if transparent: the upstream makes no such images"},
	{"moderation", jsonwalk.Warn, "the upstream's own safety settings hold"},
	{"partial_images", jsonwalk.Warn, "images come whole"},
	{"input_fidelity", jsonwalk.Warn, "the upstream has no such setting; say it in the prompt"},
}

// Image reads one of these fields into image.
func Image(w *jsonwalk.Walker, image *conversation.Image, name string, v jsontext.Value) error {
	if name == "output_compression" {
		n, err := w.Count(name, v)
		if err == nil && n > 100 {
			err = w.Invalid(name, "Input should be less than or equal to 100")
		}
		image.Quality = &n
		return err
	}
	text, err := w.Text(name, v)
	if err != nil || text.Empty() {
		return err
	}
	switch said := strings.ToLower(text.String()); name {
	case "size":
		return imageSize(w, image, said)
	case "output_format":
		switch said {
		case "png", "jpeg", "webp":
			image.MIME = "image/" + said
		case "jpg":
			image.MIME = "image/jpeg"
		default:
			return w.Invalid(name, "Input should be 'png', 'jpeg' or 'webp'")
		}
	case "quality":
		if said != "auto" && said != "standard" {
			w.Warn(name, "left out: the upstream has no such setting; ask for a larger size")
		}
	case "background":
		if said == "transparent" {
			w.Warn(name, "left out: the upstream makes no transparent images")
		}
	}
	return nil
}

// imageSize reads a size: in pixels, or as a ratio or size of the upstream.
func imageSize(w *jsonwalk.Walker, image *conversation.Image, said string) error {
	wide, high, pixels := strings.Cut(said, "x")
	switch {
	case said == "auto":
	case pixels:
		width, bad := strconv.Atoi(wide)
		height, worse := strconv.Atoi(high)
		if bad != nil || worse != nil || min(width, height) < 1 || max(width, height) > longestSide {
			return w.Invalid("size", "Input should be 'auto' or a size in pixels, such as '1024x1024'")
		}
		image.Width, image.Height = width, height
	case strings.Contains(said, ":"):
		image.Ratio = said
	case strings.HasSuffix(said, "k"):
		image.Scale = said
	default:
		return w.Invalid("size", "Input should be 'auto' or a size in pixels, such as '1024x1024'")
	}
	return nil
}
