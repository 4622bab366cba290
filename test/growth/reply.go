package main

import (
	"fmt"
	"strings"
)

// Replies: what is long in one frame, and streams of many frames. Pieces are of
// the size that Envoy sends.
const piece = 16 << 10

const (
	frameBegin = `data: {"candidates":[{"content":{"role":"model","parts":[`
	frameEnd   = "]},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":1,\"totalTokenCount\":2}}\r\n\r\n"
	lastFrame  = "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"t\"}]},\"finishReason\":\"STOP\",\"index\":0}]}\r\n\r\n"
)

// inFrame is a reply with one long list in a frame.
func inFrame(before string, element func(i int) string, after string) func(n int) []byte {
	return list(`data: {`+before, element, after+"}\r\n\r\n"+lastFrame)
}

// frames is a reply of many frames, each with these parts.
func frames(parts func(i int) string) func(n int) []byte {
	return joined("", "", func(i int) string { return frameBegin + parts(i) + frameEnd }, lastFrame)
}

// candidateFrames are frames that say something else of the candidate.
func candidateFrames(members func(i int) string) func(n int) []byte {
	return joined(frameBegin+`{"text":"`+strings.Repeat("word ", 1000)+`"}`+frameEnd, "", func(i int) string {
		return `data: {"candidates":[{"index":0,` + members(i) + "}]}\r\n\r\n"
	}, lastFrame)
}

// replies are the samples of what upstream says, as a stream and as a document
// of the client's API.
func replies(a *api) []sample {
	var out []sample
	for _, r := range replyRows() {
		for _, whole := range []bool{false, true} {
			name := a.name + " reply: " + r.name
			if whole {
				name += " (document)"
			}
			out = append(out, sample{name: name, api: a, reply: true, whole: whole, chunk: piece, body: r.body})
		}
	}
	return out
}

type replyRow struct {
	name string
	body func(n int) []byte
}

func replyRows() []replyRow {
	return append(answerRows(), groundingRows()...)
}

