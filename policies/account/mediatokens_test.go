package account

import "testing"

func TestMediaTokens(t *testing.T) {
	for _, c := range []struct {
		name         string
		media        Media
		tiled, fixed int64
	}{
		{"small image", Media{Width: 384, Height: 384}, 258, 1120},
		{"one tile", Media{Width: 768, Height: 385}, 258, 1120},
		{"six tiles", Media{Width: 769, Height: 2304}, 2 * 3 * 258, 1120},
		{"image of unknown size", Media{}, 4 * 258, 1120},
		{"images", Media{Amount: 3, Width: 100, Height: 100}, 3 * 258, 3 * 1120},
		{"low", Media{Width: 5000, Height: 5000, Resolution: LowResolution}, 64, 280},
		{"ultra", Media{Width: 384, Height: 384, Resolution: UltraResolution}, 258, 2240},
		{"pages", Media{Kind: Page, Amount: 10}, 2580, 5600},
		{"pages by size", Media{Kind: Page, Bytes: 75_001}, 2 * 258, 2 * 560},
		{"video", Media{Kind: Video, Amount: 60}, 18_000, 6120},
		{"video, low", Media{Kind: Video, Amount: 60, Resolution: LowResolution}, 6000, 6120},
		{"video by size", Media{Kind: Video, Bytes: 1_000_000}, 1200, 4 * 102},
		{"audio", Media{Kind: Audio, Amount: 60}, 1920, 1920},
		{"audio of nothing", Media{Kind: Audio}, 32, 32},
	} {
		if got := c.media.Tokens(false); got != c.tiled {
			t.Errorf("%s: %d, want %d", c.name, got, c.tiled)
		}
		if got := c.media.Tokens(true); got != c.fixed {
			t.Errorf("%s, with fixed counts: %d, want %d", c.name, got, c.fixed)
		}
	}
}
