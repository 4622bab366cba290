package fakegemini

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// useTool in the last user text asks the auto model for a call:
// USE-TOOL <name> <json args>, or alone for whatever function fits best.
const useTool = "USE-TOOL"

// echoLimit is how many characters of its input the auto model repeats.
const echoLimit = 200

// shells are the functions preferred when no name is given.
var shells = []string{"Bash", "run_shell_command", "exec_command", "shell"}

// autoReply answers as a plausible model would.
func autoReply(j *validator) Reply {
	var reply Reply
	answers, text := lastInput(j.body)
	schema, _ := j.responseSchema()
	switch calls := j.autoCalls(text); {
	case j.cap.output == imageOut:
		reply = j.autoImage(text)
	case len(calls) > 0:
		reply = Calls(calls...)
	case j.wantsJSON():
		reply = Text(pieces(instance(schema))...)
	case len(answers) > 0 && !strings.Contains(text, useTool):
		reply = j.limited("The tool said: " + clipRunes(outputs(answers), echoLimit))
	case text == "":
		reply = j.limited("I have nothing to say to that.")
	default:
		reply = j.limited("You said: " + clipRunes(text, echoLimit))
	}
	if j.thinks() {
		reply = Think("**Considering the request**\n\nI look at what is asked. ").Then(reply)
	}
	return reply.named("auto")
}

// thinks reports that the client is to see thoughts.
func (j *validator) thinks() bool {
	config := j.config("thinkingConfig")
	return config.get("includeThoughts").isTrue() && config.get("thinkingBudget").literal() != "0"
}

func (n *node) literal() string {
	if n == nil {
		return ""
	}
	return n.text
}

// lastInput finds what the last user turn brought: answers, and the text after
// the last of them.
func lastInput(body *node) (answers []*node, text string) {
	turns := runs(body.get("contents").list())
	if len(turns) == 0 || turns[len(turns)-1].role != "user" {
		return nil, ""
	}
	var texts []string
	for _, c := range turns[len(turns)-1].contents {
		for _, p := range c.get("parts").list() {
			if a := p.get("functionResponse"); a != nil {
				answers, texts = append(answers, a), nil
			} else if t := p.get("text").str(); t != "" {
				texts = append(texts, t)
			}
		}
	}
	return answers, strings.Join(texts, "\n")
}

// outputs joins what the tools returned.
func outputs(answers []*node) string {
	var out []string
	for _, a := range answers {
		response := a.get("response")
		switch {
		case response.member("output").str() != "":
			out = append(out, response.member("output").str())
		case response.member("error").str() != "":
			out = append(out, response.member("error").str())
		default:
			out = append(out, response.json())
		}
	}
	return strings.Join(out, "\n")
}

// autoCalls reads the wanted calls from the text; mode ANY calls in any case.
func (j *validator) autoCalls(text string) []FunctionCall {
	decls, _ := j.declarations()
	if len(decls) == 0 || j.mode() == "NONE" {
		return nil
	}
	var calls []FunctionCall
	for _, request := range strings.Split(text, useTool)[1:] {
		if c, ok := readCall(request, decls); ok {
			calls = append(calls, c)
		}
	}
	if len(calls) == 0 && j.mode() == "ANY" {
		allowed := j.body.get("toolConfig").get("functionCallingConfig").get("allowedFunctionNames").list()
		d := preferred(decls, allowed)
		calls = append(calls, FunctionCall{Name: d.get("name").str(), Args: fitting(d)})
	}
	return calls
}

// readCall reads what follows one USE-TOOL.
func readCall(s string, decls []*node) (FunctionCall, bool) {
	line, _, _ := strings.Cut(s, "\n")
	name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	name, _, _ = strings.Cut(name, "{")
	if name == "" {
		d := preferred(decls, nil)
		return FunctionCall{Name: d.get("name").str(), Args: fitting(d)}, true
	}
	i := slices.IndexFunc(decls, func(d *node) bool { return d.get("name").str() == name })
	if i < 0 {
		return FunctionCall{}, false
	}
	_, after, _ := strings.Cut(s, name)
	if trimmed := strings.TrimLeft(after, " \t\r\n"); strings.HasPrefix(trimmed, "{") {
		d := jsontext.NewDecoder(bytes.NewReader([]byte(trimmed)))
		if v, err := d.ReadValue(); err == nil {
			return FunctionCall{Name: name, Args: string(v)}, true
		}
	}
	return FunctionCall{Name: name, Args: fitting(decls[i])}, true
}

// preferred picks a function: an allowed one, a shell, else the first.
func preferred(decls, allowed []*node) *node {
	for _, d := range decls {
		for _, a := range allowed {
			if a.str() == d.get("name").str() {
				return d
			}
		}
	}
	for _, shell := range shells {
		for _, d := range decls {
			if d.get("name").str() == shell {
				return d
			}
		}
	}
	return decls[0]
}

// fitting makes arguments with every required property.
func fitting(d *node) string {
	schema := d.get("parametersJsonSchema")
	if schema == nil {
		schema = d.get("parameters")
	}
	if schema == nil {
		return "{}"
	}
	return instance(schema)
}

// limited cuts an answer at the request's stop sequences and output limit.
func (j *validator) limited(text string) Reply {
	for _, s := range j.config("stopSequences").list() {
		text, _, _ = strings.Cut(text, s.str())
	}
	finish := "STOP"
	if v, ok := j.number("maxOutputTokens"); ok && tokens(len(text)) > int(v) {
		text = strings.ToValidUTF8(text[:int(v)*4], "")
		finish = "MAX_TOKENS"
	}
	return Text(pieces(text)...).Finish(finish)
}

// pieces cuts a text into three, so that a stream has something to stream.
func pieces(s string) []string {
	n := utf8.RuneCountInString(s)
	if n < 3 {
		return []string{s}
	}
	runes := []rune(s)
	return []string{string(runes[:n/3]), string(runes[n/3 : 2*n/3]), string(runes[2*n/3:])}
}

func clipRunes(s string, most int) string {
	runes := []rune(s)
	return string(runes[:min(len(runes), most)])
}
