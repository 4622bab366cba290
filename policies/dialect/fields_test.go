package dialect_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/allow"
	"github.com/heald-proxy/heald/policies/dialect/chat"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/completions"
	"github.com/heald-proxy/heald/policies/dialect/embeddings"
	"github.com/heald-proxy/heald/policies/dialect/images"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/responses"
	"github.com/heald-proxy/heald/policies/dialect/transcriptions"
)

var update = flag.Bool("update", false, "write FIELDS.md anew")

// fieldsFile is written from the tables that the decoders consult.
const fieldsFile = "FIELDS.md"

var documented = []struct {
	title  string
	tables []*jsonwalk.Table
}{
	{"Anthropic Messages", claude.Tables()},
	{"OpenAI Chat Completions", chat.Tables()},
	{"OpenAI Responses", responses.Tables()},
	{"OpenAI Completions", completions.Tables()},
	{"OpenAI Embeddings", embeddings.Tables()},
	{"OpenAI Transcriptions", transcriptions.Tables()},
	{"OpenAI Images", images.Tables()},
}

func writeTable(b *bytes.Buffer, table *jsonwalk.Table) {
	fmt.Fprintf(b, "\n### %s\n\n| field | | why |\n|---|---|---|\n", table.Name)
	for _, f := range table.Fields {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.Name, f.Action, strings.ReplaceAll(f.Why, "|", "\\|"))
	}
}

// What the documentation says of a field is what the code does with it: both
// come from one table.
func TestFieldsAreDocumented(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`# What becomes of each field

Made from the tables that the decoders consult: ` + "`go test ./policies/dialect -update`" + ` writes it anew.

| | |
|---|---|
| map | it has an equivalent at Gemini |
| drop | left out: the answer does not depend on it |
| warn | left out or changed, and the client is told in ` + "`x-heald-warning`" + `; refused where the policy is ` + "`strict`" + ` |
| refuse | the request fails with 400: without it the answer would be wrong |

A field that stands in no table is left out with a warning that names it; a message, part or item of which that would lose what was said, and a field that holds a schema, are refused. A tool that cannot be called here is left out with a warning, and refused only where nothing else could fulfill the tool_choice; what such tools left in the history becomes text. Parts and blocks of another API are read by its table. Of native Gemini requests only what needs a right is listed: their bodies reach the backend as they are, save for what the backend would refuse.

## What a policy must allow

What these fields of a Gemini request name is read, run or recorded with the rights of the gateway's account, so a policy decides on it, for clients of every API whose fields become these. A request that names what is not allowed is refused with 400; the error names the field and the setting. Names count in any spelling (` + "`fileUri`, `file_uri`, `FileUri`" + `). A list where the API has an object is refused with 400.

| field | setting | why |
|---|---|---|
`)
	for _, f := range allow.Fields {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", f.Path, f.Setting, f.Why)
	}
	uses := map[*jsonwalk.Table]int{}
	for _, d := range documented {
		for _, table := range d.tables {
			uses[table]++
		}
	}
	for _, d := range documented {
		fmt.Fprintf(&b, "\n## %s\n", d.title)
		for _, table := range d.tables {
			if uses[table] == 1 {
				writeTable(&b, table)
			}
		}
	}
	b.WriteString("\n## Common to several APIs\n\n" +
		"Clients that know several APIs send the words of one on the path of another. What is plain is understood on each path; the reply is that of the path.\n")
	for _, d := range documented {
		for _, table := range d.tables {
			if uses[table] > 1 {
				writeTable(&b, table)
			}
			uses[table] = 0
		}
	}
	if *update {
		if err := os.WriteFile(fieldsFile, b.Bytes(), 0o644); err != nil { //nolint:gosec // a document for everybody
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(fieldsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, b.Bytes()) {
		t.Errorf("%s is not what the tables say; run go test ./policies/dialect -update and read the change", fieldsFile)
	}
}
