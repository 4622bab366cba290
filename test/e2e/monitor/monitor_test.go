package monitor

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/stack"
)

// remembered is how many requests the page has to show.
const remembered = 10000

// scriptTime bounds one script; each takes seconds.
const scriptTime = 5 * time.Minute

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	stack.Cleanup()
	os.Exit(code)
}

// Each script in browser/ has a server, a browser and an empty home of its own.
func TestPage(t *testing.T) {
	scripts, err := filepath.Glob("browser/*.test.mjs")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".test.mjs"), func(t *testing.T) {
			run(t, script, "MONITOR_URL="+newServer(t, remembered).URL)
		})
	}
}

// run runs a script. env says where the page is, and what else it needs to know.
func run(t *testing.T, script string, env ...string) {
	t.Helper()
	browser, modules := tools(t)
	pictures := filepath.Join(stack.Root(), "out", "monitor")
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), scriptTime)
	defer cancel()
	script, err := filepath.Abs(script)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	cmd := exec.CommandContext(ctx, "node", "--test", "--test-reporter=spec", script)
	cmd.Dir = home // the browser keeps a cache of its fonts where it runs
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "MONITOR_BROWSER=" + browser, "MONITOR_MODULES=" + modules, "MONITOR_PICTURES=" + pictures}, env...)
	cmd.WaitDelay = time.Second // children may keep its output open
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	} else {
		t.Logf("%s", out)
	}
}

// tools are where `make browser` puts a browser and the modules. Without them the
// test is skipped; in CI it fails.
func tools(t *testing.T) (browser, modules string) {
	t.Helper()
	browser, modules = filepath.Join(stack.Root(), ".tools", "chromium", "bin", "chromium"), filepath.Join(stack.Root(), ".tools", "monitor")
	_, err := os.Stat(browser)
	_, moduleErr := os.Stat(filepath.Join(modules, ".done"))
	_, nodeErr := exec.LookPath("node")
	if err := errors.Join(err, moduleErr, nodeErr); err != nil {
		stack.Missing(t, "no browser for the monitor page: run `make browser`, which needs Node.js 20, and Chromium or Debian: "+err.Error())
	}
	return browser, modules
}
