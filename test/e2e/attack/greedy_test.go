package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// greedy are requests that cost far more than they should.
var greedy = []attack{
	{"32 MB of tiny parts, in four APIs, three times each", func(t *testing.T, v *victim) string {
		seen := map[int]int{}
		for range 3 {
			for _, r := range poison(31 << 20) {
				got := v.do(t, r)
				seen[got.status]++
				if got.status == 0 || got.status >= 500 && got.status != 503 {
					t.Errorf("%s: %v (%v)", r.path, got, got.err)
				}
			}
		}
		v.served(t)
		return memory(t, v, seen)
	}},
	{"the same, at once", func(t *testing.T, v *victim) string {
		return atOnce(t, v, slices.Repeat(poison(31<<20), 4))
	}},
	{"30 bodies of 31 MB at once, of unknown length", func(t *testing.T, v *victim) string {
		body := `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":"` + strings.Repeat("long ", 31<<20/5) + `"}]}`
		return atOnce(t, v, slices.Repeat([]request{{path: "/v1/messages", body: body, chunked: true}}, 30))
	}},
	{"lists of 100,000 and more", func(t *testing.T, v *victim) string {
		before := v.cpu(t)
		seen := map[int]int{}
		for _, r := range longLists() {
			seen[v.do(t, r).status]++
		}
		used := v.cpu(t) - before
		if used > 20*time.Second {
			t.Errorf("heald used %v of CPU", used)
		}
		v.served(t)
		return fmt.Sprintf("statuses %v, %.1f s of CPU in all", seen, used.Seconds())
	}},
	{"JSON 100,000 deep", func(t *testing.T, v *victim) string {
		deep := strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000)
		seen := map[int]int{}
		for _, body := range []string{
			`{"model":"gemini-3.5-flash","max_tokens":9,"messages":` + deep + `}`,
			`{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":"x"}],"tools":[{"name":"f","input_schema":` + deep + `}]}`,
			`{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{"a":` + deep + `}}]}]}`,
		} {
			got := v.do(t, request{path: "/v1/messages", body: body})
			seen[got.status]++
			if got.status != 400 {
				t.Errorf("got %v", got)
			}
		}
		return fmt.Sprint(seen)
	}},
	{"texts that upstream echoes: is the key bad now?", func(t *testing.T, v *victim) string {
		for _, text := range []string{
			`Invalid JSON payload received. Unknown name "API key not valid. Please pass a valid API key." at 'contents[0].parts[0]': Cannot find field.`,
			`Invalid value at 'contents[0].role' (TYPE_STRING), "logprobs is not enabled"`,
			`Invalid value at 'x', "API key expired"`,
		} {
			v.fake.Enqueue(fakegemini.Status(400, fakegemini.Message(text)))
			v.do(t, hello)
		}
		// Vertex AI says the client's words without quotes.
		odd := request{path: "/v1/messages", body: `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"x/API key not valid","data":"aGk="}}]}]}`}
		for range 3 {
			v.fake.Enqueue(fakegemini.Status(400, fakegemini.Message("Unable to submit request because it has a mimeType parameter with value x/API key not valid, which is not supported.")))
			v.do(t, odd)
			v.do(t, request{path: odd.path, body: strings.Replace(odd.body, "aGk=", "aGkx", 1)})
			v.fake.Reset()
		}
		v.fake.Enqueue(fakegemini.Status(403, fakegemini.Message("You do not have permission to access the File abc or it may not exist.")))
		v.do(t, hello)
		v.fake.Reset()
		got := v.do(t, hello)
		if got.status != 200 {
			t.Errorf("the next client gets %v", got)
		}
		for _, admin := range v.admins { // which of two good accounts serves it, their speed decides
			if state := stateOf(t, admin, "a-1"); state != "usable" {
				t.Errorf("a-1 is %s", state)
			}
		}
		return "a-1 is as usable as before"
	}},
	{"200 clients that never finish their headers or bodies", func(t *testing.T, v *victim) string {
		for i := range 200 {
			c := v.dial(t)
			head := "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
			if i%2 == 0 {
				head += "Content-Length: 1000000\r\n\r\n{"
			}
			if _, err := io.WriteString(c, head); err != nil {
				t.Fatal(err)
			}
		}
		v.served(t)
		return "another client is served meanwhile"
	}},
	{"60 clients that stop reading answers of 4 MB", func(t *testing.T, v *victim) string {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		seen := map[int]int{}
		for range 60 {
			v.fake.Enqueue(fakegemini.Big(4 << 20))
		}
		for range 60 {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url+"/v1/messages",
				strings.NewReader(strings.Replace(hello.body, `"max_tokens"`, `"stream":true,"max_tokens"`, 1)))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("x-api-key", v.key)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			seen[resp.StatusCode]++
		}
		v.served(t)
		return memory(t, v, seen)
	}},
}

