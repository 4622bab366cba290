package embeddings

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// tasks are the upstream's task types.
var tasks = []string{
	"RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY", "CLASSIFICATION", "CLUSTERING",
	"QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY",
}

// otherTasks are those of Cohere, Voyage and NVIDIA that differ.
var otherTasks = map[string]string{
	"search_query": "RETRIEVAL_QUERY", "query": "RETRIEVAL_QUERY",
	"search_document": "RETRIEVAL_DOCUMENT", "document": "RETRIEVAL_DOCUMENT", "passage": "RETRIEVAL_DOCUMENT",
}

// readTask reads what the vectors are for.
func (d *decoder) readTask(name string, v jsontext.Value) error {
	text, err := d.Text(name, v)
	said := text.String()
	if err != nil || said == "" {
		return err
	}
	task := otherTasks[strings.ToLower(said)]
	if task == "" {
		task = strings.ToUpper(said)
	}
	if !slices.Contains(tasks, task) {
		d.Warn(name, "left out: the upstream knows no such use of vectors; it knows "+strings.Join(tasks, ", "))
		return nil
	}
	d.task = conversation.Quote(task)
	return nil
}
