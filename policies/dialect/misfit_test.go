package dialect_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/chat"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/completions"
	"github.com/heald-proxy/heald/policies/dialect/embeddings"
	"github.com/heald-proxy/heald/policies/dialect/images"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/policies/dialect/responses"
)

// misfits are values that stand where others belong.
var misfits = []string{`"x"`, `""`, `0`, `1`, `-1`, `1.5`, `3000000000`, `true`, `false`, `null`, `[]`, `[1]`, `["x"]`, `{}`, `{"x":1}`}

// full are requests with nearly all that has a meaning.
var full = []struct {
	dialect dialect.Dialect
	body    string
}{
	{claude.New(), `{"model":"m","max_tokens":100,"stream":true,"system":[{"type":"text","text":"s"}],"temperature":1,"top_p":0.5,"top_k":3,"stop_sequences":["a","b"],
		"thinking":{"type":"enabled","budget_tokens":50},"output_config":{"effort":"high","format":{"type":"json_schema","schema":{"type":"object"}}},"metadata":{"user_id":"u"},"service_tier":"auto",
		"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},
		"tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true},{"type":"web_search_20250305","name":"web_search","blocked_domains":["d"]},{"type":"bash_20250124","name":"bash"},{"type":"code_execution_20250825","name":"code_execution"}],
		"messages":[{"role":"user","content":"plain"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},{"type":"document","title":"t","source":{"type":"text","media_type":"text/plain","data":"d"}},{"type":"image","source":{"type":"url","url":"https://a/b"}}]},
		{"role":"assistant","content":[{"type":"thinking","thinking":"h","signature":"s"},{"type":"text","text":"b"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":[{"type":"text","text":"r"}]}]}]}`},
	{chat.New(chat.Config{}), `{"model":"m","stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":100,"temperature":1,"top_p":0.5,"stop":["a","b"],"seed":4,"n":1,"presence_penalty":1,"frequency_penalty":1,
		"logprobs":true,"top_logprobs":3,"reasoning_effort":"high","service_tier":"flex","user":"u","parallel_tool_calls":false,"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object"}}},
		"modalities":["text","audio"],"audio":{"voice":"v","format":"wav"},"extra_body":{"google":{"cached_content":"c"}},
		"tool_choice":{"type":"function","function":{"name":"f"}},"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},{"type":"custom","custom":{"name":"g","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"x"}}}}],
		"messages":[{"role":"system","content":"s"},{"role":"user","name":"n","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},{"type":"file","file":{"file_data":"data:application/pdf;base64,AAAA","filename":"f"}}]},
		{"role":"assistant","content":"b","reasoning_content":"h","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t","content":"r"}]}`},
	{responses.New(), `{"model":"m","stream":true,"instructions":"s","max_output_tokens":100,"temperature":1,"top_p":0.5,"top_logprobs":3,"parallel_tool_calls":false,"prompt_cache_key":"k","service_tier":"priority","store":false,
		"reasoning":{"effort":"high","summary":"auto"},"text":{"verbosity":"low","format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true}},"include":["reasoning.encrypted_content","message.output_text.logprobs"],
		"tool_choice":{"type":"function","name":"f"},"tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true},{"type":"custom","name":"g","format":{"type":"grammar","syntax":"lark","definition":"x"}},{"type":"namespace","name":"n","tools":[{"type":"function","name":"h"}]},{"type":"web_search"}],
		"input":[{"role":"user","content":"plain"},{"type":"message","role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"low"},{"type":"input_file","file_data":"data:application/pdf;base64,AAAA","filename":"f"}]},
		{"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"h"}],"encrypted_content":"e"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]},
		{"type":"function_call","call_id":"t","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"t","output":"r"},{"type":"custom_tool_call","call_id":"u","name":"g","input":"i"},{"type":"custom_tool_call_output","call_id":"u","output":"r"}]}`},
	{responses.New(), `{"model":"m","input":"plain","tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]},"text":{"format":{"type":"text"}},"reasoning":{"effort":"none"},"tools":[{"type":"function","name":"f"}]}`},
	{chat.New(chat.Config{}), `{"model":"m","messages":[{"role":"developer","content":"alone"}],"extra_body":{"google":{"thinking_config":{"thinking_budget":1}}},"response_format":{"type":"json_object"},"stop":"a","max_tokens":5,"functions":[{"name":"f"}],"function_call":{"name":"f"}}`},
	{images.New(), `{"model":"m","prompt":"p","n":1,"size":"1536x1024","quality":"high","background":"opaque","output_format":"jpeg","output_compression":80,"response_format":"b64_json","stream":true,"partial_images":1,"moderation":"low","style":"vivid","user":"u"}`},
	{completions.New(), `{"model":"m","prompt":["p"],"stream":true,"stream_options":{"include_usage":true},"max_tokens":5,"temperature":1,"top_p":0.5,"seed":4,"stop":["a"],"presence_penalty":1,"frequency_penalty":1,"n":1,"best_of":1,"suffix":"","echo":false,"logit_bias":{},"user":"u"}`},
	{embeddings.New(), `{"model":"m","input":["a","b"],"dimensions":5,"encoding_format":"base64","user":"u"}`},
}