func answerRows() []replyRow {
	numbered := func(format string) func(i int) string {
		return func(i int) string { return strings.ReplaceAll(format, "#i", fmt.Sprint(i)) }
	}
	parts := func(element string) func(n int) []byte {
		return inFrame(`"candidates":[{"content":{"role":"model","parts":[`, numbered(element), `]}}]`)
	}
	growing := func(element string) func(n int) []byte {
		return frames(numbered(element))
	}
	const code = `{"executableCode":{"language":"PYTHON","code":"c#i"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"o"}}`
	return []replyRow{
		{"texts in a frame", parts(`{"text":"t#i"}`)},
		{"thoughts and texts in a frame", parts(`{"text":"t#i","thought":true},{"text":"t"}`)},
		{"calls in a frame", parts(`{"functionCall":{"id":"c#i","name":"f","args":{"a":1}}}`)},
		{"calls with one id in a frame", parts(`{"functionCall":{"id":"c","name":"f","args":{"a":1}}}`)},
		{"calls of custom tools in a frame", parts(`{"functionCall":{"id":"c#i","name":"c","args":{"input":"t"}}}`)},
		{"code in a frame", parts(code)},
		{"images in a frame", parts(`{"inlineData":{"mimeType":"image/png","data":"AAAA"}}`)},
		{"unknown parts in a frame", parts(`{"odd#i":{}}`)},
		{"code full of backticks", joined(frameBegin+`{"executableCode":{"language":"PYTHON","code":"`, "", func(int) string { return "`" }, `"}}`+frameEnd+lastFrame)},
		{"frames of text", growing(`{"text":"t#i "}`)},
		{"frames of thoughts", growing(`{"text":"t#i ","thought":true}`)},
		{"frames of signed texts", growing(`{"text":"t#i ","thoughtSignature":"c2lnbmF0dXJl"}`)},
		{"frames of signed calls", growing(`{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2lnbmF0dXJl"}`)},
		{"frames of calls", growing(`{"functionCall":{"id":"c#i","name":"f","args":{"a":1}}}`)},
		{"frames of code", growing(code)},
		{"arguments in pieces", streamed(numbered(`{"jsonPath":"$.a","stringValue":"t#i"}`))},
		{"arguments in many members", streamed(numbered(`{"jsonPath":"$.a#i","numberValue":1}`))},
		{"arguments in a long list", streamed(numbered(`{"jsonPath":"$.a[#i]","numberValue":1}`))},
		{"arguments written over again", streamed(numbered(`{"jsonPath":"$.a","numberValue":#i}`))},
		{"arguments here and there", streamed(func(i int) string {
			return fmt.Sprintf(`{"jsonPath":"$.a%d.b%d","stringValue":"t"}`, i%2, i)
		})},
		{"arguments with skipped elements", streamed(func(i int) string {
			return fmt.Sprintf(`{"jsonPath":"$.a[%d]","numberValue":1}`, i*2)
		})},
		{"arguments with deep paths", streamed(func(i int) string {
			return fmt.Sprintf(`{"jsonPath":"$.a%s.b%d","stringValue":"t"}`, strings.Repeat(".x", 60), i)
		})},
		{"arguments whole, again and again", joined("", "", func(i int) string {
			return frameBegin + fmt.Sprintf(`{"functionCall":{"name":"f","willContinue":true,"args":{"a%d":1,"b":%d}}}`, i, i) + frameEnd
		}, frameBegin+`{"functionCall":{}}`+frameEnd+lastFrame)},
		{"a frame with unknown members", inFrame(``, numbered(`"x#i":1`), `,"candidates":[{"content":{"parts":[{"text":"t"}]}}]`)},
		{"a candidate with unknown members", inFrame(`"candidates":[{`, numbered(`"x#i":1`), `,"content":{"parts":[{"text":"t"}]}}]`)},
		{"a content with unknown members", inFrame(`"candidates":[{"content":{`, numbered(`"x#i":1`), `,"parts":[{"text":"t"}]}}]`)},
		{"candidates", inFrame(`"candidates":[`, numbered(`{"index":#i,"content":{"parts":[{"text":"t"}]}}`), `]`)},
		{"candidates, one a frame", joined(frameBegin+`{"text":"t"}`+frameEnd, "", numbered("data: {\"candidates\":[{\"index\":#i,\"content\":{\"parts\":[{\"text\":\"t\"}]}}]}\r\n\r\n"), lastFrame)},
		{"safety ratings", inFrame(`"candidates":[{"content":{"parts":[{"text":"t"}]},"safetyRatings":[`, numbered(`{"category":"c#i","probability":"LOW"}`), `]}]`)},
		{"log probabilities", inFrame(`"candidates":[{"content":{"parts":[{"text":"t"}]},"logprobsResult":{"chosenCandidates":[`, numbered(`{"token":"t#i","logProbability":-1}`), `]}}]`)},
		{"log probabilities in frames", candidateFrames(numbered(`"logprobsResult":{"chosenCandidates":[{"token":"t#i","logProbability":-1}]}`))},
		{"log probabilities with unknown members", candidateFrames(numbered(`"logprobsResult":{"x#i":1}`))},
		{"citations", candidateFrames(numbered(`"citationMetadata":{"citationSources":[{"uri":"https://a.example/#i"}]}`))},
		{"comments", joined("", "", func(int) string { return ": c\r\n\r\n" }, frameBegin+`{"text":"t"}`+frameEnd+lastFrame)},
		{"empty lines", joined("", "", func(int) string { return "\r\n" }, frameBegin+`{"text":"t"}`+frameEnd+lastFrame)},
		{"data in many lines", joined("data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"t\"}\n", "", func(int) string { return "data: ,{\"text\":\"t\"}\n" }, "data: ]}}]}\n\n"+lastFrame)},
		{"one long line", joined(`data: {"candidates":[{"content":{"parts":[{"text":"`, "", func(int) string { return "text text " }, `"}]}}]}`+"\n\n"+lastFrame)},
		{"answers in one array", joined("[", ",", func(i int) string {
			return fmt.Sprintf("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"t%d\"}]}}]}\n", i)
		}, ",{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"t\"}]},\"finishReason\":\"STOP\"}]}]")},
		{"lines that are no stream", joined("<html>\n", "", func(int) string { return "<p>text</p>\n" }, "</html>\n")},
		{"an error with many details", func(n int) []byte {
			return list(`data: {"error":{"code":429,"message":"m","details":[`, numbered(`{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"q#i"}]}`), "]}}\n\n")(n)
		}},
	}
}

