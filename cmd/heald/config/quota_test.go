package config

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/state"
)

const quotaFile = `
max_body: 1000
backends: [{name: studio, kind: ai_studio, priority: 1}]
accounts:
- {id: a, backend: studio, secret: {env: KEY_FOR_QUOTA}, project: p, billing: b, slots: 3, limits: {rpm: 10, tpm: 20, rpd: 30}}
- {id: b, backend: studio, secret: {env: KEY_FOR_QUOTA}, disabled: true}
`

func TestQuota(t *testing.T) {
	t.Setenv("KEY_FOR_QUOTA", "a-key-that-is-long-enough-to-be-one-000")
	c, err := Parse([]byte(quotaFile))
	if err != nil {
		t.Fatal(err)
	}
	x, err := c.Exchange()
	if err != nil {
		t.Fatal(err)
	}
	if a := x.Accounts[0]; a.Project != "p" || a.Billing != "b" || a.Slots != 3 || (a.Rates != state.Rates{Requests: 10, Tokens: 20, Day: 30}) || a.Disabled {
		t.Errorf("%+v", a)
	}
	if !x.Accounts[1].Disabled || x.Backends[0].Priority != 1 {
		t.Errorf("%+v %+v", x.Accounts[1], x.Backends[0])
	}
}

func TestQuotaProblems(t *testing.T) {
	t.Setenv("KEY_FOR_QUOTA", "a-key-that-is-long-enough-to-be-one-000")
	for from, want := range map[string]string{
		"slots: 3": "accounts[0].slots: -3 is not between 0 and 1000000",
		"rpm: 10":  "accounts[0].limits.rpm: -10 is negative",
		"tpm: 20":  "accounts[0].limits.tpm: -20 is negative",
	} {
		key, value, _ := strings.Cut(from, ": ")
		c, err := Parse([]byte(strings.Replace(quotaFile, from, key+": -"+value, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exchange(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Two keys of one backend may be of one project: only their owner knows.
func TestKeysWithoutProject(t *testing.T) {
	t.Setenv("KEY_FOR_QUOTA", "a-key-that-is-long-enough-to-be-one-000")
	for file, noted := range map[string]bool{
		"accounts: [{backend: s, secret: {env: KEY_FOR_QUOTA}}, {backend: s, secret: {env: KEY_FOR_QUOTA}}]\nbackends: [{name: s, kind: ai_studio}]":                                   true,
		"accounts: [{backend: s, secret: {env: KEY_FOR_QUOTA}}, {backend: s, secret: {env: KEY_FOR_QUOTA}, project: q}]\nbackends: [{name: s, kind: ai_studio}]":                       false,
		"accounts: [{backend: s, secret: {env: KEY_FOR_QUOTA}}, {backend: s, secret: {env: KEY_FOR_QUOTA}, disabled: true}]\nbackends: [{name: s, kind: ai_studio}]":                   false,
		"accounts: [{backend: s, secret: {env: KEY_FOR_QUOTA}}, {backend: s, secret: {env: KEY_FOR_QUOTA}}]\nbackends: [{name: s, kind: vertex, project: pr, location: europe-west4}]": false,
	} {
		c, err := Parse([]byte(file))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, n := range c.Notes() {
			found = found || n.Path == "accounts[1].project"
		}
		if found != noted {
			t.Errorf("%s: noted %v", file, found)
		}
	}
}
