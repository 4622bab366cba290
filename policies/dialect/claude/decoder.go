package claude

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/tool"
)

// maxNesting bounds content within content: a message's tool result's
// document's blocks. Each level is read once more.
const maxNesting = 4

// fieldNames are the API's names of fields; places are written
// messages.3.content.0.source, as the original service does.
var fieldNames = &conversation.FieldNames{Dots: true, Fields: map[string]string{
	"format": "output_config.format", "format.schema": "output_config.format.schema",
}}

// decoder reads one request.
type decoder struct {
	*jsonwalk.Walker
	nesting int
	// ids takes carriers off the ids of calls, as the API does on whose path the
	// request came; nil for this one.
	ids func(id string) (bare, carrier string)

	// Combined once all fields are known.
	thinking   thinking
	functions  []conversation.Tool // in functions, of another API
	effort     string              // output_config.effort
	turnEffort string              // that of the last message that has one
	added      []conversation.Tool // tools defined within the conversation
	deferred   int                 // tools with defer_loading
	toolChoice tool.Choice
	passing    []int // indexes of messages that are dropped when the user speaks again
}

// splitID takes the carrier off a call's id.
func (d *decoder) splitID(id string) (bare, carrier string) {
	if d.ids != nil {
		return d.ids(id)
	}
	return splitCallID(id)
}
