package record

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Entry is one record on its way to a sink: an attempt or a request, the others
// are nil. Bodies go to the sink of a BodyKeeper only, and nothing else goes there.
type Entry struct {
	Attempt *Attempt
	Request *Request
	Bodies  *Bodies
}

// The kinds of entries, as JSON has them.
const (
	KindAttempt = "attempt"
	KindRequest = "request"
)

// entryVersion changes when the meaning of a field does. New fields do not
// change it.
const entryVersion = 1

type header struct {
	Version int    `json:"v"`
	Kind    string `json:"record"`
}

// MarshalJSON writes the record with its kind and the version of its form.
func (e Entry) MarshalJSON() ([]byte, error) {
	if e.Attempt != nil {
		return json.Marshal(struct {
			header
			*Attempt
		}{header{entryVersion, KindAttempt}, e.Attempt})
	}
	return json.Marshal(struct {
		header
		*Request
	}{header{entryVersion, KindRequest}, e.Request})
}

// UnmarshalJSON reads what MarshalJSON writes. Fields that it does not know are
// ignored, since newer replicas may write to the same place. It bounds what it reads.
func (e *Entry) UnmarshalJSON(b []byte) error {
	var h header
	if err := json.Unmarshal(b, &h); err != nil {
		return err
	}
	if h.Version == 0 {
		return errors.New("no record: those are in the files of record.file, not in the log or in what heald requests prints")
	}
	if h.Version != entryVersion {
		return fmt.Errorf("record of version %d; this heald reads version %d", h.Version, entryVersion)
	}
	switch h.Kind {
	case KindAttempt:
		*e = Entry{Attempt: &Attempt{}}
		defer e.Bound()
		return json.Unmarshal(b, e.Attempt)
	case KindRequest:
		*e = Entry{Request: &Request{}}
		defer e.Bound()
		return json.Unmarshal(b, e.Request)
	}
	return errors.New("neither the record of an attempt nor of a request")
}
