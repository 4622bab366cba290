package config

import (
	"errors"
	"fmt"
	"slices"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Log says what the log is told of requests.
type Log struct {
	// Level is from which level on lines are written: debug, info, warn or error;
	// default info. What is healed and what clients do wrong is info, a credential
	// that the provider refuses warn, requests that failed and defects error. The
	// flag --log-level counts first.
	Level string `yaml:"level"`
	// Sample is of how many requests that their first attempt answered one gets
	// its lines; default 1, all. Retries, errors and answers that broke off are
	// always written.
	Sample int `yaml:"sample" unit:"requests"`
}

var logLevels = []string{"", "debug", "info", "warn", "error"}

func (l *Log) validate() error {
	var errs []error
	if !slices.Contains(logLevels, l.Level) {
		errs = append(errs, &setting.Problem{Path: "log.level", Found: redact.Quote(l.Level) + " is no level", Fix: "write debug, info, warn or error; leave the line out for info"})
	}
	if l.Sample < 0 {
		errs = append(errs, &setting.Problem{Path: "log.sample", Found: fmt.Sprintf("%d is no number of requests", l.Sample), Fix: "write of how many requests that went well one is to be logged, such as 100; leave the line out for all"})
	}
	return errors.Join(errs...)
}
