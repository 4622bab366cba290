package main

import (
	"errors"
	"fmt"
	"strings"
)

// event is a server-sent event as a strict client reads it.
type event struct {
	name string
	data string
}

// events splits a stream that heald wrote. What it writes is held to more than
// the standard asks: line feeds only, a blank line after each event.
func events(stream []byte) ([]event, error) {
	text := string(stream)
	if strings.Contains(text, "\r") {
		return nil, errors.New("the stream has a carriage return")
	}
	if !strings.HasSuffix(text, "\n\n") {
		return nil, errors.New("the stream ends within an event")
	}
	var out []event
	for block := range strings.SplitSeq(strings.TrimSuffix(text, "\n\n"), "\n\n") {
		var e event
		for line := range strings.SplitSeq(block, "\n") {
			field, rest, _ := strings.Cut(line, ": ")
			switch {
			case strings.HasPrefix(line, ":"):
			case field == "event" && e.name == "":
				e.name = rest
			case field == "data" && e.data == "":
				e.data = rest
			default:
				return nil, fmt.Errorf("line %s has no place", short(line))
			}
		}
		if e != (event{}) {
			out = append(out, e)
		}
	}
	return out, nil
}
