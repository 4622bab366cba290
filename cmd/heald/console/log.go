package console

import (
	"bytes"
	"io"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap/zapcore"

	"github.com/heald-proxy/heald/cmd/heald/terminal"
)

// toldOtherwise are log lines whose content is already in the lines of requests.
var toldOtherwise = map[string]bool{"request finished": true, "attempt finished": true}

// NewLog is a core of the log for people: time, level and message, and fields as
// JSON. It leaves out the lines of requests and attempts.
func NewLog(w io.Writer, level zapcore.LevelEnabler) zapcore.Core {
	enc := zapcore.EncoderConfig{
		TimeKey: "time", LevelKey: "level", MessageKey: "msg", StacktraceKey: "stack", ConsoleSeparator: "  ",
		EncodeTime: zapcore.TimeEncoderOfLayout("15:04:05"), EncodeLevel: zapcore.CapitalLevelEncoder, EncodeDuration: zapcore.StringDurationEncoder,
	}
	if terminal.Colors(w) {
		enc.EncodeLevel = zapcore.CapitalColorLevelEncoder
	}
	return core{zapcore.NewCore(zapcore.NewConsoleEncoder(enc), zapcore.Lock(zapcore.AddSync(printable{w})), level)}
}

// printable writes lines of the log. The encoder escapes the control characters of
// ASCII in fields, but not those of Unicode, which terminals obey as well.
type printable struct{ w io.Writer }

func (p printable) Write(line []byte) (int, error) {
	if _, err := p.w.Write(bytes.Map(func(r rune) rune {
		if r >= utf8.RuneSelf && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

type core struct{ zapcore.Core }

func (c core) With(fields []zapcore.Field) zapcore.Core { return core{c.Core.With(fields)} }

func (c core) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if toldOtherwise[e.Message] {
		return checked
	}
	return c.Core.Check(e, checked)
}
