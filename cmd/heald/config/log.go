package config

import (
	"errors"
	"fmt"
	"slices"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Log says which lines are logged.
type Log struct {
	// Level is the lowest level that is logged: debug, info, warn or error;
	// default info. Healed failures and mistakes of clients are info, a credential
	// that the provider refuses is warn, failed requests and defects are error.
	// The flag --log-level overrides it.
	Level string `yaml:"level"`
	// Sample logs one of this many requests that their first attempt answered;
	// default 1, all. Retries, errors and answers that broke off are always
	// written.
	Sample int `yaml:"sample" unit:"requests"`
}

var logLevels = []string{"", "debug", "info", "warn", "error"}

func (l *Log) validate() error {
	var errs []error
	if !slices.Contains(logLevels, l.Level) {
		errs = append(errs, &setting.Problem{Path: "log.level", Found: redact.Quote(l.Level) + " is no level", Fix: "write debug, info, warn or error; leave the line out for info"})
	}
	if l.Sample < 0 {
		errs = append(errs, &setting.Problem{Path: "log.sample", Found: fmt.Sprintf("%d is no number of requests", l.Sample), Fix: "write a number such as 100: of that many requests that went well one is logged; leave the line out for all"})
	}
	return errors.Join(errs...)
}
