package gemini

import "strings"

// What Gemini 2.5 and later share, in tokens.
const (
	outputLimit   = 65_536
	contextWindow = 1_048_576
)

// textOnly are the outputs of a model that makes nothing else.
var textOnly = []string{"text"}

// The thinking levels; the API takes them in any case.
var (
	fourLevels  = []string{"minimal", "low", "medium", "high"}
	threeLevels = []string{"low", "medium", "high"}
)

// The ratios of images.
var (
	tenRatios = []string{"1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"}
	allRatios = append(tenRatios[:len(tenRatios):len(tenRatios)], "1:4", "4:1", "1:8", "8:1")
)

// DefaultTable has Google's models (their documentation and recorded refusals,
// autumn 2026).
var DefaultTable = Table{
	{"gemini-2.5-pro", budget(128, 32_768, false)},
	{"gemini-2.5-flash", budget(1, 24_576, true)},
	{"gemini-2.5-flash-lite", budget(512, 24_576, true)},
	{"gemini-2.5-flash-image", sized(imageModel(Capability{NoPenalties: true}), tenRatios, "1K")},

	{"gemini-3-flash", levels(fourLevels)},
	// The first 3 Pro knew two levels only.
	{"gemini-3-pro", levels([]string{"low", "high"})},
	{"gemini-3-pro-image", sized(imageModel(levels(nil)), tenRatios, "1K", "2K", "4K")},
	{"gemini-3.1-pro", levels(threeLevels)},
	{"gemini-3.1-flash-lite", levels(fourLevels)},
	{"gemini-3.1-flash-image", sized(imageModel(levels(nil)), allRatios, "512", "1K", "2K", "4K")},
	{"gemini-3.5-flash", lone(levels(fourLevels))},
	{"gemini-3.5-flash-lite", fixed(levels(fourLevels))},
	{"gemini-3.6-flash", fixed(levels(fourLevels))},
	// Whether 3.7 takes minimal is unknown; 3.8 answers it with a 400.
	{"gemini-3.7-flash", fixed(levels(threeLevels))},
	{"gemini-3.8-flash", newest},

	{"gemini-pro-latest", levels(threeLevels)},
	{"gemini-flash-lite-latest", fixed(levels(fourLevels))},

	{"gemini-embedding-001", predicts(EmbeddingModel(2048))},
	{"gemini-embedding-2", EmbeddingModel(8192)},
	{"text-embedding-005", vertexOnly(predicts(EmbeddingModel(2048)))},
	{"text-multilingual-embedding-002", vertexOnly(predicts(EmbeddingModel(2048)))},
}

// newest is inherited by models that are not in the table.
var newest = fixed(levels(threeLevels))

// budget is a Gemini 2.5 model.
func budget(lowest, highest int, zero bool) Capability {
	return Capability{
		Thinking: BudgetControl, MinBudget: lowest, MaxBudget: highest, ZeroBudget: zero,
		NoPenalties: true, Outputs: textOnly,
		MaxOutput: outputLimit, Context: contextWindow, CachedFrom: 2048,
	}
}

// levels is a Gemini 3 model.
func levels(names []string) Capability {
	return Capability{
		Thinking: LevelControl, Levels: names,
		MixedTools: true, JSONWithTools: true,
		StrictSignatures: true, CallIDs: true, MediaInResults: true, InlineReminders: true,
		NoPenalties: true, OneCandidate: true, PartResolution: true, Outputs: textOnly,
		MaxOutput: outputLimit, Context: contextWindow, CachedFrom: 4096,
	}
}

// lone returns c for the models since 3.5, which require function responses to
// be the only parts of their content. Recorded requests show that earlier ones
// do not.
func lone(c Capability) Capability {
	c.LoneAnswers = true
	return c
}

// fixed returns c for the models since 3.5 Flash-Lite, which ignore sampling
// parameters and refuse contents that end with a model turn.
func fixed(c Capability) Capability {
	c.FixedSampling, c.NoTrailingModel = true, true
	return lone(c)
}

// imageModel returns c for a model that makes images: no functions, no thinking
// settings, one answer.
func imageModel(c Capability) Capability {
	c.Thinking, c.Levels, c.NoFunctions, c.OneCandidate = NoControl, nil, true, true
	c.Outputs = []string{"text", "image"}
	return c
}

// sized returns c for a model that makes images of these ratios and scales.
func sized(c Capability, ratios []string, scales ...string) Capability {
	c.Ratios, c.Scales = ratios, scales
	return c
}

// speechModel returns c for a model that makes audio. It has the limits of an
// image model, too.
func speechModel(c Capability) Capability {
	c.Thinking, c.Levels, c.NoFunctions = NoControl, nil, true
	c.Outputs = []string{"audio"}
	return c
}

// VectorOutput is the output of a model that makes embeddings, and nothing else.
const VectorOutput = "vector"

// embeddingWord is part of the names of all of Google's models that make vectors.
const embeddingWord = "embedding"

// EmbeddingModel is a model that makes vectors of inputs of so many tokens; 0 if
// that is unknown.
func EmbeddingModel(context int) Capability {
	return Capability{Outputs: []string{VectorOutput}, NoFunctions: true, Context: context}
}

// predicts returns c for the embedding models before gemini-embedding-2.
func predicts(c Capability) Capability {
	c.Predicts = true
	return c
}

// vertexOnly returns c for a model that AI Studio does not have.
func vertexOnly(c Capability) Capability {
	c.VertexOnly = true
	return c
}

// variants maps words in the rest of a model's name to the capabilities of the
// variant, as in gemini-2.5-pro-preview-tts.
var variants = map[string]func(Capability) Capability{
	"image": imageModel, "tts": speechModel,
	embeddingWord: func(Capability) Capability { return EmbeddingModel(0) },
}

// variant returns c for the variant of a model that the rest of its name
// describes.
func variant(c Capability, rest string) Capability {
	for word := range strings.SplitSeq(rest, "-") {
		if of := variants[word]; of != nil {
			return of(c)
		}
	}
	return c
}

// isVariant reports whether the rest of a model's name makes it another model.
func isVariant(rest string) bool {
	for word := range strings.SplitSeq(rest, "-") {
		if variants[word] != nil {
			return true
		}
	}
	return false
}
