package clients

import (
	"path/filepath"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// continueCLI is Continue's command line; its editor extensions read the same
// configuration.
var continueCLI = client{
	name: "Continue", program: "cn",
	prepare: func(t *testing.T, home, url, prompt string) (args, env []string) {
		config := filepath.Join(home, ".continue", "config.yaml")
		settings(t, page(t, "yaml continue", url), config)
		return []string{"--config", config, "--auto", "-p", prompt}, []string{"CONTINUE_TELEMETRY_ENABLED=0"}
	},
	write: func(path, text string) fakegemini.FunctionCall {
		return call("Write", "filepath", path, "content", text)
	},
	read:  func(path string) fakegemini.FunctionCall { return call("Read", "filepath", path) },
	shell: func(command string) fakegemini.FunctionCall { return call("Bash", "command", command) },
}
