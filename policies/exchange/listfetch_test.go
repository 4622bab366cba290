package exchange

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/resume"
	"github.com/heald-proxy/heald/policies/route"
)

// Lists of both kinds, all pages, are merged with the table, heald.yaml's rows
// and the aliases.
func TestListsOfBackends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := newLister(t, func(c *Config) {
			c.Models.Known = map[string]route.KnownModel{"gemini-9-house": {Levels: []string{"low"}, Context: 1234}}
			c.Models.Aliases = map[string]route.Chain{"house": route.Only("gemini-9-house")}
		})
		got := r.listed(t)
		for name, want := range map[string][2]int{
			"gemini-3.8-flash":             {1_048_576, 65_536}, // the table is right
			"gemini-9-ultra":               {9000, 90},
			"gemini-9-plain":               {800, 80},
			"gemini-9-house":               {1234, 80}, // heald.yaml, else upstream
			"house":                        {1234, 80},
			"gemini-2.5-flash-preview-tts": {8192, 16384}, // not its base's
			"gemini-9-vertex":              {1_048_576, 65_536},
			"gemini-3-pro-preview":         {1_048_576, 65_536},
			"gemini-embedding-9":           {700, 1},
			"gemini-9-vectors":             {600, 1},
			"text-embedding-9":             {},
			"gemini-embedding-001":         {2048, 0},           // of the table alone
			"gemini-3.5-flash":             {1_048_576, 65_536}, // of the table alone
		} {
			if m := got[name]; [2]int{m.InputTokenLimit, m.OutputTokenLimit} != want {
				t.Errorf("%s: %+v, want %v", name, m, want)
			}
		}
		for _, name := range []string{"imagen-9", "gemini-9-live", "etc", "gemini-3-pro"} {
			if _, there := got[name]; there {
				t.Errorf("%s cannot be asked for", name)
			}
		}
		if !got["gemini-9-ultra"].Thinking || got["gemini-9-plain"].Thinking || !got["gemini-9-vertex"].Thinking {
			t.Errorf("thinking: %+v", got)
		}
		if slices.Contains(got["gemini-9-plain"].SupportedGenerationMethods, "countTokens") || !slices.Contains(got["gemini-9-ultra"].SupportedGenerationMethods, "countTokens") {
			t.Errorf("methods: %+v", got)
		}
		for name, want := range map[string][]string{
			"gemini-embedding-9": {"embedContent", "batchEmbedContents", "countTokens"},
			"gemini-9-vectors":   {"embedContent", "batchEmbedContents"},
			"text-embedding-9":   {"embedContent", "batchEmbedContents", "countTokens"},
		} {
			if got := got[name].SupportedGenerationMethods; !slices.Equal(got, want) {
				t.Errorf("%s: methods %q, want %q", name, got, want)
			}
			for _, list := range []struct {
				path, version string
				shown         int
			}{{"/v1/models", "", 1}, {"/v1/models?limit=1000", "2023-06-01", 0}, {"/v1/models?client_version=0.169.0", "", 1}} {
				if reply := r.get(list.path, "anthropic-version", list.version); strings.Count(string(reply.Body), `"`+name+`"`) != list.shown {
					t.Errorf("%s, version %q: %s is there %d times, want %d", list.path, list.version, name, strings.Count(string(reply.Body), `"`+name+`"`), list.shown)
				}
			}
		}
		slices.Sort(l.asked)
		want := []string{
			"a key-a-1 generativelanguage.googleapis.com/v1beta/models?pageSize=1000",
			"a key-a-1 generativelanguage.googleapis.com/v1beta/models?pageSize=1000&pageToken=a+b",
			"b Bearer token-b-1 europe-west4-aiplatform.googleapis.com/v1beta1/publishers/google/models?pageSize=1000",
		}
		if !slices.Equal(l.asked, want) || len(l.others) > 0 {
			t.Errorf("asked\n%q, want\n%q", l.asked, want)
		}
		for path, version := range map[string]string{"/v1/models/gemini-9-ultra": "", "/v1/models/gemini-9-plain": "2023-06-01"} {
			if reply := r.get(path, "anthropic-version", version); reply.Status != 200 {
				t.Errorf("%s: %d %s", path, reply.Status, reply.Body)
			}
		}
	})
}

