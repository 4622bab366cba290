package credential

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/test/fakegoogle"
)

// A reload keeps what stays, with its token, starts what is new and ends what
// is gone.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &fakegoogle.Google{}
		name := write(t, encode(t, g.Account(robot), map[string]any{"quota_project_id": "quota"}))
		key, other := Config{Type: ServiceAccount, File: name}, Config{Type: Metadata}
		s := NewSet(NewClient(g.Transport()), nil)
		defer s.Close()
		take := func(configs ...Config) (out []*Refresher) {
			gen := s.Prepare()
			for _, c := range configs {
				out = append(out, gen.Refresher(mustLoad(t, c)))
			}
			gen.Take()()
			return out
		}
		first := take(key, key, other)
		if first[0] != first[1] || first[0] == first[2] {
			t.Error("accounts with one credential do not share a refresher, or others do")
		}
		if a, b := g.Calls(fakegoogle.TokenHost), g.Calls(fakegoogle.MetadataHost); a != 1 || b != 1 {
			t.Errorf("%d token calls, %d metadata calls; want one each", a, b)
		}
		before := token(first[0])
		if quota := first[0].QuotaProject().Reveal(); quota != "quota" {
			t.Errorf("quota project %q", quota)
		}

		next := take(key)
		if next[0] != first[0] || token(next[0]) != before || g.Calls(fakegoogle.TokenHost) != 1 {
			t.Error("a reload has lost the token of a credential that stayed")
		}
		if first[2].Unusable() != "" {
			t.Error("requests that run have lost their token")
		}
		time.Sleep(24 * time.Hour)
		if n := g.Calls(fakegoogle.MetadataHost); n != 1 {
			t.Errorf("%d metadata calls for a credential that is gone", n)
		}

		// The key is rotated: the old one is revoked at once.
		if err := os.WriteFile(name, g.Account(robot), 0o600); err != nil {
			t.Fatal(err)
		}
		rotated := take(key)
		if rotated[0] == first[0] || rotated[0].Unusable() != "" {
			t.Errorf("a rotated key: %q", rotated[0].Unusable())
		}

		gen := s.Prepare() // of a configuration that is not taken
		gen.Refresher(mustLoad(t, other))
		s.Close()
		gen.Take()()
		synctest.Wait()
		if n := g.Calls(fakegoogle.MetadataHost); n != 1 {
			t.Errorf("%d metadata calls after the end", n)
		}
	})
}

// From the outage of the token endpoint to the words of the operator's table.
func TestSetTellsChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &fakegoogle.Google{}
		g.Fail(fakegoogle.TokenHost, fakegoogle.Unavailable, fakegoogle.Disabled)
		var told []State
		var of []*Refresher
		s := NewSet(NewClient(g.Transport()), func(r *Refresher, st State) { told, of = append(told, st), append(of, r) })
		defer s.Close()
		gen := s.Prepare()
		r := gen.Refresher(mustLoad(t, Config{Type: ServiceAccount, File: write(t, g.Account(robot))}))
		gen.Take()()
		if why := r.Unusable(); why != "no access token: oauth2.googleapis.com answered 503: internal_failure" {
			t.Errorf("unusable: %q", why)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if why := r.Unusable(); !strings.HasPrefix(why, "the provider refuses the credential: oauth2.googleapis.com answered 400: invalid_grant") {
			t.Errorf("unusable: %q", why)
		}
		time.Sleep(2 * time.Minute) // the second pause in a row
		synctest.Wait()
		if len(told) != 3 || told[0].Refused || !told[1].Refused || !told[2].Ready || of[2] != r {
			t.Errorf("told %+v", told)
		}
	})
}

// A token endpoint that does not answer holds up a start for a while, not for
// ever; what runs goes on meanwhile, with the old credential.
func TestSlowStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &fakegoogle.Google{}
		s := NewSet(NewClient(g.Transport()), nil)
		defer s.Close()
		gen := s.Prepare()
		old := gen.Refresher(mustLoad(t, Config{Type: Metadata}))
		gen.Take()()
		g.Fail(fakegoogle.TokenHost, fakegoogle.Fault{Delay: time.Hour})
		began := time.Now()
		gen = s.Prepare()
		r := gen.Refresher(mustLoad(t, Config{Type: ServiceAccount, File: write(t, g.Account(robot))}))
		retire := gen.Take()
		if time.Since(began) != firstWait || r.Unusable() == "" {
			t.Errorf("waited %v, unusable: %q", time.Since(began), r.Unusable())
		}
		time.Sleep(time.Hour) // the old one is still refreshed
		if old.Unusable() != "" {
			t.Errorf("before it was retired: %q", old.Unusable())
		}
		retire()
		time.Sleep(time.Hour)
		if old.Unusable() == "" {
			t.Error("a retired credential goes on")
		}
	})
}
