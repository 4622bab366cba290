package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// The task of every agent: read a file, write another text into it, and run a
// command, which copies the file if the text is there.
const (
	taskPrompt  = "Write the second draft into note.txt, then run the command."
	taskFile    = "note.txt"
	taskText    = "second draft"
	taskCommand = "grep -q second note.txt && cp note.txt ran.txt"
	taskDone    = "The task is done."
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

// task are the model's replies in which it does the task in dir.
func (c client) task(dir string) []fakegemini.Reply {
	if c.steps != nil {
		return c.steps(dir)
	}
	file := filepath.Join(dir, taskFile)
	return []fakegemini.Reply{
		fakegemini.Think("I read it first.").Then(fakegemini.Calls(c.read(file))),
		fakegemini.Think("Now I write.").Then(fakegemini.Calls(c.write(file, taskText))),
		fakegemini.Think("And run.").Then(fakegemini.Calls(c.shell(taskCommand))),
		fakegemini.Text("The task ", strings.TrimPrefix(taskDone, "The task ")),
	}
}

// newTask is a folder with the file of the task.
func newTask(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	settings(t, "first draft", dir, taskFile)
	return dir
}

// taskErr says what is not as it should be after the task; nil if it was done.
func taskErr(dir, out string) error {
	var errs []error
	if !strings.Contains(out, taskDone) {
		errs = append(errs, fmt.Errorf("%q was not printed", taskDone))
	}
	for _, name := range []string{taskFile, "ran.txt"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil && strings.TrimSpace(string(text)) != taskText {
			err = fmt.Errorf("%s holds %q", name, text)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// TestTask has each client do the task: undisturbed, with a fault before each
// step, and with each way in which a stream can break off.
func TestTask(t *testing.T) {
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // clients wait before they ask again
			installed(t, c.program)
			// A stand-in for a signature that was lost would hide the loss.
			s := stack.Start(t, stack.Options{Fake: fakegemini.Options{RefusePlaceholder: true, Tolerate: c.own}})
			t.Run("undisturbed", func(t *testing.T) { c.does(t, s) })
			t.Run("faults", func(t *testing.T) {
				c.does(t, s, fakegemini.EmptyOK(), fakegemini.Status(503), fakegemini.ErrorEvent(500), fakegemini.StopWithoutParts())
			})
			for _, b := range breaks {
				t.Run(b.name, func(t *testing.T) { c.survives(t, s, b.fault, b.outcome) })
			}
		})
	}
}

// does runs the task, with a fault before each step while there are any.
func (c client) does(t *testing.T, s *stack.Stack, faults ...fakegemini.Reply) {
	s.Fake().Reset()
	dir := newTask(t)
	for i, step := range c.task(dir) {
		if i < len(faults) {
			s.Fake().EnqueueForPath(model+":", faults[i])
		}
		// Clients also ask smaller models on the side; their paths differ.
		s.Fake().EnqueueForPath(model+":", step)
	}
	out := c.run(t, s.URL, dir, taskPrompt)
	if err := taskErr(dir, out); err != nil {
		t.Errorf("%v\n%s printed:\n%s", err, c.name, out)
	}
	var saw []string
	for _, r := range upstream(t, s.Fake()) {
		saw = append(saw, r.Model+" "+r.Reply)
	}
	if s.Fake().Pending() != 0 {
		t.Errorf("upstream was asked for %q; %d replies are left", saw, s.Fake().Pending())
	}
}
