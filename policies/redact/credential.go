package redact

import (
	"regexp"
	"strings"
)

// mark replaces a secret.
const mark = "[redacted]"

// forms are credentials that are known by their beginning: keys that heald
// makes for clients (heald_), Google's API keys (AIza, AQ.), OAuth tokens (ya29., 1//) and client secrets, keys of other
// providers (sk-, gsk_, xai-, hf_, pplx-, r8_, nvapi-, tgp_v1_), tokens of
// GitHub, GitLab, Slack, AWS, npm, PyPI, Docker, DigitalOcean, Stripe and
// Vault, JSON Web Tokens, and PEM blocks, which may be escaped.
var forms = newPattern(`AIza[0-9A-Za-z_-]{10,}`+
	`|heald_[0-9A-Za-z]{20,}`+ // names of metrics have an underscore sooner
	`|\bAQ\.[0-9A-Za-z_-]{10,}`+
	`|ya29\.[0-9A-Za-z._-]+`+
	`|\b1//0[0-9A-Za-z_-]{10,}`+
	`|\bGOCSPX-[0-9A-Za-z_-]{10,}`+
	`|\bsk-[0-9A-Za-z_-]{16,}`+
	`|\b(?:gsk_|xai-|hf_|pplx-|r8_)[0-9A-Za-z]{16,}|\bnvapi-[0-9A-Za-z_-]{20,}|\btgp_v1_[0-9A-Za-z_-]{16,}`+
	`|\bnpm_[0-9A-Za-z]{24,}|\bpypi-[0-9A-Za-z_-]{32,}|\bdckr_pat_[0-9A-Za-z_-]{16,}|\bdo[oprt]_v1_[0-9a-f]{16,}`+
	`|\b[rs]k_(?:live|test)_[0-9A-Za-z]{16,}|\bhv[bs]\.[0-9A-Za-z_-]{20,}`+
	`|\bgh[oprsu]_[0-9A-Za-z]{10,}|\bgithub_pat_[0-9A-Za-z_]{10,}|\bglpat-[0-9A-Za-z_-]{10,}`+
	`|\bxox[abeprs]-[0-9A-Za-z-]{10,}|\b(?:AKIA|ASIA)[0-9A-Z]{12,}`+
	`|\beyJ[0-9A-Za-z_-]{8,}[0-9A-Za-z._-]*`+
	`|(?s:-----BEGIN [A-Z0-9 ]*-----.*?(?:-----END [A-Z0-9 ]*-----|\z))`,
	"AIza", "heald_", "AQ.", "ya29.", "1//0", "GOCSPX-", "sk-", "gsk_", "xai-", "hf_", "pplx-", "r8_", "nvapi-", "tgp_v1_",
	"npm_", "pypi-", "dckr_pat_", "doo_v1_", "dop_v1_", "dor_v1_", "dot_v1_", "k_live_", "k_test_", "hvb.", "hvs.",
	"gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_", "glpat-", "xox", "AKIA", "ASIA", "eyJ", "-----BEGIN ")

// announced are credentials of any form, known by what stands before them.
var announced = newPattern(`(?i:\bapi[_-]?key:|\bbearer |[?&](?:api_?key|key|access_token)=)[^\s'"&,;)]{4,}`+
	`|\b[Bb]asic [0-9A-Za-z+/_-]{8,}=*`, ":", " ", "=")

// userInfo are user and password in an address.
var userInfo = newPattern(`(://)[^/\s@'"]+@`, "://")

// leastRandom is the length from which a run of characters can be told to be
// random, in bytes: 18 bytes in base64, which no name of a variable, a project
// or a model resembles.
const leastRandom = 24

// runs are what may be a random token in hex, base32 or either base64.
var runs = regexp.MustCompile(`[0-9A-Za-z+/_-]{24,}=*`)

// Secret reports whether a value that somebody has set looks like a credential,
// or holds one.
func Secret(value string) bool {
	if Known(value) {
		return true
	}
	for _, run := range runs.FindAllString(value, -1) {
		if random(run) {
			return true
		}
	}
	return false
}

// Text removes from a text of heald's own whatever looks like a credential. It
// goes further than ForLog, since what heald says about its configuration has
// no hashes and ids, except in the paths of files.
func Text(text string) string {
	text = ForLog(text)
	return runs.ReplaceAllStringFunc(text, func(run string) string {
		if path := run[0] == '/' && strings.Count(run, "/") > 1; random(run) && !path {
			return mark
		}
		return run
	})
}

// Known reports a credential that is known by its form alone, or by what stands
// before it. It suits paths of files, which may well have hashes in them.
func Known(value string) bool {
	return forms.in(value) || announced.in(value) || userInfo.in(value)
}

// class is the kind of a character in a token.
type class uint8

const (
	other class = iota // joins words: - _ + / =
	lower
	upper
	digit
)

func classOf(c byte) class {
	switch {
	case 'a' <= c && c <= 'z':
		return lower
	case 'A' <= c && c <= 'Z':
		return upper
	case '0' <= c && c <= '9':
		return digit
	}
	return other
}

// random distinguishes tokens from names by how often the kind of character
// changes: in random base64 it does so after nearly two of three characters, in
// hex after nearly every other, in names made of words only between the words.
func random(run string) bool {
	run = strings.TrimRight(run, "=")
	if s := strings.Map(alphanumeric, run); len(s) >= leastRandom*3/4 && kinds(s) == 3 && changing(s, 36) {
		return true
	}
	// Two kinds of characters are also those of names with hashes, such as
	// Kubernetes gives; a token is longer than any of their parts.
	for _, part := range strings.FieldsFunc(run, func(r rune) bool { return alphanumeric(r) < 0 }) {
		least := 36
		if strings.ContainsAny(part, "0123456789") {
			least = 12 // words have their digits at the end
		}
		if len(part) >= leastRandom && kinds(part) >= 2 && changing(part, least) {
			return true
		}
	}
	return false
}

func alphanumeric(r rune) rune {
	if r >= 0x80 || classOf(byte(r)) == other {
		return -1
	}
	return r
}

// changing reports whether one kind of character follows another after at least
// so many percent of the characters.
func changing(s string, percent int) bool {
	n := 0
	for i := 1; i < len(s); i++ {
		if classOf(s[i]) != classOf(s[i-1]) {
			n++
		}
	}
	return n*100 >= percent*(len(s)-1)
}

// kinds counts which of lower case, upper case and digits are there.
func kinds(s string) int {
	var seen [4]int
	for i := range len(s) {
		seen[classOf(s[i])] = 1
	}
	return seen[lower] + seen[upper] + seen[digit]
}
