package account

import "time"

const (
	// shedWindow and shedFactor are those of Google's SRE book, chapter
	// "Handling Overload", "Client-Side Throttling". The factor lets twice as
	// many requests pass as the backend accepts, so that it is seen at once when
	// it accepts more.
	shedWindow = 2 * time.Minute
	shedFactor = 2
	// shedFewest are the requests of a window from which on attempts are shed: one
	// failure in a quiet minute says nothing.
	shedFewest = 10
)

// Shed computes the share of attempts to keep away from a backend that would
// refuse them anyway. There is one for each backend and model, in each replica.
// The zero value sheds nothing. It is not safe for concurrent use; its holder
// guards it.
type Shed struct{ window window }

// Note counts a request. accepted reports that the backend took it, whatever it
// answered; it is false if it refused for overload or was silent, and also for
// shed requests.
func (s *Shed) Note(now time.Time, accepted bool) {
	var n int64
	if accepted {
		n = 1
	}
	s.window.add(now, shedWindow, 1, n)
}

// Share is the share of requests to shed now, from 0 to below 1:
// max(0, (requests − 2 accepted) / (requests + 1)), over two minutes; 0 where
// there were fewer than shedFewest.
func (s *Shed) Share(now time.Time) float64 {
	requests, accepted := s.window.sum(now, shedWindow)
	if requests < shedFewest {
		return 0
	}
	return max(0, float64(requests-shedFactor*accepted)/float64(requests+1))
}
