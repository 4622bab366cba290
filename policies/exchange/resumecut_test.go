package exchange

import (
	"strings"
	"testing"
	"testing/synctest"
)

// wholeAnswer is an answer that takes all of its 100 tokens; it broke off after
// cutAt bytes and 60 tokens.
var wholeAnswer = "Rotterdam has the largest harbor of Europe. It lies at the mouths of the Rhine and the Meuse, forty kilometers long. " +
	"Half of what it handles is oil and its products; ore, coal and containers make up most of the rest. Barges carry them to Basel, trains to Milan. " +
	"The newest part, Maasvlakte 2, was built on sand from the sea, and was opened in"

const cutAt = 250

// cutShort plays a model that gives the whole answer again, however it is asked,
// and ends it at the token limit of the request: 40 tokens if that was lowered
// by what there is.
func cutShort(b *broken) {
	if strings.Contains(b.asked, `"maxOutputTokens":40`) {
		b.rest(saidFrame(wholeAnswer[:cutAt+10], 20), strings.Replace(saidFrame(wholeAnswer[cutAt+10:cutAt+20], 40), `"role": "model"}`, `"role": "model"},"finishReason": "MAX_TOKENS"`, 1))
	} else {
		b.rest(saidFrame(wholeAnswer, 100), finishes("MAX_TOKENS"))
	}
	b.restEnds()
}

// A reply that is the whole answer again does not end it at a limit that was
// lowered for the rest alone.
func TestWholeAnswerAgainIsNotCutShort(t *testing.T) {
	for name, c := range map[string]struct{ path, body string }{
		"stream": {"/v1/messages", ask}, "document": {"/v1/messages", askWhole},
		"native stream": {nativeStream, nativeTalk}, "native array": {nativeArray, nativeTalk}, "native document": {nativeWhole, nativeTalk},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breakingAt(t, c.path, c.body, resumeSet+",attempts=1", saidFrame(wholeAnswer[:cutAt], 60))
				b.upstream("", true)
				b.eachRest(cutShort)
				body := b.body.String()
				var text, finish string
				switch {
				case strings.HasPrefix(name, "native"):
					got := readNative(t, body)
					text, finish = got.text, got.finish+got.fault
				case name == "stream":
					text, finish = textOf(t, body), "MAX_TOKENS"
				case strings.Contains(body, `"text":"`+wholeAnswer+`"`):
					text, finish = wholeAnswer, "MAX_TOKENS"
				}
				if text != wholeAnswer || finish != "MAX_TOKENS" || strings.Contains(body, "event: error") || strings.Count(body, `"max_tokens"`)+strings.Count(body, "MAX_TOKENS") != 1 {
					t.Errorf("client has %q, finish %s:\n%s", text, finish, body)
				}
				if b.calls < 2 || strings.Contains(b.asked, `"maxOutputTokens":40`) {
					t.Errorf("%d requests for the rest, the last one %s", b.calls, b.asked)
				}
			})
		})
	}
}

// If no request is left, the end is an error, not a limit that the client has
// not set.
func TestAnswerThatRemainsCutShortEndsInAnError(t *testing.T) {
	for name, c := range map[string]struct{ path, body, fault string }{
		"claude": {"/v1/messages", ask, "event: error"}, "native": {nativeStream, nativeTalk, `"error"`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breakingAt(t, c.path, c.body, resumeSet, saidFrame(wholeAnswer[:cutAt], 60))
				b.refuse = []restRefusal{{status: 503, body: unreached}, {status: 503, body: unreached}}
				b.upstream("", true)
				b.eachRest(cutShort)
				if body := b.body.String(); b.calls != restRequests || !strings.Contains(body, c.fault) || strings.Contains(strings.ToLower(body), "max_tokens") {
					t.Errorf("after %d requests:\n%s", b.calls, body)
				}
			})
		})
	}
}
