package record

// Fan passes records on to several recorders. Its zero value has none.
type Fan []Recorder

// Attempt passes on an attempt.
func (f Fan) Attempt(a Attempt) {
	for _, r := range f {
		r.Attempt(a)
	}
}

// Request passes on a request.
func (f Fan) Request(req Request) {
	for _, r := range f {
		r.Request(req)
	}
}
