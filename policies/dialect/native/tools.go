package native

import (
	"fmt"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/gemini"
)

// tools looks for tools that only AI Studio has: without them the answer would
// be another.
func (r *repair) tools() error {
	return r.elements(func(i int) (fate, error) {
		if err := r.opts.Wanted(); err != nil {
			return cut, err
		}
		r.tooled = true
		if i == conversation.MaxTools {
			return keep, jsonwalk.TooMany(fmt.Sprintf("tools[%d]", i), conversation.MaxTools, "tools")
		}
		return keep, r.members(func(_ int, name []byte) (fate, error) {
			switch string(name) {
			case "fileSearch", "file_search", "mcpServers", "mcp_servers":
				if r.vertex && r.kind() != 'n' {
					return cut, unsupported(fmt.Sprintf("tools[%d].%s", i, camel(name)), "only AI Studio has this tool")
				}
			case "functionDeclarations", "function_declarations":
				if r.opts.RelaxSchema {
					return keep, r.elements(func(int) (fate, error) { return keep, r.declaration() }, nil)
				}
				return keep, r.skip()
			}
			if r.kind() == 'n' {
				return keep, r.skip()
			}
			field := camel(name)
			if _, err := r.opts.Keeps(conversation.ResourceTool, fmt.Sprintf("tools[%d].%s", i, field), gemini.SnakeCase(field)); err != nil {
				return cut, err
			}
			return keep, r.skip()
		}, nil)
	}, nil)
}

// toolConfig repairs the toolConfig. bare says that it holds nothing but a
// functionCallingConfig.
func (r *repair) toolConfig() (f fate, bare bool, err error) {
	if r.count && r.vertex {
		return cut, false, r.skip() // countTokens of Vertex AI does not know it
	}
	f = keep
	others := 0
	err = r.members(func(_ int, name []byte) (fate, error) {
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

// functionCalling leaves the wish for streamed arguments out where there is no
// stream to send them in, or no such thing.
func (r *repair) functionCalling() error {
	return r.members(func(_ int, name []byte) (fate, error) {
		switch string(name) {
		case "streamFunctionCallArguments", "stream_function_call_arguments":
			return fate(r.vertex && r.req.Stream), r.skip()
		}
		return keep, r.skip()
	}, nil)
}
