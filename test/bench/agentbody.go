package main

import (
	"bytes"
	"fmt"
	"strings"
)

const (
	agentTools  = 20
	agentTurns  = 30 // of a call and its result, after the first message
	agentSystem = 16 * kilobyte
)

// smallBody is a request of 1 KB.
func smallBody(stream bool) []byte {
	const head = `{"model":"gemini-3.5-flash","max_tokens":4096,"stream":%v,"messages":[{"role":"user","content":"%s"}]}`
	return fmt.Appendf(nil, head, stream, filler(kilobyte-len(head)))
}

// agentBody is a request of size bytes in the shape of Claude Code's: a long
// system text, 20 tools, and 61 messages: a question, and turns in which the
// assistant thinks and calls a tool and the user returns the result. Only the
// results have no fixed length.
func agentBody(size int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"model":"gemini-3.5-flash","max_tokens":32000,"stream":true,"thinking":{"type":"enabled","budget_tokens":10000},`+
		`"system":[{"type":"text","text":"%s","cache_control":{"type":"ephemeral"}}],"tools":[`, filler(agentSystem))
	for i := range agentTools {
		comma(&b, i)
		fmt.Fprintf(&b, `{"name":"tool_%d","description":"%s","input_schema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object",`+
			`"properties":{"file_path":{"type":"string","description":"The absolute path of the file."},"offset":{"type":"integer","minimum":0},`+
			`"mode":{"type":"string","enum":["read","write"]},"edits":{"type":"array","items":{"type":"object","properties":{"old":{"type":"string"},`+
			`"new":{"type":"string"}},"required":["old","new"],"additionalProperties":false}}},"required":["file_path"],"additionalProperties":false}}`,
			i, filler(2*kilobyte))
	}
	fmt.Fprintf(&b, `],"messages":[{"role":"user","content":[{"type":"text","text":"%s"}]}`, filler(kilobyte))
	each := (size - b.Len()) / agentTurns
	for i := range agentTurns {
		from := b.Len()
		fmt.Fprintf(&b, `,{"role":"assistant","content":[{"type":"thinking","thinking":"%s","signature":"%s"},`+
			`{"type":"tool_use","id":"toolu_%d","name":"tool_%d","input":{"file_path":"/src/file_%d.go","offset":%d,"mode":"read"}}]}`,
			filler(300), strings.Repeat("c2ln", 75), i, i%agentTools, i, 10*i)
		fmt.Fprintf(&b, `,{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_%d","content":[{"type":"text","text":"`, i)
		b.WriteString(lines(each - (b.Len() - from) - len(`"}]}]}`)))
		b.WriteString(`"}]}]}`)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func comma(b *bytes.Buffer, i int) {
	if i > 0 {
		b.WriteByte(',')
	}
}

// filler is n bytes of prose.
func filler(n int) string {
	const words = "A sentence with some words that say nothing much. "
	return strings.Repeat(words, n/len(words)+1)[:max(n, 0)]
}

// lines is about n bytes of source code as a JSON string has it: every line has
// escapes.
func lines(n int) string {
	const line = `\tif err := run(ctx, \"name\"); err != nil {\n\t\treturn err\n\t}\n`
	return strings.Repeat(line, max(n/len(line), 1))
}
