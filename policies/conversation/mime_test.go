package conversation

import (
	"strings"
	"testing"
)

func TestValidMIME(t *testing.T) {
	for s, want := range map[string]bool{
		"image/png":                              true,
		"application/vnd.ms-excel":               true,
		"image/svg+xml":                          true,
		"text/plain; charset=utf-8":              true,
		"audio/L16;rate=16000; channels=1":       true,
		`video/mp4;codecs="avc1.4d002a,mp4a.40"`: true,
		"":                                       false,
		"png":                                    false,
		"image/":                                 false,
		"/png":                                   false,
		"a/b/c":                                  false,
		"image/png, image/gif":                   false,
		"x/API key not valid":                    false,
		"image/png; API key not valid":           false,
		`image/png; x="API key not valid"`:       false,
		"image/png\n":                            false,
		"image/" + strings.Repeat("x", 128):      false,
		"image/png" + strings.Repeat(";a=b", 126): false,
	} {
		if got := ValidMIME(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}
