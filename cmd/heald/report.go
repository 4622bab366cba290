package main

import (
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
)

// report is what the admin listener tells of accounts.
func (s *sidecar) report() accounts.Report {
	return accounts.Report{State: accounts.State{Store: "memory", Up: true}, Status: s.policy.accounts().Status(time.Now())}
}
