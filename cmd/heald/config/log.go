package config

import (
	"fmt"

	"github.com/heald-proxy/heald/policies/setting"
)

// Log says what the log is told of requests.
type Log struct {
	// Sample is of how many requests that their first attempt answered one gets
	// its lines; default 1, all. Retries, errors and answers that broke off are
	// always written.
	Sample int `yaml:"sample"`
}

func (l *Log) validate() error {
	if l.Sample < 0 {
		return &setting.Problem{Path: "log.sample", Found: fmt.Sprintf("%d is no number of requests", l.Sample), Fix: "write of how many requests that went well one is to be logged, such as 100; leave the line out for all"}
	}
	return nil
}