// A list shows what the backends of the route may be asked for, and no more.
func TestListsObeyBackends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newLister(t, func(c *Config) {
			c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:2]
			c.Backends[0].Models = []string{"gemini-9-ultra"}
			c.Models.Aliases = map[string]route.Chain{"house": route.Only("gemini-9-ultra")}
		})
		got := r.listed(t)
		if len(got) != 2 || got["gemini-9-ultra"].InputTokenLimit != 9000 || got["house"].OutputTokenLimit != 90 {
			t.Errorf("got %+v", got)
		}
		for _, name := range []string{"gemini-9-plain", "gemini-3.8-flash", "claude-opus-5"} {
			if reply := r.get("/v1/models/" + name); reply.Status != http.StatusNotFound {
				t.Errorf("%s: %d", name, reply.Status)
			}
		}
	})
}

// A list is fetched once however many ask, kept for ten minutes, and then
// fetched again while the old one is served.
func TestListIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := newLister(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:2] })
		l.hold = make(chan struct{})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if reply := r.get("/v1/models"); !strings.Contains(string(reply.Body), "gemini-9-ultra") {
					t.Errorf("the first list was not waited for: %s", reply.Body)
				}
			})
		}
		synctest.Wait()
		if n := l.count(); n != 1 {
			t.Errorf("%d requests at the same time", n)
		}
		close(l.hold)
		all.Wait()
		time.Sleep(10*time.Minute - time.Second)
		r.listed(t)
		if n := l.count(); n != 2 { // two pages
			t.Errorf("%d requests within ten minutes", n)
		}
		time.Sleep(2 * time.Second)
		l.mu.Lock()
		l.hold = make(chan struct{})
		l.pages[studioList] = `{"models":[{"name":"models/gemini-10","inputTokenLimit":1,"outputTokenLimit":1,"supportedGenerationMethods":["generateContent"]}]}`
		l.mu.Unlock()
		before := time.Now()
		if got := r.listed(t); got["gemini-9-ultra"].Name == "" || time.Since(before) > 0 {
			t.Errorf("after %s: %+v", time.Since(before), got)
		}
		close(l.hold)
		synctest.Wait()
		if got := r.listed(t); got["gemini-10"].OutputTokenLimit != 1 || got["gemini-9-ultra"].Name != "" {
			t.Errorf("the new list: %+v", got)
		}
	})
}

// A request for an answer waits for no list; the next one profits.
func TestListsDoNotHoldRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := newLister(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:2] })
		l.hold = make(chan struct{})
		const ask = `{"model":"gemini-9-ultra","max_tokens":5000,"messages":[{"role":"user","content":"hi"}]}`
		before := time.Now()
		f := send(t, r.begin(1, ""), ask)
		if !strings.Contains(string(f.Body), `"maxOutputTokens":5000`) || time.Since(before) > 0 {
			t.Errorf("after %s: %s", time.Since(before), f.Body)
		}
		close(l.hold)
		synctest.Wait()
		if f := send(t, r.begin(1, ""), ask); !strings.Contains(string(f.Body), `"maxOutputTokens":90`) {
			t.Errorf("the list's limit is not obeyed: %s", f.Body)
		}
		known, _ := newLister(t, nil)
		send(t, known.begin(1, ""), askWhole)
		synctest.Wait()
		if n := l.count(); n != 2 {
			t.Errorf("%d requests", n)
		}
	})
}

