package config

import (
	"strings"
	"testing"
)

// Levels are those of the flag, and a sample is one of so many requests.
func TestLog(t *testing.T) {
	t.Setenv("KEY", "a-credential-of-some-length")
	for file, want := range map[string]string{
		"":                                  "",
		"log: {level: debug}":               "",
		"log: {level: info}":                "",
		"log: {level: warn, sample: 100}":   "",
		"log: {level: error, sample: 1}":    "",
		"log: {level: loud}":                `log.level: "loud" is no level; write debug, info, warn or error`,
		"log: {level: INFO}":                `log.level: "INFO" is no level`,
		"log: {sample: -1}":                 "log.sample: -1 is no number of requests",
		"log: {level: '\x20', sample: -20}": "log.sample: -20 is no number",
	} {
		cfg, err := Parse([]byte(recordBase + file))
		if err != nil {
			t.Fatal(err)
		}
		cfg.setDefaults()
		if err := cfg.Validate(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
}
