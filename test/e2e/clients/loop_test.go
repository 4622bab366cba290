package clients

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// call is a call with string arguments, given as name, value, name, value.
func call(name string, args ...string) fakegemini.FunctionCall {
	members := map[string]string{}
	for pair := range slices.Chunk(args, 2) {
		members[pair[0]] = pair[1]
	}
	b, err := json.Marshal(members)
	if err != nil {
		panic(err) // strings always marshal
	}
	return fakegemini.FunctionCall{Name: name, Args: string(b)}
}

// TestToolLoop has each client write a file and read it again, while an
// upstream reply between the two is empty.
func TestToolLoop(t *testing.T) {
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			// A stand-in for a signature that was lost would hide the loss.
			s := stack.Start(t, stack.Options{Fake: fakegemini.Options{RefusePlaceholder: true, Tolerate: c.own}})
			dir := t.TempDir()
			file := filepath.Join(dir, "note.txt")
			// Clients also ask smaller models on the side; their paths differ.
			s.Fake().EnqueueForPath(model+":",
				fakegemini.Think("I write it down.").Then(fakegemini.Calls(c.write(file, "heald-was-here"))),
				fakegemini.EmptyOK(),
				fakegemini.Think("And read it.").Then(fakegemini.Calls(c.read(file))),
				fakegemini.Text("The note is ", "written and read."))
			out := c.run(t, s.URL, dir, "Write a note and read it again.")
			if !strings.Contains(out, "The note is written and read.") {
				t.Errorf("%s printed:\n%s", c.name, out)
			}
			if text, err := os.ReadFile(file); err != nil || string(text) != "heald-was-here" {
				t.Errorf("the file holds %q, %v", text, err)
			}
			var saw []string
			for _, r := range upstream(t, s.Fake()) {
				saw = append(saw, r.Model+" "+r.Reply)
				if r.Reply == "text" && strings.Count(string(r.Body), `"functionResponse"`) != 2 {
					t.Errorf("the last request does not hold two answers: %s", r.Body)
				}
			}
			if s.Fake().Pending() != 0 {
				t.Errorf("upstream was asked for %q; %d replies are left", saw, s.Fake().Pending())
			}
		})
	}
}