// Nobody is worse off where no list comes: the table counts, one line of the log
// tells, and the next try waits.
func TestListsWhereUpstreamIsDown(t *testing.T) {
	for name, broken := range map[string]func(*lister){
		"no listener": func(l *lister) { l.down = true },
		"no list":     func(l *lister) { l.pages[studioList] = "<html>" },
		"refused":     func(l *lister) { l.refuse = map[string]int{"key-a-1": 503} },
		"silence":     func(l *lister) { l.hold = make(chan struct{}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, l := newLister(t, func(c *Config) {
					c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:2]
					c.Models.Aliases = map[string]route.Chain{"house": route.Only("gemini-3.8-flash")}
				})
				broken(l)
				before := time.Now()
				if got := r.listed(t); got["gemini-3.8-flash"].InputTokenLimit != 1_048_576 || got["house"].Name == "" || time.Since(before) > 2*time.Second {
					t.Errorf("after %s: %+v", time.Since(before), got)
				}
				time.Sleep(30 * time.Second)
				asked := l.count()
				for range 10 {
					r.listed(t)
				}
				if l.count() != asked {
					t.Errorf("asked %d times more at once", l.count()-asked)
				}
				time.Sleep(2 * time.Minute)
				r.listed(t)
				time.Sleep(time.Minute)
				if l.count() == asked {
					t.Error("never asked again")
				}
				if n := r.warnings(); n != 1 {
					t.Errorf("%d warnings, want 1: %v", n, r.log.All())
				}
			})
		})
	}
}

// A refused account is followed by another one, and held against nobody.
func TestListsAndAccounts(t *testing.T) {
	for _, status := range []int{401, 403, 429} {
		synctest.Test(t, func(t *testing.T) {
			r, l := newLister(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:2] })
			l.refuse = map[string]int{"key-a-1": status}
			if got := r.listed(t); got["gemini-9-ultra"].InputTokenLimit != 9000 {
				t.Errorf("%d: the second account was not asked: %v", status, l.asked)
			}
			f := send(t, r.begin(1, ""), askWhole)
			if got := f.Set.Get("x-goog-api-key"); got != "key-a-1" {
				t.Errorf("%d: the request goes to %s", status, got)
			}
			if r.warnings() != 0 {
				t.Errorf("%d: %v", status, r.log.All())
			}
		})
	}
}

// Without a listener all is as if there were no lists, and whoever may not ask
// has nothing fetched.
func TestListsAreNotFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := newLister(t, func(c *Config) { c.ResumeVia = "" })
		r.rest = resume.NewClientOf(l)
		if got := r.listed(t); got["gemini-3.8-flash"].Name == "" {
			t.Errorf("got %+v", got)
		}
		strict, refused := newLister(t, func(c *Config) { c.ClientKeys = []string{"the gateway's own key"} })
		if reply := strict.get("/v1/models"); reply.Status != http.StatusUnauthorized {
			t.Errorf("without the key: %d", reply.Status)
		}
		synctest.Wait()
		if l.count()+refused.count() != 0 || r.warnings() != 0 {
			t.Errorf("asked %q, %q", l.asked, refused.asked)
		}
		if reply := strict.get("/v1/models", "authorization", "Bearer the gateway's own key"); reply.Status != 200 || refused.count() == 0 {
			t.Errorf("with the key: %d", reply.Status)
		}
	})
}

// A list is bounded in pages and in models.
func TestListsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := newLister(t, func(c *Config) { c.Backends = nil })
		learn := func(b route.Backend) {
			r.catalog.View([]route.Backend{b}, &route.Settings{}).Learn(&b, "gemini-9-unknown")
			synctest.Wait()
		}
		l.pages["a /v1beta/models?pageSize=1000&pageToken=x"] = `{"models":[],"nextPageToken":"x"}`
		l.pages[studioList] = `{"models":[],"nextPageToken":"x"}`
		learn(route.Backend{Name: "a", Kind: route.AIStudio, Cluster: "a"})
		if n := l.count(); n != listPages {
			t.Errorf("%d pages", n)
		}
		l.mu.Lock()
		l.pages["b /v1/models?pageSize=1000"] = `{"models":[{"name":"m","inputTokenLimit":7}` + strings.Repeat(`,{"name":"m","inputTokenLimit":7}`, listModels) + `]}`
		l.mu.Unlock()
		learn(route.Backend{Name: "a", Kind: route.AIStudio, Version: "v1", Cluster: "b"})
		if r.catalog.Table().Knows("m") || r.warnings() != 2 {
			t.Errorf("%d warnings, the long list is taken: %t", r.warnings(), r.catalog.Table().Knows("m"))
		}
	})
}
