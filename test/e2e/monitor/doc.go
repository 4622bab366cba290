// Package monitor tests the monitor page in a real browser: every view, with
// 10,000 requests of mixed outcomes. The scripts in browser/ drive Chromium by
// way of playwright-core, and axe-core checks accessibility; pictures of it are
// in out/monitor. `make browser` installs all three.
package monitor
