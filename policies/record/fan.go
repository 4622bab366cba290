package record

// Fan tells several recorders. Its zero value tells nobody.
type Fan []Recorder

// Attempt tells all of an attempt.
func (f Fan) Attempt(a Attempt) {
	for _, r := range f {
		r.Attempt(a)
	}
}

// Request tells all of a request.
func (f Fan) Request(req Request) {
	for _, r := range f {
		r.Request(req)
	}
}
