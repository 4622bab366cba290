package main

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
)

// scenario is one kind of request and answer.
type scenario struct {
	name   string
	about  string
	body   []byte // in the form of Anthropic Messages
	stream bool   // the client wants server-sent events
	chunks int    // of the upstream's answer
	open   bool   // memory of streams that stay open, instead of speed
}

const kilobyte = 1 << 10

func scenarios() []scenario {
	list := []scenario{
		{"json-small", "1 KB request, one JSON document as answer (upstream: 3 chunks)", smallBody(false), false, 3, false},
		{"body-200k", "200 KB request of a coding agent, 10 chunks", agentBody(200 * kilobyte), true, 10, false},
	}
	for _, n := range []int{10, 100, 1000, 10_000} {
		list = append(list, scenario{fmt.Sprintf("sse-%d", n), fmt.Sprintf("1 KB request, %d chunks", n), smallBody(true), true, n, false})
	}
	return append(list, scenario{streamsCommand, "memory of streams that have begun and are silent", smallBody(true), true, streamChunks, true})
}

// large are the scenarios that are measured only where they are named: heald
// needs a second for each.
func large() []scenario {
	var list []scenario
	for _, n := range []int{2, 20} {
		list = append(list, scenario{fmt.Sprintf("body-%dm", n), fmt.Sprintf("%d MB request of a coding agent, 10 chunks", n), agentBody(n << 20), true, 10, false})
	}
	return list
}

// driven are the scenarios in which requests are sent as fast as they are
// answered.
func driven(list []scenario) []scenario {
	return slices.DeleteFunc(slices.Clone(list), func(s scenario) bool { return s.open })
}

// choose returns the scenarios that a comma-separated list names; a name may
// have a "*", and "" is all that are not large.
func choose(filter string) ([]scenario, error) {
	if filter == "" {
		return scenarios(), nil
	}
	all := append(large(), scenarios()...)
	chosen := map[string]bool{}
	var names []string
	for _, s := range all {
		names = append(names, s.name)
	}
	for pattern := range strings.SplitSeq(filter, ",") {
		found := false
		for _, name := range names {
			if ok, err := path.Match(pattern, name); err == nil && ok {
				found, chosen[name] = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("-scenario: nothing is called %q; there are %s", pattern, strings.Join(names, ", "))
		}
	}
	return slices.DeleteFunc(all, func(s scenario) bool { return !chosen[s.name] }), nil
}

// request is what clients of heald send.
func (s *scenario) request() *request {
	r := &request{
		path: "/v1/messages",
		header: http.Header{
			"Content-Type":      {"application/json"},
			"X-Api-Key":         {"none"},
			"Anthropic-Version": {"2023-06-01"},
			"User-Agent":        {"bench"},
		},
		body: s.body,
		tail: "}",
	}
	if s.stream {
		r.tail = "data: {\"type\":\"message_stop\"}\n\n"
	}
	return r
}

// check says what is wrong with the answer that a client of heald got.
func (s *scenario) check(got []byte, a *answer) error {
	if s.stream {
		if n := strings.Count(string(got), `"type":"text_delta"`); n != len(a.chunks) {
			return fmt.Errorf("%d text deltas for %d chunks: %.300q", n, len(a.chunks), got)
		}
		return nil
	}
	if !strings.Contains(string(got), a.words()) {
		return fmt.Errorf("the answer lacks upstream's text: %.300q", got)
	}
	return nil
}

// checkEcho says what is wrong with the answer that the client of a yardstick got.
func checkEcho(got []byte, a *answer) error {
	want := 0
	for _, c := range a.chunks {
		want += len(c)
	}
	if len(got) != want {
		return fmt.Errorf("%d bytes came back of %d", len(got), want)
	}
	if !strings.HasSuffix(string(got), a.tail()) {
		return errors.New("the answer does not end as upstream's")
	}
	return nil
}
