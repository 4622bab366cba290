package fakegemini

import (
	"fmt"
	"strings"
	"testing"
)

const (
	draw25 = "/v1beta/models/gemini-2.5-flash-image:generateContent"
	draw30 = "/v1beta/models/gemini-3-pro-image:generateContent"
	draw31 = "/v1beta/models/gemini-3.1-flash-image:generateContent"
)

func TestRefusesImages(t *testing.T) {
	config := func(s string) string { return with(`"generationConfig":{` + s + `}`) }
	path := "* GenerateContentRequest.generation_config.image_config"
	const combination = "The requested combination of response modalities (%s) is not supported by the model. models/%s accepts the following combination of response modalities:\n* %s\n"
	checkRefusals(t, []refusal{
		{"image of a text model", studio25, config(`"responseModalities":["TEXT","IMAGE"]`), fmt.Sprintf(combination, "TEXT, IMAGE", "gemini-2.5-flash", "TEXT")},
		{"sound of an image model", draw31, config(`"responseModalities":["AUDIO"]`), fmt.Sprintf(combination, "AUDIO", "gemini-3.1-flash-image", "TEXT, IMAGE")},
		{"ratio on a text model", studio25, config(`"imageConfig":{"aspectRatio":"1:1"}`), "Image generation is not enabled for models/gemini-2.5-flash"},
		{"ratio", draw30, config(`"imageConfig":{"aspectRatio":"1:8"}`), path + ".aspect_ratio: must be one of '" + strings.Join(ratios, "', '") + "'.\n"},
		{"scale", draw30, config(`"imageConfig":{"imageSize":"512"}`), path + ".image_size: must be one of '1K', '2K', '4K'.\n"},
		{"scale in lower case", draw31, config(`"imageConfig":{"imageSize":"1k"}`), path + ".image_size: must be one of '512', '1K', '2K', '4K'.\n"},
		{"scale on 2.5", draw25, config(`"imageConfig":{"imageSize":"1K"}`), path + ".image_size: is not supported for this model.\n"},
		{"functions", draw31, declared(`{"name":"f"}`), "Function calling is not enabled for this model."},
		{"image without a signature", draw31, contentsOf(`{"parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"},{"inlineData":{"mimeType":"image/png","data":"aGk="}}]},{"parts":[{"text":"c"}]}`),
			"Image part is missing a thought_signature in content position 2, part position 2. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details."},
	})
}

// An image goes back as it came, with its signature.
func TestImagesGoBack(t *testing.T) {
	s := Start(t, Options{})
	for path, signed := range map[string]bool{draw25: false, draw30: true, draw31: true} {
		status, body := send(t, s, path, with(`"generationConfig":{"responseModalities":["IMAGE"],"imageConfig":{"aspectRatio":"16:9"}}`))
		if status != 200 || strings.Contains(body, "picture of") || strings.Contains(body, "thoughtSignature") != signed {
			t.Fatalf("%s: %d %s", path, status, body)
		}
		n, err := parseNode([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		part := n.member("candidates").list()[0].get("content").get("parts").list()[0].json()
		again := contentsOf(`{"parts":[{"text":"a"}]},{"role":"model","parts":[` + part + `]},{"parts":[{"text":"c"}]}`)
		if status, body := send(t, s, path, again); status != 200 || !strings.Contains(body, "picture of: c") {
			t.Errorf("%s: %d %s", path, status, body)
		}
		if tampered := strings.Replace(again, `"data":"iVBOR`, `"data":"iVBOS`, 1); signed {
			if status, _ := send(t, s, path, tampered); status != 400 {
				t.Errorf("%s: an image that was altered: %d", path, status)
			}
		}
	}
}
