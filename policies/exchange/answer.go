package exchange

import (
	"cmp"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/native"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/resume"
	"github.com/heald-proxy/heald/policies/sse"
)

// strayLimit bounds the bytes kept of a body that is no stream of answers. An
// error page is recognized by its beginning; a JSON array of answers is not
// longer than this in practice.
const strayLimit = 16 << 20

// answer translates the upstream's bytes under status 200 into the client's:
//
//	bytes ─sse→ frames ─gemini→ events ─stop, seal→ events with carriers ─dialect→ bytes
//	                 └────────────── for a dialect that is direct ──dialect──┘
//
// It holds no bytes of its own but what a frame or a signed call needs to be
// complete; whether its output is held back is the attempt's business.
type answer struct {
	reader   sse.Reader
	decoder  *gemini.Decoder
	lanes    []lane // one for each answer that was asked for
	ended    int    // of them
	encoder  dialect.Encoder
	features dialect.EncoderFeatures // of the encoder
	framed   framed                  // what it takes of a frame, if it takes frames

	forClient func(text string) string // redacts a text of upstream's for the client
	cleaner   *native.Cleaner          // of frames; nil if the encoder takes none

	in        int            // bytes from upstream
	read      int            // of them those of complete frames
	news      bool           // the answer made progress; see hasNews
	grown     int            // of a frame that is not complete, as of the last news
	stray     bool           // bytes came that are no answer
	status    *gemini.Status // an error object in the stream
	failed    error          // a frame could not be read; nothing after it is
	broken    error          // the bytes after those that were pushed could not be decompressed
	cut       bool           // they were cut, so that a frame which is not complete is not the last one
	usage     conversation.Usage
	tier      string // that the reply's headers name; "" if they do not
	textBytes int    // bytes of texts and arguments, in JSON form
	asked     int    // bytes of the request
	closed    bool   // Finish or Failure was encoded

	sofar  *resume.SoFar      // the text so far, if the answer may be resumed; else nil
	rest   *resume.Rest       // completes an answer that broke off; nil before
	before conversation.Usage // of the replies before the one under way

	events, joined, scanned, sealed []conversation.Event // reused

	taking func([]conversation.Event) // take, made once
	out    []byte                     // what take appends to
}

// newAnswer starts the translation of the reply to sent; resumes says that the
// rest is fetched should it break off.
func newAnswer(a *attempt, sent outgoing, resumes bool) *answer {
	t := &answer{
		decoder: gemini.NewDecoderOf(sent.expect),
		lanes:   newLanes(sent, a.carriers()),
		encoder: a.dialect.Encoder(a.req),
		asked:   len(sent.body),

		forClient: a.x.forClient,
	}
	t.taking = t.take
	t.features = t.encoder.Features()
	if t.takesFrames() {
		t.cleaner = native.NewCleaner(t.forClient, a.x.secrets.Hide)
	}
	if resumes {
		t.sofar = &resume.SoFar{}
	}
	return t
}

// takesFrames reports whether the encoder takes the upstream's frames.
func (t *answer) takesFrames() bool { return t.features.EncodeFrame != nil }

// continueWith prepares the answer for the reply to another request, which rest
// joins to the text so far, and whose signatures carriers seal. before is the
// usage so far. The encoder stays the same, and so do its numbers of blocks and
// events.
func (t *answer) continueWith(sent outgoing, rest *resume.Rest, carriers heal.Carriers, before conversation.Usage) {
	t.reader, t.decoder, t.grown = sse.Reader{}, gemini.NewDecoderOf(sent.expect), 0
	t.status, t.failed, t.broken, t.cut, t.stray = nil, nil, nil, false, false
	t.lanes[0].sealer = heal.NewSealer(carriers)
	t.rest, t.before, t.usage = rest, before, before
	t.asked += len(sent.body)
	if before.Known { // only the rest may have to be estimated
		t.asked, t.textBytes = len(sent.body), 0
	}
}

// feed translates the next bytes and appends what the client gets to dst.
// After an error object in the stream it translates nothing more.
func (t *answer) feed(dst, chunk []byte, end bool) ([]byte, error) {
	if err := t.push(chunk); err != nil {
		return dst, err
	}
	return t.drain(dst, end)
}

// drain translates all that was pushed.
func (t *answer) drain(dst []byte, end bool) (out []byte, err error) {
	for more := true; more; {
		dst, more, err = t.next(dst, end)
	}
	return dst, err
}

// push takes the next bytes, which next translates. They must stay unchanged
// until next has no more.
func (t *answer) push(chunk []byte) error {
	t.in += len(chunk)
	return t.reader.Feed(chunk)
}

// next translates the next frame that was pushed, and reports whether there may
// be one more. A caller that decides by the answer so far decides after each
// frame: bytes may be cut into chunks anywhere, frames are what they are. end
// means that nothing more will be pushed.
func (t *answer) next(dst []byte, end bool) (out []byte, more bool, err error) {
	if t.status != nil || t.closed || t.failed != nil {
		return dst, false, t.failed
	}
	frame, ok := t.reader.Next()
	if !ok && end && t.broken == nil && !t.cut {
		frame, ok = t.reader.End()
	}
	if !ok {
		return dst, false, cmp.Or(t.reader.Err(), t.broken)
	}
	before := t.finished()
	dst, err = t.frame(dst, frame)
	t.read += len(frame.Data)
	t.news, t.failed = t.news || t.finished() != before, err
	return dst, err == nil, err
}

