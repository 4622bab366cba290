package native

import (
	"fmt"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/gemini"
)

// otherShape maps fields of tools in other APIs to these APIs. No tool of
// Google's has such a name.
var otherShape = map[string]string{
	"type": "other APIs' tools", "function": "OpenAI's tools", "custom": "OpenAI's tools", "name": "other APIs' tools",
	"description": "other APIs' tools", "parameters": "OpenAI's tools", "strict": "OpenAI's tools", "inputSchema": "Anthropic's tools",
}

// tools leaves out tools that only the other API has.
func (r *repair) tools() error {
	return r.elements(func(i int) (outcome, error) {
		if err := r.opts.CheckClient(); err != nil {
			return cut, err
		}
		if i == conversation.MaxTools {
			return keep, jsonwalk.TooMany(fmt.Sprintf("tools[%d]", i), conversation.MaxTools, "tools")
		}
		kept := keep
		err := r.members(func(_ int, name []byte) (outcome, error) {
			return r.tool(i, camel(name))
		}, func(it items) {
			_, full := it.end()
			kept = outcome(full || len(it.list) == 0) // it was empty before
		})
		r.tooled = r.tooled || kept == keep
		return kept, err
	}, nil)
}

// tool repairs a tool, the member of an entry.
func (r *repair) tool(i int, field string) (outcome, error) {
	if found, err := r.foreignTool(i, field); found || err != nil {
		return cut, err
	}
	at := fmt.Sprintf("tools[%d].%s", i, field)
	switch {
	case r.kind() == 'n':
		return keep, r.skip()
	case otherShape[field] != "":
		return cut, unsupported(at, "this is the shape of "+otherShape[field]+"; Gemini's is "+
			`{"functionDeclarations":[{"name":"…","description":"…","parametersJsonSchema":{…}}]} for functions, and {"googleSearch":{}} for one of Google's own tools`)
	case field == "functionDeclarations":
		return r.declarations(at)
	}
	if _, err := r.opts.Keeps(conversation.ResourceTool, at, gemini.SnakeCase(field)); err != nil {
		return cut, err
	}
	return keep, r.known("tools."+field, at)
}

// toolConfig repairs the toolConfig. bare says that it holds nothing but a
// functionCallingConfig.
func (r *repair) toolConfig() (f outcome, bare bool, err error) {
	if r.count && r.vertex {
		return cut, false, r.skip() // countTokens of Vertex AI does not know it
	}
	f = keep
	others := 0
	err = r.members(func(_ int, name []byte) (outcome, error) {
		switch string(name) {
		case "functionCallingConfig", "function_calling_config":
			bare = true
			return keep, r.functionCalling()
		case "includeServerSideToolInvocations", "include_server_side_tool_invocations":
			// At Vertex AI such calls are never shown.
			return r.onlyStudio()
		}
		others++
		return keep, r.skip()
	}, func(it items) {
		if at, full := it.end(); !full && at > it.open {
			f = cut // nothing is left
		}
	})
	return f, bare && others == 0, err
}

// functionCalling drops the setting for streamed arguments if the reply is no
// stream or the API has no such setting.
func (r *repair) functionCalling() error {
	return r.members(func(_ int, name []byte) (outcome, error) {
		switch string(name) {
		case "streamFunctionCallArguments", "stream_function_call_arguments":
			return outcome(r.vertex && r.req.Stream), r.skip()
		case "mode":
			v, err := r.value()
			r.forced = strings.EqualFold(numeral(v), "ANY") || numeral(v) == "2"
			return keep, err
		}
		return keep, r.skip()
	}, nil)
}