// TestMisfits writes down what happens to a request when any one of its values
// is left out or is another: the error, or a sum over what was understood.
//
//	go test ./policies/dialect -run TestMisfits -update
func TestMisfits(t *testing.T) {
	const path = "testdata/misfits.txt"
	var b bytes.Buffer
	for i, f := range full {
		var tree any
		if err := json.Unmarshal([]byte(f.body), &tree); err != nil {
			t.Fatal(err)
		}
		outcome := func() string {
			body, err := json.Marshal(tree)
			if err != nil {
				t.Fatal(err)
			}
			req, err := f.dialect.Decode(dialect.Route{}, nil, body)
			if err != nil {
				return string(dialecttest.Dump(t, nil, err))
			}
			req.Own = nil
			return fmt.Sprintf("taken %08x", crc32.ChecksumIEEE(dialecttest.Dump(t, req, nil)))
		}
		whole := outcome()
		if !strings.HasPrefix(whole, "taken") {
			t.Fatalf("%s: %s", f.dialect.Name(), whole)
		}
		fmt.Fprintf(&b, "%s %d: %s\n", f.dialect.Name(), i, whole)
		walkValues(tree, "", func(any) {}, func(path string, set func(any), leave func()) {
			outcomes, order := map[string][]string{}, []string{}
			note := func(what string) {
				o := outcome()
				if outcomes[o] == nil {
					order = append(order, o)
				}
				outcomes[o] = append(outcomes[o], what)
			}
			leave()
			note("-")
			for _, m := range misfits {
				set(json.RawMessage(m))
				note(m)
			}
			for _, o := range order {
				fmt.Fprintf(&b, "%s %s => %s\n", path, strings.Join(outcomes[o], " "), o)
			}
		})
	}
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil { //nolint:gosec // a document for everybody
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
}

// walkValues calls use for every value within v, with functions that set it and
// leave it out; afterwards it is as before.
func walkValues(v any, path string, set func(any), use func(string, func(any), func())) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			old := v[k]
			use(path+"."+k, func(x any) { v[k] = x }, func() { delete(v, k) })
			v[k] = old
			walkValues(old, path+"."+k, func(x any) { v[k] = x }, use)
		}
	case []any:
		for i, old := range v {
			at := fmt.Sprintf("%s[%d]", path, i)
			use(at, func(x any) { set(v); v[i] = x }, func() { set(slices.Concat(v[:i], v[i+1:])) })
			v[i] = old
			set(v)
			walkValues(old, at, func(x any) { v[i] = x }, use)
		}
	}
}