// frameStep is how many bytes of a long frame must arrive to count as progress.
const frameStep = 4 << 10

// hasNews reports whether the answer has made progress since the last call: an
// event that carries something, or frameStep bytes of a long frame. Comments,
// frames without text and frames with nothing but counts are silence: a provider
// that hangs may well send them.
func (t *answer) hasNews() bool {
	pending := t.reader.Pending()
	news := t.news || pending-t.grown >= frameStep
	if t.news = false; news || pending < t.grown {
		t.grown = pending
	}
	return news
}

func (t *answer) frame(dst []byte, frame sse.Frame) ([]byte, error) {
	switch frame.Kind {
	case sse.Comment:
		return dst, nil
	case sse.Stray:
		// An error object, an array of answers (a proxy that dropped
		// alt=sse), or a page of HTML. The decoder knows the first two.
		if len(frame.Data) > strayLimit {
			t.stray = true
			return dst, nil
		}
	}
	var err error
	t.out = dst
	t.events, t.status, err = t.decoder.Each(t.events, frame.Data, t.taking)
	dst, t.out = t.out, nil
	if t.takesFrames() {
		dst = t.passFrame(dst, frame.Data, err == nil && t.status == nil)
	}
	if err != nil && frame.Kind == sse.Stray {
		t.stray = true
		return dst, nil
	}
	return dst, err
}

// take takes the events of the frame that is being decoded.
func (t *answer) take(events []conversation.Event) {
	t.news = t.news || len(events) > 0
	if t.takesFrames() {
		t.takeOfFrame(events)
		return
	}
	t.out = t.encode(t.out, events)
}

func (t *answer) encode(dst []byte, events []conversation.Event) []byte {
	events = t.follow(events)
	t.fillUsage(events)
	t.fillTier(events)
	t.clean(events)
	for len(events) > 0 {
		n := sameLane(events)
		dst = t.encodeLane(dst, events[:n])
		events = events[n:]
	}
	return dst
}

// clean redacts what upstream says about its finish, and drops an id that
// clients may refuse: the dialect then makes one of its own.
func (t *answer) clean(events []conversation.Event) {
	for i := range events {
		ev := &events[i]
		if ev.Note != "" {
			ev.Note = t.forClient(ev.Note)
		}
		if ev.Kind == conversation.EventStart && t.forClient(ev.ID) != ev.ID {
			ev.ID = ""
		}
	}
}

// fillTier sets the service tier where only the reply's headers name it.
func (t *answer) fillTier(events []conversation.Event) {
	for i := range events {
		if u := &events[i].Usage; u.Known && u.Tier == "" {
			u.Tier = t.tier
		}
	}
}

// fillUsage estimates the token counts of a finished answer if upstream sent
// none. Clients compact and bill by them, and zero for an answer with text would
// be wrong.
func (t *answer) fillUsage(events []conversation.Event) {
	for i := range events {
		ev := &events[i]
		t.textBytes += len(ev.Text) + len(ev.Args)
		if ev.Kind == conversation.EventFinish && (t.textBytes > 0 || t.before.Known) && !ev.Usage.Known {
			guess := conversation.Usage{Known: true, Input: gemini.EstimateTokens(t.asked), Output: gemini.EstimateTokens(t.textBytes)}
			ev.Usage = resume.Sum(t.before, guess)
		}
	}
}

// noteUsage keeps the usage of events.
func (t *answer) noteUsage(events []conversation.Event) {
	for _, ev := range events {
		if ev.Usage.Known {
			t.usage = ev.Usage
		}
	}
}

// finish completes an answer whose upstream has finished.
func (t *answer) finish(dst []byte) []byte {
	return t.endLanes(t.encode(dst, t.decoder.End(nil)))
}

// fail ends an answer that cannot be completed with the dialect's error event.
// The client keeps what it has.
func (t *answer) fail(dst []byte, err *conversation.Error) []byte {
	return t.encode(dst, []conversation.Event{{Kind: conversation.EventFailure, Err: err, Usage: t.spent()}})
}

// spent is the usage so far. What upstream counts grows with its frames.
func (t *answer) spent() conversation.Usage {
	if u := t.decoder.Usage(); u.Known {
		return resume.Sum(t.before, u)
	}
	return t.usage
}

// peeked is what a peek needs to know of the answer so far.
func (t *answer) peeked(end bool) heal.Peeked {
	g := heal.Peeked{Content: t.decoder.Content(), Answer: t.decoder.Answer(), Held: t.read, Ended: end, Stray: t.stray}
	if t.decoder.Blocked() {
		g.Finish = conversation.FinishBlocked
	} else if f, ok := t.decoder.Finish(); ok {
		g.Finish = f
	}
	return g
}

// undone reports a finish that invalidates an answer which has begun. Native
// clients know such finishes and get them unchanged.
func (t *answer) undone() bool {
	return !t.takesFrames() && !t.closed && heal.Undone(t.peeked(true))
}

func (t *answer) finished() bool {
	_, ok := t.decoder.Finish()
	return ok || t.closed || t.decoder.Blocked()
}
