package account

// MediaKind is what sort of media a request holds.
type MediaKind uint8

// The kinds, with what [Media.Amount] counts.
const (
	Image MediaKind = iota // images
	Page                   // pages of a document, read as pictures
	Video                  // seconds, with their sound
	Audio                  // seconds
)

// Resolution is the media resolution that a request asks for.
type Resolution uint8

// The resolutions, as in the API's MediaResolution.
const (
	DefaultResolution Resolution = iota
	LowResolution
	MediumResolution
	HighResolution
	UltraResolution
)

// Media is one medium in a request.
type Media struct {
	Kind MediaKind
	// Amount is how many; 0 is unknown, and is estimated from Bytes.
	Amount int64
	// Bytes is the size of the file, decoded.
	Bytes int64
	// Width and Height are those of an image in pixels; 0 if unknown.
	Width, Height int
	Resolution    Resolution
}

// perUnit are the tokens of one unit, by kind and resolution.
type perUnit [Audio + 1][UltraResolution + 1]int64

var (
	// fixedTokens are those of models that take a resolution with each part,
	// Gemini 3 and later, whatever the image's size (Gemini API documentation,
	// "Media resolution", section "Token counts"). A second of video is one
	// frame and 32 tokens of sound.
	fixedTokens = perUnit{
		Image: {1120, 280, 560, 1120, 2240},
		Page:  {560, 280, 560, 1120, 1120},
		Video: {70 + 32, 70 + 32, 70 + 32, 280 + 32, 280 + 32},
		Audio: {32, 32, 32, 32, 32},
	}
	// tiledTokens are those of earlier models, where an image is cut into tiles
	// of this many tokens each (Gemini API documentation, "Understand and count
	// tokens", and "Video understanding" for 300 and 100 tokens a second).
	tiledTokens = perUnit{
		Image: {258, 64, 258, 258, 258},
		Page:  {258, 64, 258, 258, 258},
		Video: {300, 100, 300, 300, 300},
		Audio: {32, 32, 32, 32, 32},
	}
	// bytesPerUnit are usual sizes, for files whose length is unknown: pages
	// of 75 KB, video of 2 Mbit/s, audio of 128 kbit/s. They are no more than
	// an order of magnitude.
	bytesPerUnit = [Audio + 1]int64{Page: 75_000, Video: 250_000, Audio: 16_000}
)

const (
	// tileSide is the side of a tile in pixels.
	tileSide = 768
	// tilesUnknown is for an image whose size is unknown: that of a usual
	// screenshot, 1,536 by 1,536 at most.
	tilesUnknown = 4
)

// Tokens is how many input tokens a medium is likely to be. fixed says that the
// model takes a resolution with each part.
func (m Media) Tokens(fixed bool) int64 {
	table := &tiledTokens
	if fixed {
		table = &fixedTokens
	}
	n := m.Amount
	if n <= 0 {
		n = 1
		if unit := bytesPerUnit[m.Kind]; unit > 0 {
			n = max(1, (m.Bytes+unit-1)/unit)
		}
	}
	if m.Kind == Image && !fixed && m.Resolution != LowResolution {
		n *= m.tiles()
	}
	return n * table[m.Kind][m.Resolution]
}

// tiles is into how many tiles an image is cut.
func (m Media) tiles() int64 {
	if m.Width <= 0 || m.Height <= 0 {
		return tilesUnknown
	}
	across := func(side int) int64 { return int64(side+tileSide-1) / tileSide }
	return across(m.Width) * across(m.Height)
}
