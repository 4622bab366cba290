package fakegemini

import (
	"errors"
	"fmt"
	"net/http"
)

// Validate checks one POST request without a server: the error is what the API
// would answer, marks are the rules that were tolerated. path may have a query.
// Credentials are not checked.
func Validate(path string, body []byte, opts Options) (marks []string, err error) {
	r, err := http.NewRequest(http.MethodPost, "http://fake"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", path, err)
	}
	t, ok := parseTarget(r)
	if !ok {
		return nil, fmt.Errorf("path %q: no such route", path)
	}
	if len(opts.SignatureKey) == 0 {
		opts.SignatureKey = defaultSignatureKey
	}
	s := &Server{opts: opts, signer: signer{opts.SignatureKey}}
	_, marks, fail := s.examine(t, body)
	if fail != nil {
		return marks, errors.New(fail.Message)
	}
	return marks, nil
}

// defaultSignatureKey keys thought signatures where none was given.
var defaultSignatureKey = []byte("fakegemini: not a secret")
