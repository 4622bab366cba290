package gemini

import (
	"testing"
	"time"
)

// Tests of what happens at a limit use its name. Here is its value, so that it is
// changed on purpose only.
func TestLimitValues(t *testing.T) {
	for _, c := range []struct {
		name     string
		is, want int64
	}{
		{"maxCandidates", maxCandidates, 8},
		{"maxCanonicalDepth", maxCanonicalDepth, 128},
		{"outputLimit", outputLimit, 65536},
		{"contextWindow", contextWindow, 1048576},
		{"DefaultCompilerSize", DefaultCompilerSize, 4194304},
		{"entryCost", entryCost, 256},
		{"minCached", minCached, 32},
		{"maxUnsupported", maxUnsupported, 16},
		{"maxKindLength", maxKindLength, 64},
		{"maxStops", maxStops, 5},
		{"maxStopBytes", maxStopBytes, 16384},
		{"maxLogprobs", maxLogprobs, 20},
		{"maxQueries", maxQueries, 128},
		{"maxPages", maxPages, 1024},
		{"maxSupports", maxSupports, 1024},
		{"maxCited", maxCited, 64},
		{"maxPathSteps", maxPathSteps, 64},
		{"maxPathLength", maxPathLength, 4096},
		{"maxNameLength", maxNameLength, 64},
		{"mostWords", mostWords, 8192},
		{"maxArgGap", maxArgGap, 1000},
		{"maxArgNodes", maxArgNodes, 100000},
		{"maxArgBytes", maxArgBytes, 33554432},
		{"maxDelay", int64(maxDelay), int64(24 * 60 * 60 * time.Second)},
		{"longestDelay", int64(longestDelay), int64(31 * 24 * 60 * 60 * time.Second)},
		{"maxSaid", maxSaid, 8388608},
		{"maxParts", maxParts, 4096},
		{"maxSearched", maxSearched, 268435456},
		{"schemaGrowth", schemaGrowth, 8},
		{"schemaRoom", schemaRoom, 524288},
		{"visitCost", visitCost, 4},
		{"mergeCost", mergeCost, 8},
		{"relaxedDescription", relaxedDescription, 300},
		{"relaxedEnum", relaxedEnum, 100},
		{"hintLimit", hintLimit, 200},
		{"protoRecursion", protoRecursion, 2},
		{"maxSchemaDepth", maxSchemaDepth, 200},
		{"maxSchemaValues", maxSchemaValues, 20000},
		{"fewFields", fewFields, 16},
		{"maxLabels", maxLabels, 64},
		{"maxLabelLength", maxLabelLength, 63},
		{"maxStatusBody", maxStatusBody, 1048576},
		{"maxStatusNesting", maxStatusNesting, 4},
		{"maxStatusEntries", maxStatusEntries, 100},
		{"tinyOutput", tinyOutput, 64},
		{"answerReserve", answerReserve, 1024},
		{"dynamicBudget", dynamicBudget, -1},
		{"maxFunctions", maxFunctions, 512},
		{"maxExcluded", maxExcluded, 2000},
		{"warningLimit", warningLimit, 10},
		{"digestLimit", digestLimit, 2048},
	} {
		if c.is != c.want {
			t.Errorf("%s is %v, want %v", c.name, c.is, c.want)
		}
	}
}
