package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// An idle replica reports what another one uses now; and once the store is gone,
// the age of that knowledge.
func TestReportOfAnIdleReplica(t *testing.T) {
	server := redistest.Start(t)
	file := filepath.Join(t.TempDir(), "heald.yaml")
	t.Setenv("HEALD_TEST_SECRET", "AIzaSyK1abcdefghijklmnopqrstuvwxyz012345")
	text := "auth: none\nbackends: [{name: a, kind: ai_studio}]\n" +
		"accounts: [{id: one, backend: a, project: p, secret: {env: HEALD_TEST_SECRET}, slots: 4}]\n" +
		"state: {redis: {url: '" + server.URL() + "'}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	busy, _ := loadedSidecar(t, file)
	idle, _ := loadedSidecar(t, file)
	defer busy.state.Close()
	defer idle.state.Close()
	for taken := 1; taken <= 3; taken++ {
		if _, err := busy.policy.accounts().Acquire(t.Context(), []account.Candidate{{Backend: "a", Model: "gemini-3.5-flash"}}, account.Want{MaxWait: 10 * time.Second}); err != nil {
			t.Fatal(err)
		}
		// A snapshot may be a quarter of a second old; a call may miss its deadline.
		got := 0
		for end := time.Now().Add(20 * time.Second); got != taken && time.Now().Before(end); {
			time.Sleep(600 * time.Millisecond)
			before, err := busy.state.redis.Snapshot(t.Context())
			r := idle.report()
			if got = r.Accounts[0].InUse; got != taken && r.AsOf.IsZero() && r.State.Up && err == nil && before.InUse["one"] == taken {
				t.Errorf("%d in use as of now, want %d", got, taken)
			}
		}
		if got != taken {
			t.Fatalf("%d in use, want %d", got, taken)
		}
	}
	server.Kill()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if r := idle.report(); !r.State.Up && !r.AsOf.IsZero() && r.AsOf.Before(r.At) {
			return
		}
	}
	t.Errorf("without the store: %+v", idle.report().State)
}
