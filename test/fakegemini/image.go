package fakegemini

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
)

var (
	ratios  = []string{"1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"}
	banners = []string{"1:4", "4:1", "1:8", "8:1"}
)

// Picture is an image as the models make them here: a dot of one color.
func Picture() []byte {
	dot := image.NewRGBA(image.Rect(0, 0, 1, 1))
	dot.Set(0, 0, color.RGBA{R: 0xff, A: 0xff})
	var b bytes.Buffer
	if err := png.Encode(&b, dot); err != nil {
		panic(err) // writing to memory does not fail
	}
	return b.Bytes()
}

// Image answers with an image, after text where there is some, both signed on
// Gemini 3.
func Image(text string) Reply {
	picture := content("image", part{image: Picture(), sign: true})
	if text == "" {
		return picture
	}
	return content("image", part{text: text, sign: true}).Then(picture).named("image")
}

// autoImage draws, and says so where it may.
func (j *validator) autoImage(text string) Reply {
	if all := j.modalities(); len(all) == 1 && all[0] == "IMAGE" {
		return Image("")
	}
	return Image("Here is your picture of: " + clipRunes(text, echoLimit))
}

// picture renders an image.
func (r *renderer) picture(p part) string {
	const tokens = 1290 // of an image, at four bytes each; see usage
	r.out += 4 * tokens
	signature := ""
	if p.sign && r.j.cap.signs() {
		signature = `,"thoughtSignature":` + quote(r.j.signer.sign(signedImage, r.scope(), p.image))
	}
	return `{"inlineData":{"mimeType":"image/png","data":` + quote(base64.StdEncoding.EncodeToString(p.image)) + `}` + signature + `}`
}

// modalities are the kinds of answer that the request wants.
func (j *validator) modalities() (all []string) {
	for _, m := range j.config("responseModalities").list() {
		all = append(all, strings.ToUpper(m.str()))
	}
	return all
}

// outputs checks what kinds of answer are wanted, and what images are like.
func (j *validator) outputs() {
	makes := map[modality][]string{textOut: {"TEXT"}, imageOut: {"TEXT", "IMAGE"}, audioOut: {"AUDIO"}}[j.cap.output]
	all := j.modalities()
	if slices.ContainsFunc(all, func(m string) bool { return !slices.Contains(makes, m) }) {
		j.fault(RuleOutput, "The requested combination of response modalities (%s) is not supported by the model. models/%s accepts the following combination of response modalities:\n* %s\n",
			strings.Join(all, ", "), j.target.model, strings.Join(makes, ", "))
	}
	config := j.config("imageConfig")
	if config == nil {
		return
	}
	if j.cap.output != imageOut {
		j.fault(RuleOutput, "Image generation is not enabled for models/%s", j.target.model)
		return
	}
	allowed := ratios
	if j.cap.banners {
		allowed = slices.Concat(ratios, banners)
	}
	if ratio := config.get("aspectRatio"); ratio != nil && !slices.Contains(allowed, ratio.str()) {
		j.field(RuleOutput, "generation_config.image_config.aspect_ratio", "must be one of '%s'.", strings.Join(allowed, "', '"))
	}
	switch scale := config.get("imageSize"); {
	case scale == nil:
	case j.cap.scales == nil:
		j.field(RuleOutput, "generation_config.image_config.image_size", "is not supported for this model.")
	case !slices.Contains(j.cap.scales, scale.str()):
		j.field(RuleOutput, "generation_config.image_config.image_size", "must be one of '%s'.", strings.Join(j.cap.scales, "', '"))
	}
	if mime := config.get("imageOutputOptions").get("mimeType").str(); mime != "" && mime != "image/png" && mime != "image/jpeg" {
		j.fault(RuleOutput, "Unsupported image output mime type: %s", mime)
	}
}
