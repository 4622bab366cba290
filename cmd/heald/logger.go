package main

import (
	"fmt"
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logLevel is the level from which lines are written: the flag's, else that of
// heald.yaml, which a reload may change. A nil logLevel never changes.
type logLevel struct {
	zap.AtomicLevel
	given bool // by the flag
}

// follow takes the level of heald.yaml; "" is info.
func (l *logLevel) follow(level string) {
	if l == nil || l.given {
		return
	}
	parsed, err := zapcore.ParseLevel(level)
	if err != nil {
		parsed = zapcore.InfoLevel // Validate accepts no other word
	}
	l.SetLevel(parsed)
}

// newLogger writes JSON lines to w. level is the flag's; "" leaves it to heald.yaml.
func newLogger(w io.Writer, level string) (*zap.Logger, *logLevel, error) {
	at := &logLevel{AtomicLevel: zap.NewAtomicLevel(), given: level != ""}
	if at.given {
		parsed, err := zapcore.ParseLevel(level)
		if err != nil {
			return nil, nil, &usageError{fmt.Errorf("--log-level %q is none of debug, info, warn, error", level)}
		}
		at.SetLevel(parsed)
	}
	enc := zap.NewProductionEncoderConfig()
	enc.TimeKey = "time"
	enc.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	enc.EncodeDuration = zapcore.StringDurationEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(enc), zapcore.Lock(zapcore.AddSync(w)), at)), at, nil
}
