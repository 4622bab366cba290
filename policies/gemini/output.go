package gemini

import (
	"slices"
	"strings"
)

// output is what kinds of answer there may be: a resolved responseModalities,
// speechConfig and imageConfig.
type output struct {
	modalities []string // "TEXT", ...; nil leaves them to the model
	voice      string
	image      imageConfig
}

// otherModel names a model that makes a kind of answer.
var otherModel = map[string]string{"image": "; ask for one that does, such as " + ImageModel}

// output settles the kinds of answer.
func (r *renderer) output() (output, error) {
	var o output
	want := r.req.Output
	if len(want.Modalities) == 0 {
		want.Modalities = r.imageTool()
	}
	for _, m := range want.Modalities {
		switch m {
		case "text", "image", "audio":
		default:
			return o, r.invalid("modalities", "must be text, image or audio")
		}
		if !r.makes(m) {
			return o, r.unsupported("modalities", "model "+r.model+" makes no "+m+otherModel[m])
		}
		if m = strings.ToUpper(m); !slices.Contains(o.modalities, m) {
			o.modalities = append(o.modalities, m)
		}
	}
	if len(o.modalities) == 1 && o.modalities[0] == "TEXT" && !slices.Contains(r.can.Outputs, "image") {
		o.modalities = nil // text is the default
	}
	switch {
	case want.Voice == "":
	case slices.Contains(o.modalities, "AUDIO"):
		o.voice = want.Voice
	default:
		r.note("voice", "left out: the answer is not to be spoken")
	}
	var err error
	o.image, err = r.image()
	return o, err
}

// makes reports whether the model makes a kind of answer, as far as is known.
func (r *renderer) makes(kind string) bool {
	return r.can.Outputs == nil || slices.Contains(r.can.Outputs, kind)
}

// output appends o.
func (w *bodyWriter) output(o output) {
	if len(o.modalities) > 0 {
		w.strings("responseModalities", o.modalities)
	}
	w.image(o.image)
	if o.voice == "" {
		return
	}
	w.key("speechConfig")
	w.open('{')
	w.key("voiceConfig")
	w.open('{')
	w.key("prebuiltVoiceConfig")
	w.open('{')
	w.stringField("voiceName", o.voice)
	w.close('}')
	w.close('}')
	w.close('}')
}
