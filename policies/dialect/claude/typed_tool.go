package claude

import (
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/tool"
)

// Tools that the original service declares by a type alone: the model was
// trained on them, so requests hold no schema. The upstream's model was not, so
// it gets the inputs from the service's documentation. The client runs the
// calls as usual.

const bashSchema = `{"type":"object","properties":{` +
	`"command":{"type":"string","description":"The command to run. Required unless the tool is being restarted."},` +
	`"restart":{"type":"boolean","description":"True restarts the shell; command is not needed then."}}}`

const editorFields = `"path":{"type":"string","description":"Absolute path to the file or directory."},` +
	`"file_text":{"type":"string","description":"For create: the content of the new file."},` +
	`"old_str":{"type":"string","description":"For str_replace: the text to replace; it must occur exactly once."},` +
	`"new_str":{"type":"string","description":"For str_replace: the new text. For insert: the text to insert."},` +
	`"insert_line":{"type":"integer","description":"For insert: the line after which to insert; 0 for the start."},` +
	`"view_range":{"type":"array","items":{"type":"integer"},"description":"For view of a file: first and last line, counted from 1; -1 as last line for the end."}},` +
	`"required":["command","path"]}`

const editorSchema = `{"type":"object","properties":{` +
	`"command":{"type":"string","enum":["view","create","str_replace","insert"]},` + editorFields

const editorUndoSchema = `{"type":"object","properties":{` +
	`"command":{"type":"string","enum":["view","create","str_replace","insert","undo_edit"]},` + editorFields

const memorySchema = `{"type":"object","properties":{` +
	`"command":{"type":"string","enum":["view","create","str_replace","insert","delete","rename"]},` +
	`"path":{"type":"string","description":"Path below /memories; for all commands but rename."},` +
	`"view_range":{"type":"array","items":{"type":"integer"},"description":"For view of a file: first and last line."},` +
	`"file_text":{"type":"string","description":"For create: the content of the file."},` +
	`"old_str":{"type":"string","description":"For str_replace: the text to replace; it must occur exactly once."},` +
	`"new_str":{"type":"string","description":"For str_replace: the new text."},` +
	`"insert_line":{"type":"integer","description":"For insert: the line after which to insert; 0 for the start."},` +
	`"insert_text":{"type":"string","description":"For insert: the text to insert."},` +
	`"old_path":{"type":"string","description":"For rename: the present path."},` +
	`"new_path":{"type":"string","description":"For rename: the new path."}},` +
	`"required":["command"]}`

// undoRemoved is the first text editor version without undo_edit.
const undoRemoved = "text_editor_20250429"

// typedTool declares a bash_, text_editor_ or memory_ tool.
func (d *decoder) typedTool(version string, m jsonwalk.Members) (conversation.Tool, error) {
	var t conversation.Tool
	if err := m.Apply(typedToolFields); err != nil {
		return t, err
	}
	switch {
	case strings.HasPrefix(version, "bash_"):
		t.Schema = conversation.Raw(bashSchema)
		t.Description = conversation.Quote("Runs a command in a bash session that lasts for the whole conversation, and returns its output.")
	case strings.HasPrefix(version, "memory_"):
		t.Schema = conversation.Raw(memorySchema)
		t.Description = conversation.Quote("Keeps files in /memories that outlive the conversation. Look there before starting a task, and note progress there.")
	default:
		t.Schema = conversation.Raw(editorSchema)
		if version < undoRemoved {
			t.Schema = conversation.Raw(editorUndoSchema)
		}
		t.Description = conversation.Quote("Views, creates and edits text files.")
	}
	return t, tool.Head(m, &t)
}
