package extproc

import "testing"

// The drawing in state.go, as rows: every move that is not here is refused.
func TestMoves(t *testing.T) {
	drawn := map[event]map[state]state{
		requestHeaders:   {idle: asked},
		requestPart:      {asked: asked},
		requestBody:      {asked: asking},
		rewritten:        {asking: sent},
		requestTrailers:  {asked: asked, sent: sent},
		responseHeaders:  {asked: peek, sent: peek},
		foreignHeaders:   {idle: open},
		responseChunk:    {peek: peek, due: due, open: open},
		responseTrailers: {peek: peek, due: due, open: open},
		passedEarly:      {peek: due, due: due},
		passed:           {peek: open, due: open},
		ended:            {idle: done, asked: done, asking: done, sent: done, peek: done, due: done, open: done},
	}
	for e := range events {
		for from := range states {
			s := &stream{state: from}
			err := s.move(e)
			to, ok := drawn[e][from]
			switch {
			case ok && (err != nil || s.state != to):
				t.Errorf("%s while %s: state %s, %v; want %s", e, from, s.state, err, to)
			case !ok && (err == nil || s.state != from):
				t.Errorf("%s while %s: state %s, %v; want an error", e, from, s.state, err)
			}
		}
	}
}
