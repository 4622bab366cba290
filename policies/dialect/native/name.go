package native

import "strings"

// longestName is that of names, in bytes.
const longestName = 40

// names are the API's fields that the repair reads, by their letters alone.
var names = func() map[string]string {
	list := map[string]string{}
	for name := range strings.FieldsSeq(`
		args audioTimestamp audioTranscription audioTranscriptionConfig authConfig behavior
		blockingConfidence cachedContent contents data displayName enableEnhancedCivicAnswers
		enterpriseWebSearch excludeDomains fileData fileSearch fileUri frequencyPenalty functionCall
		functionCallingConfig functionDeclarations functionResponse generateContentRequest
		generationConfig googleMaps googleSearch id imageConfig imageOutputOptions inlineData labels
		logprobs maxOutputTokens mcpServers mediaProcessing mediaResolution method mimeType model
		modelArmorConfig modelConfig modelName name parallelAiSearch partialArgs partMetadata parts
		personGeneration presencePenalty response responseFormat responseLogprobs retrieval role
		routingConfig safetySettings serviceTier store streamFunctionCallArguments systemInstruction text
		thinkingConfig thought thoughtSignature timeRangeFilter toolCall toolConfig toolResponse tools
		translationConfig videoMetadata willContinue`) {
		list[strings.ToLower(name)] = name
	}
	return list
}()

// canonical returns the camelCase form of a name of the API in any spelling,
// such as file_uri, FileUri or file_Uri. Upstream may take all of them, so they
// are all read here. An unknown name is returned unchanged.
func canonical(name []byte) []byte {
	var buf [longestName]byte
	folded := buf[:0]
	for _, c := range name {
		switch {
		case c == '_':
			continue
		case len(folded) == longestName:
			return name
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		folded = append(folded, c)
	}
	if known, ok := names[string(folded)]; ok && known != string(name) {
		return []byte(known)
	}
	return name
}
