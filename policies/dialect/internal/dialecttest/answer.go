package dialecttest

import "github.com/heald-proxy/heald/policies/conversation"

var (
	answerIDs      = []string{"", "a", "b", "call_01", "é", "x__thought__Z3MxLmEuYi5j"}
	answerNames    = []string{"f", "freeform", "é\n", ""}
	answerCarriers = []string{"", "gs1.a.b.c", "gs1.d.e.f", "foreign"}
	answerTexts    = []string{"", "x", "two\nlines", `q"\`, "é\u2028😀", "```"}
	answerMedia    = []string{"image/png", "audio/L16;rate=24000", "video/mp4", "\"\n"}
	answerPieces   = [][]string{{}, {`{}`}, {`{"k`, `":[1,`, `"é"]}`}, {`{"input":"a\nb"}`}, {`{"broken`}}
	answerSources  = &conversation.Sources{
		Queries: []string{"q"},
		Pages:   []conversation.Page{{URL: "https://a.example/", Title: "A\"\n"}, {URL: "https://b.example/"}},
		Cited:   []conversation.Cited{{Start: 1, End: 3, Pages: []int{0, 1}}, {Start: -1, End: 1 << 20, Pages: []int{1, 7, -1}}},
	}
	answerLogprobs = conversation.Raw(`{"topCandidates":[{"candidates":[{"token":"é","logProbability":-1}]}],` +
		`"chosenCandidates":[{"token":"é","tokenId":3,"logProbability":-0.5},{"tokenId":4}]}`)
)

func pick[T any](list []T, n int) T { return list[n%len(list)] }

// Answer makes an answer from random bytes that follows the grammar of
// conversation's events.
func Answer(in []byte) []conversation.Event {
	events := []conversation.Event{{Kind: conversation.EventStart, ID: "r"}}
	for ; len(in) > 1; in = in[1:] {
		events = append(events, answerPart(int(in[0])%13, int(in[0])/13)...)
		if in[0]%5 == 0 {
			n := int(in[0])
			events[len(events)-1].Usage = conversation.Usage{Known: true, Input: n, Cached: n / 2, Output: n, Thoughts: n / 3}
		}
	}
	finish := byte(0)
	if len(in) > 0 {
		finish = in[0]
	}
	if finish%16 == 15 {
		err := &conversation.Error{Kind: conversation.ErrAPI, Message: "x"}
		return append(events, conversation.Event{Kind: conversation.EventFailure, Err: err})
	}
	end := conversation.Event{Kind: conversation.EventFinish, Finish: conversation.Finish(finish % 12), Note: "n"}
	if finish > 127 && end.Finish == conversation.FinishStop {
		end.Stop = "\n\""
	}
	return append(events, end)
}

// answerPart makes one part; n chooses what is in it.
func answerPart(kind, n int) []conversation.Event {
	text := conversation.Quote(pick(answerTexts, n))
	one := func(ev conversation.Event) []conversation.Event { return []conversation.Event{ev} }
	switch kind {
	case 0, 1:
		return one(conversation.Event{Kind: conversation.EventThought, Text: text})
	case 2, 3:
		return one(conversation.Event{Kind: conversation.EventText, Text: text})
	case 4:
		return one(conversation.Event{Kind: conversation.EventText, Text: text, Logprobs: answerLogprobs})
	case 5:
		return one(conversation.Event{Kind: conversation.EventSignature, Carrier: pick(answerCarriers, n)})
	case 6:
		data := conversation.Quote(pick([]string{"AAAA", "AA==", ""}, n/4))
		return one(conversation.Event{Kind: conversation.EventMedia, Media: conversation.Media{MIME: pick(answerMedia, n), Data: data}})
	case 7:
		return one(conversation.Event{Kind: conversation.EventCode, Name: "PYTHON", Text: text})
	case 8:
		return one(conversation.Event{Kind: conversation.EventCodeResult, Name: "OUTCOME_FAILED", Text: text})
	case 9:
		return one(conversation.Event{Kind: conversation.EventSources, Sources: answerSources})
	case 10:
		return []conversation.Event{
			{Kind: conversation.EventServerCall, Name: "search", Args: conversation.Raw(`{"queries":["é"]}`), Carrier: pick(answerCarriers, n)},
			{Kind: conversation.EventServerResult, Name: "search", Carrier: pick(answerCarriers, n)},
		}
	}
	call := one(conversation.Event{
		Kind: conversation.EventCallStart, CallID: pick(answerIDs, n), Name: pick(answerNames, n/2), Carrier: pick(answerCarriers, n),
	})
	for _, piece := range pick(answerPieces, n) {
		call = append(call, conversation.Event{Kind: conversation.EventCallArgs, Args: conversation.Raw(piece)})
	}
	return append(call, conversation.Event{Kind: conversation.EventCallEnd})
}
