package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

// victimOf is the variable that makes this test's binary write to a file until it
// is killed.
const victimOf = "HEALD_TEST_SQLITE_VICTIM"

// victim writes batches and says after each how many requests are written.
func victim(path string) {
	f, err := Open(Options{Path: path, MaxSize: 4 << 20})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	for n := 0; ; n += 50 {
		var list []record.Entry
		for _, r := range many(n, 50) {
			r.RequestID = fmt.Sprintf("id-%d-%d", os.Getpid(), n) // another one's would be the same requests, told again
			list = append(list, record.Entry{Request: &r})
		}
		if err := f.Write(context.Background(), list); err != nil {
			fmt.Println("error", err)
			return
		}
		fmt.Println(n + 50)
	}
}

// A process that is killed while it writes leaves a whole file with all that was
// written, batches whole or not at all; and nobody has to wait for it.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	for round := range 3 {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), victimOf+"="+path)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		written := 0
		for lines.Scan() {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatal(lines.Text())
			}
			written = n
			if written == 1000+round*350 { // while the next batch is being written
				if err := c.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = c.Wait() // it was killed
		f := open(t, Options{Path: path})
		check(t, f)
		last := fmt.Sprintf("id-%d-%d", c.Process.Pid, written-50)
		item, err := f.Get(t.Context(), last)
		if err != nil {
			t.Fatalf("%s was written: %v", last, err)
		}
		newest, err := f.Query(t.Context(), history.Filter{}, 0, 1)
		if err != nil || newest.Items[0].Cursor < item.Cursor {
			t.Errorf("%v, %v", newest, err)
		}
		if n := number(t, f, `SELECT count(*) FROM (SELECT count(*) AS c FROM requests WHERE n >= (SELECT min(n) FROM requests WHERE n > (SELECT max(n) FROM requests) - 500) GROUP BY id HAVING c <> 50)`); n > 1 {
			t.Errorf("%d batches are in part", n) // the oldest may be cut by the question
		}
		write(t, f, many(90_000, 10)...)
	}
}