// streamed is a call whose arguments come in pieces, one a frame.
func streamed(item func(i int) string) func(n int) []byte {
	head := frameBegin + `{"functionCall":{"name":"f","willContinue":true}}` + frameEnd
	return joined(head, "", func(i int) string {
		return frameBegin + `{"functionCall":{"willContinue":true,"partialArgs":[` + item(i) + `]}}` + frameEnd
	}, frameBegin+`{"functionCall":{}}`+frameEnd+lastFrame)
}

func groundingRows() []replyRow {
	numbered := func(format string) func(i int) string {
		return func(i int) string { return strings.ReplaceAll(format, "#i", fmt.Sprint(i)) }
	}
	grounding := func(before, element, after string) func(n int) []byte {
		return inFrame(`"candidates":[{"content":{"parts":[{"text":"word"}]},"groundingMetadata":{`+before, numbered(element), after+`}}]`)
	}
	const chunk = `{"web":{"uri":"https://a.example/#i","title":"t#i"}}`
	return []replyRow{
		{"grounding: queries", grounding(`"webSearchQueries":[`, `"q#i"`, `]`)},
		{"grounding: chunks", grounding(`"groundingChunks":[`, chunk, `]`)},
		{"grounding: supports", grounding(`"groundingChunks":[{"web":{"uri":"u","title":"t"}}],"groundingSupports":[`, `{"segment":{"endIndex":4,"text":"word"},"groundingChunkIndices":[0]}`, `]`)},
		{"grounding: chunks of a support", grounding(`"groundingChunks":[{"web":{"uri":"u","title":"t"}}],"groundingSupports":[{"segment":{"endIndex":4,"text":"word"},"groundingChunkIndices":[`, `#i`, `]}]`)},
		{"grounding: pages that were read", inFrame(`"candidates":[{"content":{"parts":[{"text":"t"}]},"urlContextMetadata":{"urlMetadata":[`, numbered(`{"retrievedUrl":"https://a.example/#i","urlRetrievalStatus":"URL_RETRIEVAL_STATUS_SUCCESS"}`), `]}}]`)},
		{"grounding: frames of queries", candidateFrames(numbered(`"groundingMetadata":{"webSearchQueries":["q#i"]}`))},
		{"grounding: frames of chunks", candidateFrames(numbered(`"groundingMetadata":{"groundingChunks":[` + chunk + `]}`))},
		{"grounding: frames of supports", candidateFrames(numbered(`"groundingMetadata":{"groundingChunks":[{"web":{"uri":"u","title":"t"}}],"groundingSupports":[{"segment":{"startIndex":#i,"endIndex":4999,"text":"word"},"groundingChunkIndices":[0]}]}`))},
		{"grounding: supports in a long text", func(n int) []byte {
			text := frameBegin + `{"text":"` + strings.Repeat("word ", n) + `"}` + frameEnd
			supports := candidateFrames(numbered(`"groundingMetadata":{"groundingChunks":[{"web":{"uri":"u","title":"t"}}],"groundingSupports":[{"segment":{"startIndex":#i0,"endIndex":#i4},"groundingChunkIndices":[0]}]}`))(min(n/10, 1024))
			return append([]byte(text), supports...)
		}},
		{"grounding: texts that are not there", func(n int) []byte {
			text := frameBegin + `{"text":"` + strings.Repeat("word ", n) + `"}` + frameEnd
			supports := candidateFrames(numbered(`"groundingMetadata":{"groundingChunks":[{"web":{"uri":"u","title":"t"}}],"groundingSupports":[{"segment":{"text":"word word word wort#i"},"groundingChunkIndices":[0]}]}`))(min(n/10, 1024))
			return append([]byte(text), supports...)
		}},
		{"grounding: supports among code", func(n int) []byte {
			var b strings.Builder
			for i := range n {
				b.WriteString(frameBegin + `{"text":"word "},{"executableCode":{"language":"PYTHON","code":"c"}}` + frameEnd)
				if i < 1024 {
					fmt.Fprintf(&b, "data: {\"candidates\":[{\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"u\"}}],\"groundingSupports\":[{\"segment\":{\"startIndex\":%d,\"endIndex\":%d},\"groundingChunkIndices\":[0]}]}}]}\r\n\r\n", i*5, i*5+4)
				}
			}
			return []byte(b.String() + lastFrame)
		}},
	}
}
