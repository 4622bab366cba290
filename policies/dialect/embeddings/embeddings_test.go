package embeddings

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

func TestMatch(t *testing.T) {
	if route, ok := New().Match("POST", "/v1/embeddings"); !ok || route.Operation != conversation.Embed {
		t.Errorf("%+v, %v", route, ok)
	}
	if _, ok := New().Match("GET", "/v1/embeddings"); ok {
		t.Error("GET is matched")
	}
	if _, ok := New().Match("POST", "/v1/embeddings/x"); ok {
		t.Error("another path is matched")
	}
}

func TestDecode(t *testing.T) {
	req, err := New().Decode(dialect.Route{}, nil, []byte(`{"input":["a","b \"c\""],"model":"m","dimensions":768,"encoding_format":"base64","user":"u","input_type":"query"}`))
	if err != nil {
		t.Fatal(err)
	}
	in := req.Embedding.Inputs
	if req.Model != "m" || len(in) != 2 || in[1].Parts[0].Text.String() != `b "c"` || *in[0].Dimensions != 768 || *in[1].Dimensions != 768 || req.Embedding.Place(1) != "input[1]" {
		t.Errorf("got %q, %+v", req.Model, req.Embedding)
	}
	if len(req.Warnings) != 0 || in[0].Task.String() != "RETRIEVAL_QUERY" || in[1].Task.String() != "RETRIEVAL_QUERY" {
		t.Errorf("warnings %v, task %s", req.Warnings, in[0].Task)
	}
	req, err = New().Decode(dialect.Route{}, nil, []byte(`{"model":"m","input":"a","dimensions":null,"encoding_format":null}`))
	if err != nil || len(req.Embedding.Inputs) != 1 || req.Embedding.Inputs[0].Dimensions != nil || req.Embedding.Place(0) != "input" {
		t.Errorf("got %+v, %v", req, err)
	}
}

func TestTasks(t *testing.T) {
	for field, want := range map[string]string{
		`"task_type":"RETRIEVAL_DOCUMENT"`: "RETRIEVAL_DOCUMENT", `"taskType":"clustering"`: "CLUSTERING",
		`"input_type":"search_document"`: "RETRIEVAL_DOCUMENT", `"input_type":"passage"`: "RETRIEVAL_DOCUMENT",
		`"input_type":"classification"`: "CLASSIFICATION", `"input_type":"image"`: "", `"input_type":null`: "", `"task_type":""`: "",
	} {
		req, err := New().Decode(dialect.Route{}, nil, []byte(`{`+field+`,"model":"m","input":["a"]}`))
		if err != nil || req.Embedding.Inputs[0].Task.String() != want || (len(req.Warnings) > 0) != strings.Contains(field, "image") {
			t.Errorf("%s: %+v, %v", field, req, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	many := `["a"` + strings.Repeat(`,"a"`, conversation.MaxInputs) + `]`
	for _, c := range []struct{ body, param, message string }{
		{`{"model":"m"}`, "input", "at least one"},
		{`{"model":"m","input":null}`, "input", "at least one"},
		{`{"model":"m","input":[]}`, "input", "at least one"},
		{`{"model":"m","prompt":"a"}`, "prompt", "field input"},
		{`{"model":"m","content":"a"}`, "content", "field input"},
		{`{"text":["a"],"model":"m"}`, "text", "field input"},
		{`{"model":"m","input":[],"text":"a"}`, "input", "at least one"},
		{`{"model":"m","input":""}`, "input", "empty"},
		{`{"model":"m","input":["a",""]}`, "input[1]", "empty"},
		{`{"model":"m","input":[1,2]}`, "input", "tokens"},
		{`{"model":"m","input":[[1,2],[3]]}`, "input", "tokens"},
		{`{"model":"m","input":["a",null]}`, "input[1]", "string"},
		{`{"model":"m","input":{"text":"a"}}`, "input", "string"},
		{`{"model":"m","input":` + many + `}`, "input", "2048"},
		{`{"input":"a"}`, "model", "required"},
		{`{"model":"m","input":"a","dimensions":0}`, "dimensions", "1"},
		{`{"model":"m","input":"a","dimensions":3073}`, "dimensions", "3072"},
		{`{"model":"m","input":"a","dimensions":1.5}`, "dimensions", "integer"},
		{`{"model":"m","input":"a","encoding_format":"int8"}`, "encoding_format", "base64"},
		{`["a"]`, "", "object"},
	} {
		_, err := New().Decode(dialect.Route{}, nil, []byte(c.body))
		var e *conversation.Error
		if !errors.As(err, &e) || e.Param != c.param || !strings.Contains(e.Message, c.message) {
			t.Errorf("%.60s: %v about %+v, want %q about %q", c.body, err, e, c.message, c.param)
		}
	}
}

// OpenAI's vectors have length 1, in either encoding.
func TestEmbeddings(t *testing.T) {
	reply := &conversation.Embeddings{Tokens: 7, Vectors: []conversation.Vector{
		{Values: conversation.Raw("[3, -4]")}, {Values: conversation.Raw("[\n 1e-300,\n 0\n]")},
		{Values: conversation.Raw("[3e300,4e300]")}, {Values: conversation.Raw("[5e-324,-5e-324]")},
	}}
	want := [][]float32{{0.6, -0.8}, {1, 0}, {0.6, 0.8}, {math.Sqrt2 / 2, -math.Sqrt2 / 2}}
	for _, encoded := range []bool{false, true} {
		var got struct {
			Object, Model string
			Data          []struct {
				Object    string
				Index     int
				Embedding json.RawMessage
			}
			Usage struct {
				Prompt int `json:"prompt_tokens"`
				Total  int `json:"total_tokens"`
			}
		}
		body := New().Embeddings(&conversation.Request{Model: `my "model"`, Own: own{base64: encoded}}, reply)
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		if got.Object != "list" || got.Model != `my "model"` || got.Usage.Prompt != 7 || got.Usage.Total != 7 || len(got.Data) != 4 {
			t.Errorf("got %s", body)
		}
		for i, d := range got.Data {
			values := numbers(t, d.Embedding, encoded)
			if d.Object != "embedding" || d.Index != i || len(values) != 2 {
				t.Fatalf("vector %d: %+v", i, d)
			}
			for j, v := range values {
				if math.Abs(float64(v-want[i][j])) > 1e-7 {
					t.Errorf("vector %d has %v, want %v", i, values, want[i])
				}
			}
		}
	}
}

func numbers(t *testing.T, v json.RawMessage, encoded bool) (out []float32) {
	t.Helper()
	if !encoded {
		if err := json.Unmarshal(v, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	var text string
	if err := json.Unmarshal(v, &text); err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for ; len(raw) >= 4; raw = raw[4:] {
		out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	}
	return out
}
