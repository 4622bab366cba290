package redact

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
)

// Each is a form in which a key may be pasted by mistake; none is one.
var keys = []string{
	"AIzaSyA1234567890abcdefghijklmnopqrstuv",
	"heald_k6dPyuMS0wsTb3MWXqgw5iZyEtiXlx9GDXOKYRKGDp02fLk3",
	"heald_k6dPyuMS0wsTb3MWXqgw", // cut off
	"AQ.Ab8RN6Jx_example-Key1234",
	"ya29.a0AfH6SMBx-y_z",
	"1//0gExampleRefreshToken",
	"GOCSPX-exampleExample12",
	"sk-ant-api03-abcdefghijklmnop",
	"sk-proj-abcdefghijklmnopqrstu",
	"pplx-abcdef0123456789abcdef0123456789",
	"r8_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
	"nvapi-exampleExample_example-1",
	"tgp_v1_exampleExample_example-1",
	"npm_abcdefghij0123456789abcdefghij012345",
	"pypi-AgEIexampleExampleExampleExampleExample",
	"dckr_pat_exampleExample-123",
	"dop_v1_0123456789abcdef",
	"sk_live_exampleExample12",
	"hvs.exampleExampleExample",
	"gho_16C7e42F292c6912E7710c838347Ae178B4a",
	"github_pat_11ABCDEFG0example",
	"xoxb-123456789012-abcdefghij",
	"AKIAIOSFODNN7EXAMPLE",
	"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
	"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkq==\n-----END PRIVATE KEY-----\n",
	`-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBg`,
	"https://user:password@example.com",
	"https://example.com/?key=abcdef",
	"Bearer abcdef",
}

// names are what operators and providers write where nothing is secret.
var names = []string{
	"GEMINI_API_KEY_PRODUCTION_EUROPE", "GEMINI_API_KEY_2_PRODUCTION_EU1", "HEALD_MEMORY_KEY",
	"/run/secrets/kubernetes.io/serviceaccount/token", "config/Production2/gemini-key", "/var/run/secrets/gateway/gemini-key-1.txt",
	"my-project-123456", "gen-lang-client-0123456789", "example.com:my-project", "europe-west4", "heald-gateway-7d9f8b6c5d-x2x4z",
	"https://europe-west4-aiplatform.googleapis.com", "gemini-3.5-flash-preview-10-2026", "claude-*haiku*",
	"projects/123456789012/locations/europe-west4/endpoints/1234567890123456789",
	"6f1c3a52-9d1e-4f0b-8f53-2f6f7f0c9f11", "unix:///run/heald/heald.sock", "service-account@my-proj.iam.gserviceaccount.com",
	"Note: an earlier reasoning block of this conversation could not be verified.", "Production-Gateway-Europe-West4-Main",
	"heald_request_duration_seconds", "heald_configuration_loaded_timestamp", "heald_1", "npm_config_registry_of_the_company", "NPM_TOKEN_FOR_THE_GATEWAY_OF_PRODUCTION", "pplx-sonar", "pypi-mirror.example.com",
	"publishers/anthropic/models/claude-sonnet-4-5@20250929", "deployment_environment_identifier_1",
}

func TestSecret(t *testing.T) {
	for _, k := range keys {
		if !Secret(k) {
			t.Errorf("taken for a name: %s", k)
		}
	}
	for _, n := range names {
		if Secret(n) {
			t.Errorf("taken for a credential: %s", n)
		}
		if got := Text(n); got != n {
			t.Errorf("%s became %s", n, got)
		}
	}
}

