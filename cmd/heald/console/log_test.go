package console

import (
	"bytes"
	"strings"
	"testing"

	"go.uber.org/zap"
)

// Nothing in a field moves the cursor of a terminal: neither ESC [ nor its one-byte
// form in Unicode, nor text from right to left.
func TestLogMovesNoCursor(t *testing.T) {
	var out bytes.Buffer
	log := zap.New(NewLog(&out, zap.WarnLevel))
	log.Warn("the model is unknown", zap.String("model", "\x1b[2J\u009b2J\u202eab, 日本"))
	log.Warn("request finished")
	log.Info("below the level")
	got := out.String()
	if strings.ContainsAny(got, "\x1b\u009b\u202e") || !strings.Contains(got, "2J\uFFFDab, 日本") || !strings.Contains(got, "WARN  the model is unknown") || strings.Count(got, "\n") != 1 {
		t.Errorf("%q", got)
	}
}
