package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/heald-proxy/heald/cmd/heald/console"
	"github.com/heald-proxy/heald/cmd/heald/terminal"
)

// Values of --log of `heald up` that name no file.
const (
	logJSON = "json"
	logText = "text"
)

// openLog makes the log of `heald up`, and the sinks of records that belong to it;
// done closes its file. On a terminal there is a line for each request, and of the
// log warnings and errors (or what --log-level asks for); in a pipe and with --log
// json it writes the log as JSON, like `heald serve`. With --log FILE the whole
// log goes there.
func (o *upOptions) openLog(errs io.Writer) (log *zap.Logger, at *logLevel, lines []namedSink, done func(), err error) {
	_, readable := terminal.Of(errs)
	done = func() {}
	var file io.Writer
	switch o.log {
	case "":
	case logJSON:
		readable = false
	case logText:
		readable = true
	default:
		f, err := os.OpenFile(o.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, nil, done, fmt.Errorf("--log: %w", err)
		}
		file, done = f, func() { _ = f.Close() }
	}
	to := file
	if to == nil {
		to = errs
	}
	if log, at, err = newLogger(to, o.level); err != nil || !readable {
		return log, at, nil, done, err
	}
	level := zapcore.LevelEnabler(zap.WarnLevel)
	if o.told {
		level = at
	}
	people := console.NewLog(errs, level)
	if file != nil {
		people = zapcore.NewTee(log.Core(), people)
	}
	return zap.New(people), at, []namedSink{{"terminal", console.NewSink(errs, time.Local)}}, done, nil
}
