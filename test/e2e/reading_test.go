package e2e

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/heald-proxy/heald/test/stack"
)

// reading is what a client of some API understands of a reply.
type reading struct {
	text string // of the answer
	// finish is the API's word for the end of an answer; "" if the reply just
	// ends, or lacks what else must come last.
	finish string
	// fault is the API's word for an error, and message what it says.
	fault, message string
}

// seen describes a reply the way api.sees does.
func (a api) seen(got stack.Answer, stream bool, answer string) (string, reading) {
	r, err := a.read(got.Body, stream && got.Status == 200)
	what := "part"
	switch {
	case r.text == "":
		what = ""
	case r.finish == "stop" && r.text == answer:
		what = "good"
	case r.finish != "":
		what = fmt.Sprintf("other text %q", brief(r.text))
	}
	how := r.finish
	switch {
	case got.Err != nil:
		how = "broken off"
	case err != nil:
		how = "unreadable: " + err.Error()
	case r.fault != "":
		how = r.fault
	case r.finish == "":
		how = "no end"
	case r.finish == "stop" && what != "":
		how = ""
	}
	if what != "" && how != "" {
		what += ", then "
	}
	return fmt.Sprintf("%d %s%s", got.Status, what, how), r
}

// events calls each with the data of every server-sent event.
func events(body string, each func(data string) error) error {
	for line := range strings.SplitSeq(body, "\n") {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := each(strings.TrimSuffix(data, "\r")); err != nil {
				return fmt.Errorf("%w: %s", err, brief(data))
			}
		}
	}
	return nil
}

// stopOr is the finish in the words of this package: every API has its own for
// an answer that is simply complete.
func stopOr(finish, stop string) string {
	if finish == stop {
		return "stop"
	}
	return finish
}

func readMessages(body string, stream bool) (r reading, err error) {
	type message struct {
		Type       string
		StopReason string `json:"stop_reason"`
		Content    []struct{ Text string }
		Delta      struct {
			Text       string
			StopReason string `json:"stop_reason"`
		}
		Error struct{ Type, Message string }
	}
	if !stream {
		var m message
		err = json.Unmarshal([]byte(body), &m)
		for _, c := range m.Content {
			r.text += c.Text
		}
		r.finish = stopOr(m.StopReason, "end_turn")
		r.fault, r.message = m.Error.Type, m.Error.Message
		return r, err
	}
	stop := ""
	err = events(body, func(data string) error {
		var m message
		err := json.Unmarshal([]byte(data), &m)
		r.text += m.Delta.Text
		stop = cmp.Or(m.Delta.StopReason, stop)
		switch m.Type {
		case "error":
			r.fault, r.message = m.Error.Type, m.Error.Message
		case "message_stop":
			r.finish = stopOr(stop, "end_turn")
		}
		return err
	})
	return r, err
}

func readChat(body string, stream bool) (r reading, err error) {
	type completion struct {
		Choices []struct {
			Message, Delta struct{ Content string }
			FinishReason   string `json:"finish_reason"`
		}
		Error *struct{ Type, Code, Message string }
	}
	finish := ""
	take := func(data string) error {
		var c completion
		err := json.Unmarshal([]byte(data), &c)
		for _, choice := range c.Choices {
			r.text += choice.Message.Content + choice.Delta.Content
			finish = cmp.Or(choice.FinishReason, finish)
		}
		if c.Error != nil {
			r.fault, r.message = cmp.Or(c.Error.Code, c.Error.Type), c.Error.Message
		}
		return err
	}
	if !stream {
		err = take(body)
		r.finish = finish
		return r, err
	}
	err = events(body, func(data string) error {
		if data == "[DONE]" {
			r.finish = finish
			return nil
		}
		return take(data)
	})
	return r, err
}

func readResponses(body string, stream bool) (r reading, err error) {
	type fault struct{ Type, Code, Message string }
	type response struct {
		Status            string
		Output            []struct{ Content []struct{ Text string } }
		IncompleteDetails struct{ Reason string } `json:"incomplete_details"`
		Error             *fault
	}
	end := func(p response) {
		switch {
		case p.Error != nil:
			r.fault, r.message = cmp.Or(p.Error.Code, p.Error.Type), p.Error.Message
		case p.Status == "incomplete":
			r.finish = p.IncompleteDetails.Reason
		default:
			r.finish = stopOr(p.Status, "completed")
		}
	}
	if !stream {
		var p response
		err = json.Unmarshal([]byte(body), &p)
		for _, o := range p.Output {
			for _, c := range o.Content {
				r.text += c.Text
			}
		}
		end(p)
		return r, err
	}
	err = events(body, func(data string) error {
		var e struct {
			Type, Delta string
			Response    response
		}
		err := json.Unmarshal([]byte(data), &e)
		switch e.Type {
		case "response.output_text.delta":
			r.text += e.Delta
		case "response.completed", "response.incomplete", "response.failed":
			end(e.Response)
		}
		return err
	})
	return r, err
}

func readNative(body string, stream bool) (r reading, err error) {
	take := func(data string) error {
		var c struct {
			Candidates []struct {
				Content struct {
					Parts []struct {
						Text    string
						Thought bool
					}
				}
				FinishReason string
			}
			PromptFeedback struct{ BlockReason string }
			Error          struct{ Status, Message string }
		}
		err := json.Unmarshal([]byte(data), &c)
		for _, candidate := range c.Candidates {
			for _, p := range candidate.Content.Parts {
				if !p.Thought {
					r.text += p.Text
				}
			}
			r.finish = cmp.Or(stopOr(candidate.FinishReason, "STOP"), r.finish)
		}
		if b := c.PromptFeedback.BlockReason; b != "" {
			r.finish = "blocked " + b
		}
		if c.Error.Status != "" {
			r.fault, r.message = c.Error.Status, c.Error.Message
		}
		return err
	}
	if !stream {
		if body == "" {
			return r, errors.New("empty")
		}
		return r, take(body)
	}
	err = events(body, take)
	return r, err
}
