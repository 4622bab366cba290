package main

import (
	"errors"
	"fmt"
)

func sampleChat(stream bool) (path, body string) {
	options := ""
	if stream {
		options = `"stream_options":{"include_usage":true},`
	}
	return "/v1/chat/completions", fmt.Sprintf(`{"model":"m","stream":%t,%s"messages":[{"role":"user","content":"hi"}]}`, stream, options)
}

// streamChat holds a stream to the form of OpenAI's own: the role first, one
// finish, then the usage without choices, then [DONE]; or an error and
// nothing after it.
func streamChat(body []byte) (*answer, error) {
	list, err := events(body)
	if err != nil {
		return nil, err
	}
	f := &chatFold{}
	for _, e := range list {
		if err := f.event(e); err != nil {
			return nil, err
		}
	}
	if !f.over {
		return nil, errors.New("the stream has no end")
	}
	return &f.answer, f.answer.parseArgs()
}

type chatFold struct {
	answer              answer
	id                  string
	role, counted, over bool
}

func (f *chatFold) event(e event) error {
	if e.name != "" || f.over {
		return fmt.Errorf("event %q %s has no place", e.name, short(e.data))
	}
	if e.data == "[DONE]" {
		f.over = true
		if f.answer.finish == unfinished || !f.counted {
			return errors.New("[DONE] before the finish or the usage")
		}
		return nil
	}
	v, err := parse([]byte(e.data))
	if err != nil {
		return err
	}
	if fail := v.get("error"); fail.there() {
		f.over, f.answer.failed = true, fail.get("message").str()
		return nil
	}
	if v.get("object").str() != "chat.completion.chunk" || v.get("id").str() == "" || f.id != "" && f.id != v.get("id").str() {
		return fmt.Errorf("chunk %s is of another kind or answer", short(e.data))
	}
	f.id = v.get("id").str()
	choices := v.get("choices").elements()
	if len(choices) == 0 {
		if f.answer.finish == unfinished || f.counted {
			return errors.New("usage before the finish, or twice")
		}
		f.counted, f.answer.usage = true, chatUsage(v.get("usage"))
		return nil
	}
	if f.answer.finish != unfinished {
		return errors.New("a choice after the finish")
	}
	return f.choice(choices[0])
}

func (f *chatFold) choice(c value) error {
	d := c.get("delta")
	if role := d.get("role").str(); (role == "assistant") == f.role {
		return fmt.Errorf("role %q comes late or twice", role)
	}
	f.role = true
	a := &f.answer
	a.chatSaid(d)
	for _, p := range d.get("tool_calls").elements() {
		i := p.get("index").count()
		switch {
		case i == len(a.calls) && p.get("id").str() != "" && p.get("function", "name").str() != "":
			a.calls = append(a.calls, reply{id: p.get("id").str(), name: p.get("function", "name").str()})
		case i != len(a.calls)-1 || p.get("id").there():
			return fmt.Errorf("tool call %s does not follow", p.canonical())
		}
		a.calls[i].args += p.get("function", "arguments").str()
	}
	return a.chatFinish(c)
}

// chatSaid adds what a message or a delta says but for calls.
func (a *answer) chatSaid(d value) {
	if t := d.get("content").str(); t != "" {
		a.texts = append(a.texts, t)
	}
	a.thoughts += d.get("reasoning_content").str()
	for _, i := range d.get("images").elements() {
		if m, ok := dataURL(i.get("image_url", "url").str()); ok {
			a.files = append(a.files, m)
		}
	}
}

func (a *answer) chatFinish(c value) error {
	reasons := map[string]finish{"stop": stopped, "tool_calls": called, "length": length, "content_filter": refusing}
	if word := c.get("finish_reason"); word.there() {
		known, ok := reasons[word.str()]
		if !ok {
			return fmt.Errorf("finish_reason %s", word.canonical())
		}
		a.finish = known
	}
	return nil
}

func chatUsage(u value) usage {
	return usage{
		u.get("prompt_tokens").count(), u.get("prompt_tokens_details", "cached_tokens").count(),
		u.get("completion_tokens").count(), u.get("completion_tokens_details", "reasoning_tokens").count(),
	}
}

// parseArgs spells the arguments of all calls the canonical way. Those of a
// broken answer may be cut.
func (a *answer) parseArgs() error {
	for i := range a.calls {
		if a.calls[i].id == "" {
			return fmt.Errorf("call %d has no id", i)
		}
		v, err := parse([]byte(a.calls[i].args))
		if a.failed == "" && (err != nil || !v.isObject()) {
			return fmt.Errorf("the arguments %s are no object", short(a.calls[i].args))
		}
		if err == nil {
			a.calls[i].args = v.canonical()
		}
	}
	return nil
}

// documentChat reads a reply of one document.
func documentChat(body []byte) (*answer, error) {
	v, err := parse(body)
	if err != nil {
		return nil, err
	}
	choices := v.get("choices").elements()
	if v.get("object").str() != "chat.completion" || v.get("id").str() == "" || len(choices) == 0 {
		return nil, errors.New("no chat.completion")
	}
	a := &answer{usage: chatUsage(v.get("usage"))}
	m := choices[0].get("message")
	if m.get("role").str() != "assistant" {
		return nil, errors.New("the message has no role")
	}
	a.chatSaid(m)
	for _, c := range m.get("tool_calls").elements() {
		a.calls = append(a.calls, reply{id: c.get("id").str(), name: c.get("function", "name").str(), args: c.get("function", "arguments").str()})
	}
	return a, errors.Join(a.chatFinish(choices[0]), a.parseArgs())
}
