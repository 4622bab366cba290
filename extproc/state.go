package extproc

// state is where a stream stands.
//
//	idle ─headers→ asked ─body→ asking ─request→ sent ─headers→ peek ──pass──→ open ─end→ done
//	                 └──────────headers─────────────────────────↑ └early→ due ─pass↑
//	  └──────────────┴────────────┴────────────────┴──────────────┴────────┴──reply→ done
//
// With one hop Envoy also shows its own replies to requests that heald has not
// seen, such as those of /healthz: idle ─foreign→ open.
type state uint8

const (
	idle   state = iota // nothing received
	asked               // request headers in; the body, if any, still coming
	asking              // the attempt is making the provider's request, which may take its time
	sent                // the provider has the request
	peek                // response headers in and held, with all chunks so far
	due                 // passed, but Envoy accepts no body reply before its first chunk
	open                // client has bytes: no retry from here on
	done                // ended once; later messages are ignored
	states
)

var stateNames = [states]string{"idle", "asked", "asking", "sent", "peek", "due", "open", "done"}

func (s state) String() string { return stateNames[s] }

// event is what can move a stream.
type event uint8

const (
	requestHeaders event = iota
	requestPart          // of a body that comes in parts
	requestBody
	rewritten // the attempt has made the provider's request
	requestTrailers
	responseHeaders
	foreignHeaders // of a reply to a request that heald has not seen
	responseChunk
	responseTrailers
	passedEarly // the attempt passes the response before body replies are legal
	passed      // the response headers go out
	ended       // the attempt is over
	events
)

var eventNames = [events]string{
	"request_headers", "part of request_body", "request_body", "request", "request_trailers",
	"response_headers", "foreign response_headers", "response_body", "response_trailers",
	"early pass", "pass", "end",
}

func (e event) String() string { return eventNames[e] }

// moves is the drawing above as a table. No move leads to idle, so idle stands
// for "not drawn".
var moves = [events][states]state{
	requestHeaders:  {idle: asked},
	requestPart:     {asked: asked},
	requestBody:     {asked: asking},
	rewritten:       {asking: sent},
	requestTrailers: {asked: asked, sent: sent},
	// Envoy's own reply to a request it could not buffer (413) comes before
	// the request body would.
	responseHeaders:  {asked: peek, sent: peek},
	foreignHeaders:   {idle: open},
	responseChunk:    {peek: peek, due: due, open: open},
	responseTrailers: {peek: peek, due: due, open: open},
	passedEarly:      {peek: due, due: due},
	passed:           {peek: open, due: open},
	ended:            {idle: done, asked: done, asking: done, sent: done, peek: done, due: done, open: done},
}

// move is the only function that changes the state.
func (s *stream) move(e event) error {
	to := moves[e][s.state]
	if to == idle {
		return breachf(undrawn, "%s while %s", e, s.state)
	}
	s.state = to
	return nil
}
