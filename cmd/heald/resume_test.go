package main

import (
	"strings"
	"testing"
)

// The listener for resumed answers is there where a policy needs it, and only
// there; check misses it, and knows that it is no way around heald.
func TestResumeListener(t *testing.T) {
	t.Setenv("KEY", "k")
	t.Setenv("HOP", "a secret of the hop, long enough")
	const base = `
backends: [{name: studio, kind: ai_studio, url: "http://127.0.0.1:9999"}]
accounts: [{backend: studio, secret: {env: KEY}}]
`
	off := write(t, "off.yaml", base)
	code, without, errs := heald(t, "envoy", "--config", off)
	if code != exitOK || strings.Contains(without, "name: resume") {
		t.Errorf("exit %d, %s:\n%s", code, errs, without)
	}
	for _, c := range []struct{ more, address string }{
		{"policies: {gold: {resume: text}}\n", "path: /run/heald/resume.sock"},
		{"policies: {gold: {resume: text}}\nresume_via: http://127.0.0.1:10077/\nhop_secret: {env: HOP}\n", "port_value: 10077"},
		{"resume_via: unix:///run/envoy-resume.sock\n", "path: /run/envoy-resume.sock"},
	} {
		on := write(t, "on.yaml", base+c.more)
		code, with, errs := heald(t, "envoy", "--config", on)
		if code != exitOK || !strings.Contains(with, "name: resume") || !strings.Contains(with, c.address) {
			t.Errorf("%s: exit %d, %s:\n%s", c.more, code, errs, with)
		}
		if code, out, _ := heald(t, "check", "--config", on, "--envoy", write(t, "with.yaml", with)); code != exitOK || !strings.Contains(out, "no problems") {
			t.Errorf("%s: exit %d:\n%s", c.more, code, out)
		}
		if code, out, _ := heald(t, "check", "--config", on, "--envoy", write(t, "without.yaml", without)); code != exitProblems || !strings.Contains(out, "resume.yaml") {
			t.Errorf("%s: exit %d:\n%s", c.more, code, out)
		}
		if code, out, _ := heald(t, "check", "--config", off, "--envoy", write(t, "with.yaml", with)); code != exitProblems || !strings.Contains(out, "reached without the inner listener") {
			t.Errorf("%s: exit %d:\n%s", c.more, code, out)
		}
	}
	open := write(t, "open.yaml", base+"resume_via: http://127.0.0.1:10077\n")
	if code, _, errs := heald(t, "envoy", "--config", open); code == exitOK || !strings.Contains(errs, "every process of this machine") {
		t.Errorf("a port without a secret: exit %d, %s", code, errs)
	}
	bad := write(t, "bad.yaml", base+"policies: {gold: {resume: all}}\nresume_via: https://h\n")
	if code, out, _ := heald(t, "check", "--config", bad); code != exitProblems || !strings.Contains(out, "policies.gold.resume") || !strings.Contains(out, "resume_via") {
		t.Errorf("exit %d:\n%s", code, out)
	}
}
