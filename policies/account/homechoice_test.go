package account

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// A conversation with a long prompt stays at its home as long as that is well; a
// short one has none.
func TestConversationsStayAtHome(t *testing.T) {
	var list []Account
	for i := range 5 {
		list = append(list, Account{ID: fmt.Sprint("a", i), Backend: "x", Secret: NewSecret("s")})
	}
	synctest.Test(t, func(t *testing.T) {
		p := accounts(t, list, Deps{})
		at := plan("m", "x")
		at[0].CachedFrom = 4096
		homes := map[string]bool{}
		for session := range uint64(50) {
			w := Want{Session: session + 1, Cached: 0.9, Tokens: 4096}
			home, l := acquired(t, p, at, w)
			l.Done(Outcome{})
			homes[home] = true
			for range 3 {
				again, l := acquired(t, p, at, w)
				if l.Done(Outcome{}); again != home {
					t.Fatalf("session %d went from %s to %s", session, home, again)
				}
			}
			w.Tokens = 4095 // a short prompt has no home: all take their turn
			short := map[string]bool{}
			for range list {
				got, l := acquired(t, p, at, w)
				l.Done(Outcome{})
				short[got] = true
			}
			if len(short) != len(list) {
				t.Errorf("session %d: short prompts went to %v only", session, short)
			}
		}
		if len(homes) < 5 {
			t.Errorf("all conversations are at %v", homes)
		}
		// A home that is ten times slower loses its conversations.
		w := Want{Session: 1, Cached: 0.9, Tokens: 5000}
		home, first := acquired(t, p, at, w)
		first.Done(Outcome{})
		for _, a := range list {
			for range 2 {
				content := time.Second
				if a.ID == home {
					content *= 10
				}
				leaseOf(p, a.ID, "m").Done(Outcome{Result: Succeeded, Sent: true, Content: content})
			}
		}
		time.Sleep(2 * time.Second)
		if got, _ := acquired(t, p, at, w); got == home {
			t.Errorf("%s is still the home, though it is slow", got)
		}
	})
}
