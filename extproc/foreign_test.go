package extproc_test

import (
	"testing"
	"testing/synctest"

	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/extproc/extproctest"
)

// With one hop Envoy's own replies to requests that heald has not seen pass as they
// are: a health check's, or the refusal of an upgrade.
func TestOneHopPassesForeignReplies(t *testing.T) {
	for _, body := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := &extproctest.Script{}
			server, err := extproc.New(extproc.Config{}, extproc.Deps{Policy: alone{s.Policy()}})
			if err != nil {
				t.Fatal(err)
			}
			e := extproctest.Dial(t, server)
			e.OneHop = true
			e.SendLocalReply(426, "upgrade_failed", !body)
			want := ""
			if body {
				want = "no WebSockets"
				e.SendChunk(want, true)
			}
			if seen := e.Rest(); seen.Status != 426 || string(seen.Body) != want || !seen.Complete || seen.Cut {
				t.Errorf("%+v", seen)
			}
		})
	}
}