// Random tokens are told by their shape. Of the shortest, a few of a hundred are
// missed; of those of 32 bytes, a few of a thousand.
func TestSecretTellsRandomTokens(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test must repeat
	const tries = 2000
	for _, c := range []struct {
		name   string
		encode func([]byte) string
		bytes  int
		missed int // at most
	}{
		{"base64, 18 bytes", base64.StdEncoding.EncodeToString, 18, tries / 40},
		{"base64, 32 bytes", base64.StdEncoding.EncodeToString, 32, tries / 500},
		{"base64url, 32 bytes", base64.RawURLEncoding.EncodeToString, 32, tries / 500},
		{"hex, 16 bytes", hex.EncodeToString, 16, tries / 100},
		{"hex, 32 bytes", hex.EncodeToString, 32, tries / 1000},
		{"base32, 20 bytes", base32.StdEncoding.EncodeToString, 20, tries / 25},
	} {
		missed := 0
		for range tries {
			raw := make([]byte, c.bytes)
			for i := range raw {
				raw[i] = byte(rnd.Uint32())
			}
			if !Secret(c.encode(raw)) {
				missed++
			}
		}
		t.Logf("%s: %d of %d missed", c.name, missed, tries)
		if missed > c.missed {
			t.Errorf("%s: %d of %d missed, want at most %d", c.name, missed, tries, c.missed)
		}
	}
}

func TestQuoteShowsNoKey(t *testing.T) {
	for _, k := range keys {
		if got := Quote("x " + k); strings.Contains(got, k[2:10]) {
			t.Errorf("%s", got)
		}
		if got := Text("found " + k + " there"); strings.Contains(got, k) {
			t.Errorf("%s", got)
		}
	}
	if got := Quote("eu west"); got != `"eu west"` {
		t.Errorf("got %s", got)
	}
}

func TestClassOf(t *testing.T) {
	for chars, want := range map[string]class{
		"azm": lower, "AZM": upper, "095": digit, "`{@[/:-_+=": other,
	} {
		for i := range len(chars) {
			if got := classOf(chars[i]); got != want {
				t.Errorf("%q: class %d, want %d", chars[i], got, want)
			}
		}
	}
}

// switching makes a text of n characters whose kind changes so many times,
// among the given alphabet, with joiners after every 20.
func switching(n, changes int, alphabet string, joined bool) string {
	var b strings.Builder
	k := 0
	for i := range n {
		if i > 0 && k < changes {
			k++
		}
		b.WriteByte(alphabet[k%len(alphabet)])
		if joined && i%20 == 19 {
			b.WriteByte('-')
		}
	}
	return b.String()
}

// What a random token has at least: 18 characters of three kinds that change
// after 36 of 100, or 24 in a row of two kinds that change after 12 of 100, or
// after 36 where there are no digits.
func TestLeastRandom(t *testing.T) {
	for _, c := range []struct {
		name, run string
		want      bool
	}{
		{"18 of three kinds", "aB1aB1aB1-aB1aB1aB1------", true},
		{"17 of three kinds", "aB1aB1aB1-aB1aB1aB-------", false},
		{"36 of 100", switching(101, 36, "aB1", true), true},
		{"35 of 100", switching(101, 35, "aB1", true), false},
		{"two kinds in parts", switching(101, 100, "a1", true), false},
		{"24 with digits, 3 changes", switching(24, 3, "a1", false), true},
		{"24 with digits, 2 changes", switching(24, 2, "a1", false), false},
		{"23 with digits", switching(23, 22, "a1", false) + "--", false},
		{"24 letters, 9 changes", switching(24, 9, "aB", false), true},
		{"24 letters, 8 changes", switching(24, 8, "aB", false), false},
		{"12 of 100 with digits", switching(101, 12, "a1", false), true},
		{"11 of 100 with digits", switching(101, 11, "a1", false), false},
		{"a name before it", "a-" + switching(24, 23, "a1", false), true},
		{"padding is not counted", "aB1aB1aB1-aB1aB1aB1-----==", true},
		{"one kind", strings.Repeat("a", 40), false},
	} {
		if got := random(c.run); got != c.want {
			t.Errorf("%s: %s: %v", c.name, c.run, got)
		}
		if got := Secret("x " + c.run); got != c.want {
			t.Errorf("%s: %s as a secret: %v", c.name, c.run, got)
		}
	}
}

// Paths of files may have hashes in them; what merely begins with a slash may not.
func TestTextLeavesPaths(t *testing.T) {
	token := switching(30, 29, "aB1", false)
	for in, want := range map[string]string{
		"/run/" + token: "/run/" + token, "/" + token: mark, "run/" + token: mark, "run/x/" + token: mark, "no " + token + ".": "no " + mark + ".",
	} {
		if got := Text(in); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}
