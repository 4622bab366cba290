package clients

import (
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// aider calls no tools: the model writes whole files into its answers, and
// aider runs a command after each edit and shows what it said if it failed.
var (
	aiderOpenAI    = aider("aider, OpenAI", "aider-openai")
	aiderAnthropic = aider("aider, Anthropic", "aider-anthropic")
)

func aider(name, label string) client {
	return client{
		name: name, program: "aider",
		prepare: func(t *testing.T, home, url, prompt string) (args, env []string) {
			settings(t, page(t, "json aider", url), home, ".aider.model.metadata.json")
			return append(command(t, label, url), "--yes-always", "--no-git", "--no-pretty", "--no-check-update", "--no-show-release-notes",
					"--analytics-disable", "--edit-format", "whole", "--test-cmd", taskCommand, "--auto-test", "--message", prompt, taskFile),
				append(exports(t, label, url), "LITELLM_LOCAL_MODEL_COST_MAP=True")
		},
		steps: func(string) []fakegemini.Reply {
			file := func(text string) fakegemini.Reply {
				return fakegemini.Text("Here it is.\n\n"+taskFile+"\n```\n", text+"\n```\n")
			}
			return []fakegemini.Reply{
				file("a first try"), // the command fails and is shown
				file(taskText).Then(fakegemini.Text("\n", taskDone)),
			}
		},
	}
}
