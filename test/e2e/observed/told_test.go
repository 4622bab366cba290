package observed

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/record/story"
	"github.com/heald-proxy/heald/test/stack"
)

// told is what the page and the shell say of a night.
type told struct {
	// request is a part of the record that tells of it, in JSON; "" if none does.
	request string
	// refused looks for a request instead whose attempt Envoy did not repeat.
	refused bool
	// story are words of that request's story.
	story []string
	// accounts are words of what replica 0 says of accounts; nil if it is not asked.
	accounts []string
}

// check holds what the page and the shell say against it.
func (want told) check(t *testing.T, w *watch) {
	t.Helper()
	if want.accounts != nil {
		mustHave(t, "/api/accounts", w.Replicas[0].Get("/api/accounts"), want.accounts)
	}
	switch {
	case want.refused:
		want.checkLog(t, w.Replicas[0])
	case want.request != "":
		want.checkPage(t, w)
	}
}

func (want told) checkPage(t *testing.T, w *watch) {
	t.Helper()
	replica, id := w.newest(want.request)
	if id == "" {
		t.Errorf("no replica's page has a request with %s", want.request)
		return
	}
	var detail struct {
		Story []story.Sentence `json:"story"`
	}
	if err := json.Unmarshal([]byte(replica.Get("/api/requests/"+id)), &detail); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, s := range detail.Story {
		text.WriteString(s.Text + "\n")
	}
	mustHave(t, "the page's story", text.String(), want.story)
	want.checkWhy(t, id, "--admin", replica.Admin)
}

// checkLog is checkPage for a request that never ended, as heald's log has it: the
// page tells of one only when long nothing more has come.
func (want told) checkLog(t *testing.T, r *stack.Replica) {
	t.Helper()
	ended, id := map[string]bool{}, ""
	for _, line := range r.Log.Lines("request finished") {
		ended[line.Get("request_id")] = true
	}
	for _, line := range r.Log.Lines("attempt finished") {
		if !ended[line.Get("request_id")] {
			id = line.Get("request_id")
		}
	}
	if id == "" {
		t.Error("all requests have ended")
		return
	}
	file := filepath.Join(t.TempDir(), "heald.log")
	if err := os.WriteFile(file, []byte(r.Log.Text()), 0o600); err != nil {
		t.Fatal(err)
	}
	want.checkWhy(t, id, "--log", file)
}

func (want told) checkWhy(t *testing.T, id string, from ...string) {
	t.Helper()
	out, code := heald(t, append([]string{"why", id}, from...)...)
	mustHave(t, "heald why", out, want.story)
	if code != 0 {
		t.Errorf("heald why ends with %d", code)
	}
}

// newest finds the newest request whose record has a text, and a replica that knows
// it.
func (w *watch) newest(text string) (*stack.Replica, string) {
	w.t.Helper()
	for _, r := range w.Replicas {
		var list struct {
			Requests []json.RawMessage `json:"requests"`
		}
		if err := json.Unmarshal([]byte(r.Get("/api/requests?limit=200")), &list); err != nil {
			w.t.Fatal(err)
		}
		for _, raw := range list.Requests {
			var item struct {
				ID string `json:"request_id"`
			}
			if err := json.Unmarshal(raw, &item); err != nil {
				w.t.Fatal(err)
			}
			if strings.Contains(string(raw), text) {
				return r, item.ID
			}
		}
	}
	return nil, ""
}

// heald runs a command. It returns what the command printed, both streams, and how
// it ended.
func heald(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	printed, err := exec.CommandContext(t.Context(), stack.PlainBinary(t), args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	return string(printed), code
}

func mustHave(t *testing.T, what, text string, words []string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s does not say %q:\n%s", what, word, text)
		}
	}
}

// Where nothing answers, the commands say at which address, and what else can be
// asked. The log that is left tells what happened before.
func TestNobodyToAsk(t *testing.T) {
	w := start(t, stack.Options{})
	w.ask(claude("hello"))
	w.Settle()
	r := w.Replicas[0]
	_, id := w.newest(`"outcome":"passed"`)
	r.Kill()
	if resp, err := http.Get("http://" + r.Admin + "/api/requests"); err == nil {
		resp.Body.Close()
		t.Fatal("the replica still answers")
	}
	for _, args := range [][]string{{"requests"}, {"why", id}} {
		out, code := heald(t, append(args, "--admin", r.Admin)...)
		mustHave(t, args[0], out, []string{r.Admin + ": nothing listens there", "--log", "--store"})
		if code != 3 {
			t.Errorf("heald %s ends with %d, want 3", args[0], code)
		}
		if strings.Count(out, "\n") > 3 {
			t.Errorf("heald %s says more than can be read at a glance:\n%s", args[0], out)
		}
	}
}