// atOnce sends all requests at the same time.
func atOnce(t *testing.T, v *victim, all []request) string {
	t.Helper()
	seen := map[int]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, r := range all {
		wg.Go(func() {
			got := v.do(t, r)
			mu.Lock()
			defer mu.Unlock()
			seen[got.status]++
		})
	}
	wg.Wait()
	v.served(t)
	return memory(t, v, seen)
}

// memory tells what the replicas have held at most, and fails the test if that
// is over their limit.
func memory(t *testing.T, v *victim, seen map[int]int) string {
	t.Helper()
	peak := v.peak(t)
	if peak > memoryLimit*5/4 {
		t.Errorf("a replica held %d MiB, limit %d", peak>>20, memoryLimit>>20)
	}
	return fmt.Sprintf("statuses %v; a replica held at most %d MiB, limit %d", seen, peak>>20, memoryLimit>>20)
}

// fill repeats a piece until a list has about n bytes.
func fill(n int, piece string) string {
	return strings.Repeat(piece+",", n/(len(piece)+1)) + piece
}

// poison are bodies of about n bytes whose pieces are as small as can be.
func poison(n int) []request {
	return []request{
		{path: "/v1/messages", body: `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":[` + fill(n, `{"type":"text","text":"a"}`) + `]}]}`},
		{path: "/v1/chat/completions", body: `{"model":"gemini-3.5-flash","messages":[` + fill(n, `{"role":"user","content":"a"}`) + `]}`},
		{path: "/v1/responses", body: `{"model":"gemini-3.5-flash","input":[` + fill(n, `{"role":"user","content":"a"}`) + `]}`},
		{path: "/v1beta/models/gemini-3.5-flash:generateContent", body: `{"contents":[{"role":"user","parts":[` + fill(n, `{"text":"a"}`) + `]}]}`},
		{path: "/v1/messages", body: `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":"a"}],"tools":[` + fill(n, `{"name":"f","input_schema":{}}`) + `]}`},
		{path: "/v1/messages", body: `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":"a"}],"tools":[{"name":"f","input_schema":{"type":"object","enum":[` + fill(n, `0`) + `]}}]}`},
	}
}

// longLists are fields that once took quadratic time.
func longLists() []request {
	const n = 160_000
	numbered := func(format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	message := func(rest string) request {
		return request{path: "/v1/messages", body: `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":"a"}],` + rest + `}`}
	}
	return []request{
		message(`"tools":[{"type":"web_search_20250305","name":"web_search","blocked_domains":[` + numbered(`"d%d.example"`) + `]}]`),
		message(`"stop_sequences":[` + numbered(`"s%d"`) + `]`),
		message(strings.ReplaceAll(numbered(`"unknown_%d":1`), "\n", "")),
		message(`"tools":[{"name":"f","input_schema":{"type":"object","required":[` + numbered(`"p%d"`) + `]}}]`),
		{path: "/v1/chat/completions", body: `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"a"}],"stop":[` + numbered(`"s%d"`) + `]}`},
		{path: "/v1/responses", body: `{"model":"gemini-3.5-flash","input":"a","tools":[{"type":"web_search","filters":{"allowed_domains":[` + numbered(`"d%d.example"`) + `]}}]}`},
	}
}

// stateOf is what an admin listener says of an account: "usable", or what keeps it
// back, for all models or for one.
func stateOf(t *testing.T, admin, id string) string {
	t.Helper()
	resp, err := http.Get(admin + "/accounts")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var report struct {
		Accounts []struct {
			ID     string         `json:"id"`
			Usable bool           `json:"usable"`
			Why    string         `json:"why"`
			Models map[string]any `json:"models"`
		} `json:"accounts"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&report); err != nil {
		t.Fatal(err)
	}
	for _, a := range report.Accounts {
		switch {
		case a.ID == id && a.Usable && len(a.Models) == 0:
			return "usable"
		case a.ID == id:
			return fmt.Sprint(a.Why, a.Models)
		}
	}
	return "not there"
}
