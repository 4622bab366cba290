package responses

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// imageGeneration is the type and the name of the tool that makes images.
const imageGeneration = "image_generation"

// imageTool reads the tool that makes images. Whether the model makes images is
// known once it is chosen.
func (d *decoder) imageTool(m jsonwalk.Members, list *[]conversation.Tool) error {
	if err := m.Apply(imageToolFields); err != nil {
		return err
	}
	var image conversation.Image
	for _, f := range openai.ImageFields {
		if v := m.Get(f.Name); v != nil && f.Action == jsonwalk.Map {
			if err := openai.Image(d.Walker, &image, f.Name, v); err != nil {
				return err
			}
		}
	}
	*list = append(*list, conversation.Tool{Kind: conversation.ImageMaking, Name: imageGeneration, Image: &image, At: d.Place("")})
	return nil
}
