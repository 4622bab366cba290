package openai

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// token is a token with its log probability, as the upstream wrote both.
type token struct{ text, logprob jsontext.Value }

// AppendLogprobs appends the upstream's logprobsResult to list, the elements
// of a logprobs array. What cannot be read is left out.
func AppendLogprobs(list []byte, raw conversation.Raw) []byte {
	var chosen []token
	var tops [][]token
	var r jsonwalk.Reader
	r.Reset(raw)
	if r.Kind() != '{' {
		return list
	}
	err := r.Object(func(name []byte) (err error) {
		switch {
		case string(name) == "chosenCandidates" && r.Kind() == '[':
			chosen, err = readTokens(&r)
		case string(name) == "topCandidates" && r.Kind() == '[':
			tops, err = readTops(&r)
		default:
			_, err = r.Value()
		}
		return err
	})
	if err != nil {
		return list
	}
	for i, t := range chosen {
		if !t.whole() {
			continue
		}
		list = t.append(jsonwalk.Separate(list))
		list = append(list, `,"top_logprobs":[`...)
		if i < len(tops) {
			list = appendTops(list, tops[i])
		}
		list = append(list, `]}`...)
	}
	return list
}

func appendTops(list []byte, tops []token) []byte {
	first := true
	for _, t := range tops {
		if !t.whole() {
			continue
		}
		if !first {
			list = append(list, ',')
		}
		first = false
		list = append(t.append(list), '}')
	}
	return list
}

func (t token) whole() bool { return t.text.Kind() == '"' && t.logprob.Kind() == '0' }

// append writes the token's object without closing it.
func (t token) append(dst []byte) []byte {
	dst = append(append(dst, `{"token":`...), t.text...)
	dst = append(append(dst, `,"logprob":`...), t.logprob...)
	dst = append(dst, `,"bytes":[`...)
	for i, b := range jsonwalk.Unquote(t.text) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(b), 10)
	}
	return append(dst, ']')
}

// readTops reads [{"candidates":[…]}, …].
func readTops(r *jsonwalk.Reader) (tops [][]token, err error) {
	err = r.Array(func(int) error {
		var list []token
		err := members(r, func(name []byte) (err error) {
			if string(name) == "candidates" && r.Kind() == '[' {
				list, err = readTokens(r)
				return err
			}
			_, err = r.Value()
			return err
		})
		tops = append(tops, list)
		return err
	})
	return tops, err
}

// readTokens reads [{"token":"a","logProbability":-0.1}, …].
func readTokens(r *jsonwalk.Reader) (list []token, err error) {
	err = r.Array(func(int) error {
		var t token
		err := members(r, func(name []byte) error {
			v, err := r.Value()
			switch string(name) {
			case "token":
				t.text = v
			case "logProbability":
				t.logprob = v
			}
			return err
		})
		list = append(list, t)
		return err
	})
	return list, err
}

// members reads an object, or skips another value.
func members(r *jsonwalk.Reader, each func(name []byte) error) error {
	if r.Kind() != '{' {
		_, err := r.Value()
		return err
	}
	return r.Object(each)
}
