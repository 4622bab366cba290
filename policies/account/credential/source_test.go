package credential

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/test/fakegoogle"
)

const (
	robot  = "robot@project.iam.gserviceaccount.com"
	second = "second@project.iam.gserviceaccount.com"
	third  = "third@project.iam.gserviceaccount.com"
)

func iamURL(email string) string {
	return "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" + email + ":generateAccessToken"
}

// write puts a file into a directory of the test.
func write(t testing.TB, data []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "credential.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func load(c Config) (*Source, error) {
	return c.Load("accounts[0].credential", os.ReadFile, func(err error) string {
		if errors.Is(err, fs.ErrNotExist) {
			return "does not exist"
		}
		return "cannot be read"
	})
}

func mustLoad(t testing.TB, c Config) *Source {
	t.Helper()
	s, err := load(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// encode writes a file, with other fields than base has.
func encode(t testing.TB, base []byte, fields map[string]any) []byte {
	t.Helper()
	all := map[string]any{}
	if base != nil {
		if err := json.Unmarshal(base, &all); err != nil {
			t.Fatal(err)
		}
	}
	maps.Copy(all, fields)
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// federation is an external_account file.
func federation(t testing.TB, source map[string]any, more map[string]any) []byte {
	return encode(t, encode(t, nil, map[string]any{
		"type": "external_account", "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
		"subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "https://sts.googleapis.com/v1/token",
		"credential_source": source,
	}), more)
}

// Every kind of credential gets a token of the right account and scope.
func TestFetch(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	subject := write(t, []byte("subject"))
	user := encode(t, nil, map[string]any{"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "refresh", "quota_project_id": "quota"})
	g := &fakegoogle.Google{SubjectTokens: []string{"subject"}, MayImpersonate: map[string][]string{
		robot: {second}, second: {third}, "attached": {third}, "federated": {third}, "user": {second},
	}}
	key := g.Account(robot)
	const narrow = "https://www.googleapis.com/auth/generative-language"
	for _, c := range []struct {
		name   string
		config Config
		file   []byte
		want   string
		calls  string // hosts, in alphabetical order
		quota  string
	}{
		{"key file", Config{Type: ServiceAccount}, key, robot, "oauth2", ""},
		{"metadata server", Config{Type: Metadata}, nil, "attached", "169", ""},
		{"metadata server, impersonating", Config{Type: Metadata, Impersonate: third}, nil, third, "169 iamcredentials", ""},
		{"key file, impersonating", Config{Type: ServiceAccount, Impersonate: second}, key, second, "iamcredentials oauth2", ""},
		{"federation, file", Config{Type: ExternalAccount}, federation(t, map[string]any{"file": subject}, nil), "federated", "sts", ""},
		{"federation, JSON file", Config{Type: ExternalAccount}, federation(t, map[string]any{
			"file": write(t, []byte(`{"t":"subject"}`)), "format": map[string]string{"type": "json", "subject_token_field_name": "t"}}, nil), "federated", "sts", ""},
		{"federation, impersonating in the file", Config{Type: ExternalAccount}, federation(t, map[string]any{"file": subject},
			map[string]any{"service_account_impersonation_url": iamURL(third), "service_account_impersonation": map[string]any{"token_lifetime_seconds": 600}, "quota_project_id": "q"}),
			third, "iamcredentials sts", "q"},
		{"impersonation file", Config{Type: Impersonated}, encode(t, nil, map[string]any{"type": "impersonated_service_account",
			"service_account_impersonation_url": iamURL(second), "source_credentials": json.RawMessage(key)}), second, "iamcredentials oauth2", ""},
		{"impersonation file, and one more", Config{Type: Impersonated, Impersonate: third}, encode(t, nil, map[string]any{"type": "impersonated_service_account",
			"service_account_impersonation_url": iamURL(second), "source_credentials": json.RawMessage(key), "quota_project_id": "q2"}), third, "iamcredentials iamcredentials oauth2", "q2"},
		{"login of a person", Config{Type: ApplicationDefault}, user, "user", "oauth2", "quota"},
		{"login of a person, impersonating", Config{Type: ApplicationDefault}, encode(t, nil, map[string]any{"type": "impersonated_service_account",
			"service_account_impersonation_url": iamURL(second), "source_credentials": json.RawMessage(user)}), second, "iamcredentials oauth2", "quota"},
		{"application default, key file", Config{Type: ApplicationDefault}, key, robot, "oauth2", ""},
		{"application default, nothing", Config{Type: ApplicationDefault}, nil, "attached", "169", ""},
		{"another scope", Config{Type: ServiceAccount, Impersonate: second, Scopes: []string{narrow}}, key, second, "iamcredentials oauth2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
			if c.file != nil {
				name := write(t, c.file)
				if c.config.Type == ApplicationDefault {
					t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", name)
				} else {
					c.config.File = name
				}
			}
			before := map[string]int{}
			hosts := []string{fakegoogle.MetadataHost, fakegoogle.IAMHost, fakegoogle.TokenHost, fakegoogle.STSHost}
			for _, h := range hosts {
				before[h] = g.Calls(h)
			}
			s := mustLoad(t, c.config)
			if got := s.QuotaProject().Reveal(); got != c.quota {
				t.Errorf("quota project %q, want %q", got, c.quota)
			}
			tok, err := s.Fetch(t.Context(), NewClient(g.Transport()))
			if err != nil {
				t.Fatalf("%v; refused: %q", err, g.Refused())
			}
			if got := g.Owner(tok.Secret.Reveal()); got != c.want {
				t.Errorf("a token of %q, want %q", got, c.want)
			}
			scope := CloudPlatform
			if c.config.Scopes != nil {
				scope = narrow
			}
			if got := g.Scope(tok.Secret.Reveal()); got != scope {
				t.Errorf("scope %q, want %q", got, scope)
			}
			if tok.Lifetime > time.Hour || tok.Lifetime < time.Hour-10*time.Second && !strings.Contains(c.name, "in the file") {
				t.Errorf("lives %v", tok.Lifetime)
			}
			var calls []string
			for _, h := range hosts {
				for range g.Calls(h) - before[h] {
					short, _, _ := strings.Cut(h, ".")
					calls = append(calls, short)
				}
			}
			slices.Sort(calls)
			if got := strings.Join(calls, " "); got != c.calls {
				t.Errorf("asked %q, want %q", got, c.calls)
			}
		})
	}
}

// A subject token may come from a URL of this machine's metadata server.
func TestSubjectTokenFromURL(t *testing.T) {
	g := &fakegoogle.Google{SubjectTokens: []string{"from-url"}}
	base := g.Transport()
	client := NewClient(roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.String() == "http://169.254.169.254/token" && r.Header.Get("Metadata") == "True" {
			return answered(200, `{"access_token":"from-url"}`), nil
		}
		return base.RoundTrip(r)
	}))
	s := mustLoad(t, Config{Type: ExternalAccount, File: write(t, federation(t, map[string]any{
		"url": "http://169.254.169.254/token", "headers": map[string]string{"Metadata": "True"},
		"format": map[string]string{"type": "json", "subject_token_field_name": "access_token"}}, nil))})
	tok, err := s.Fetch(t.Context(), client)
	if err != nil || g.Owner(tok.Secret.Reveal()) != "federated" {
		t.Errorf("got a token of %q: %v", g.Owner(tok.Secret.Reveal()), err)
	}
}

// The local clock is five minutes off. Tokens are got all the same, and live as
// long as they do.
func TestClockIsOff(t *testing.T) {
	for _, ahead := range []time.Duration{5 * time.Minute, -5 * time.Minute} {
		for _, impersonate := range []string{"", second} {
			synctest.Test(t, func(t *testing.T) {
				// The server's clock is ahead where the local one is behind.
				g := &fakegoogle.Google{Ahead: -ahead, Lifetime: 4 * time.Minute, MayImpersonate: map[string][]string{robot: {second}}}
				s := mustLoad(t, Config{Type: ServiceAccount, File: write(t, g.Account(robot)), Impersonate: impersonate})
				tok, err := s.Fetch(t.Context(), NewClient(g.Transport()))
				if err != nil {
					t.Fatalf("clock %v ahead: %v", ahead, err)
				}
				if tok.Lifetime < 4*time.Minute-2*time.Second || tok.Lifetime > 4*time.Minute {
					t.Errorf("clock %v ahead, impersonating %q: lives %v, want 4m", ahead, impersonate, tok.Lifetime)
				}
				if calls := g.Calls(fakegoogle.TokenHost); calls > 2 {
					t.Errorf("%d token calls", calls)
				}
			})
		}
	}
}

// A wrong clock is mentioned if it may be the reason.
func TestClockIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &fakegoogle.Google{Ahead: -5 * time.Minute}
		s := mustLoad(t, Config{Type: ServiceAccount, File: write(t, g.Account(robot))})
		g.Fail(fakegoogle.TokenHost, fakegoogle.InvalidGrant, fakegoogle.InvalidGrant)
		_, err := s.Fetch(t.Context(), NewClient(g.Transport()))
		const want = "oauth2.googleapis.com answered 400: invalid_grant: Invalid JWT Signature.; this machine's clock is 5m0s ahead of that server's"
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}

// Failures are classified by what to do about them, and reported without
// secrets.
func TestFailures(t *testing.T) {
	subject := filepath.Join(t.TempDir(), "absent")
	for _, c := range []struct {
		name    string
		config  Config
		file    func(*fakegoogle.Google) []byte
		host    string
		fault   fakegoogle.Fault
		refused bool
		want    string
	}{
		{"invalid grant", Config{Type: ServiceAccount}, nil, fakegoogle.TokenHost, fakegoogle.InvalidGrant, true, "oauth2.googleapis.com answered 400: invalid_grant: Invalid JWT Signature."},
		{"disabled", Config{Type: ServiceAccount}, nil, fakegoogle.TokenHost, fakegoogle.Disabled, true, "oauth2.googleapis.com answered 400: invalid_grant: Invalid grant: account not found"},
		{"outage", Config{Type: ServiceAccount}, nil, fakegoogle.TokenHost, fakegoogle.Unavailable, false, "oauth2.googleapis.com answered 503: internal_failure"},
		{"limit", Config{Type: ServiceAccount}, nil, fakegoogle.TokenHost, fakegoogle.Fault{Status: 429, Body: "slow down"}, false, "oauth2.googleapis.com answered 429"},
		{"slow", Config{Type: ServiceAccount}, nil, fakegoogle.TokenHost, fakegoogle.Fault{Delay: time.Hour}, false, "oauth2.googleapis.com did not answer in time"},
		{"no JSON", Config{Type: ServiceAccount}, nil, fakegoogle.TokenHost, fakegoogle.Fault{Status: 200, Body: "<html>"}, false, "auth: cannot fetch token: invalid character '<' looking for beginning of value"},
		{"no token", Config{Type: ServiceAccount}, nil, fakegoogle.TokenHost, fakegoogle.Fault{Status: 200, Body: `{"expires_in":3600}`}, false, "the answer holds no token that can be sent"},
		{"no lifetime", Config{Type: ServiceAccount}, nil, fakegoogle.TokenHost, fakegoogle.Fault{Status: 200, Body: `{"access_token":"x"}`}, false, "the answer holds a token that is already over"},
		{"line end in the token", Config{Type: ServiceAccount}, nil, fakegoogle.TokenHost, fakegoogle.Fault{Status: 200, Body: `{"access_token":"x\r\ny: z","expires_in":3600}`}, false, "the answer holds no token that can be sent"},
		{"endless answer", Config{Type: Metadata}, nil, fakegoogle.MetadataHost, fakegoogle.Fault{Status: 200, Body: strings.Repeat("x", answerLimit+1)}, false, errAnswerTooLong.Error()},
		{"redirect", Config{Type: ServiceAccount}, nil, fakegoogle.TokenHost, fakegoogle.Fault{Status: 307, Header: map[string]string{"Location": "https://sts.googleapis.com/v1/token"}}, true,
			"oauth2.googleapis.com answered 307, a redirect, which is not followed with a credential"},
		{"may not impersonate", Config{Type: ServiceAccount, Impersonate: third}, nil, "", fakegoogle.Fault{}, true,
			"iamcredentials.googleapis.com answered 403: PERMISSION_DENIED: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist): [address]"},
		{"no service account", Config{Type: Metadata}, nil, fakegoogle.MetadataHost, fakegoogle.Fault{Status: 404}, true, "169.254.169.254 answered 404"},
		{"subject token refused", Config{Type: ExternalAccount}, func(*fakegoogle.Google) []byte {
			return federation(t, map[string]any{"file": write(t, []byte("stale"))}, nil)
		}, "", fakegoogle.Fault{}, true, "sts.googleapis.com answered 400: invalid_grant: The subject token is invalid or expired"},
		{"no subject token", Config{Type: ExternalAccount}, func(*fakegoogle.Google) []byte {
			return federation(t, map[string]any{"file": subject}, nil)
		}, "", fakegoogle.Fault{}, false, "the file of the subject token: no such file or directory"},
		{"a directory of subject tokens", Config{Type: ExternalAccount}, func(*fakegoogle.Google) []byte {
			return federation(t, map[string]any{"file": filepath.Dir(subject)}, nil)
		}, "", fakegoogle.Fault{}, false, "the file of the subject token is no regular file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &fakegoogle.Google{}
				if c.config.Type != Metadata {
					file := g.Account(robot)
					if c.file != nil {
						file = c.file(g)
					}
					c.config.File = write(t, file)
				}
				s := mustLoad(t, c.config)
				g.Fail(c.host, c.fault)
				_, err := s.Fetch(t.Context(), NewClient(g.Transport()))
				var f *Failure
				if !errors.As(err, &f) || f.Refused != c.refused || f.Text != c.want {
					t.Errorf("got  %v (refused %v)\nwant %s (refused %v)", err, f != nil && f.Refused, c.want, c.refused)
				}
			})
		})
	}
}

// What an answer repeats of the request is not in the failure's text.
func TestWordsHoldNoSecrets(t *testing.T) {
	for _, body := range []string{
		`{"error":"invalid_grant","error_description":"ya29.A0ARrdaM-abcdefghijklmnopqrstuvwxyz0123456789 is over"}`,
		`{"error":{"message":"` + robot + ` may not","status":"X"}}`,
		`ya29.A0ARrdaM-abcdefghijklmnopqrstuvwxyz0123456789`,
		`{"assertion":"ya29.A0ARrdaM-abcdefghijklmnopqrstuvwxyz0123456789"}`,
	} {
		g := &fakegoogle.Google{}
		s := mustLoad(t, Config{Type: ServiceAccount, File: write(t, g.Account(robot))})
		g.Fail(fakegoogle.TokenHost, fakegoogle.Fault{Status: 400, Body: body})
		_, err := s.Fetch(t.Context(), NewClient(g.Transport()))
		if err == nil || strings.Contains(err.Error(), "A0ARrdaM") || strings.Contains(err.Error(), "robot") {
			t.Errorf("told %v", err)
		}
	}
}

// The library can be made to log what it sends; here that is off.
func TestNothingIsLogged(t *testing.T) {
	t.Setenv("GOOGLE_SDK_GO_LOGGING_LEVEL", "debug")
	name := filepath.Join(t.TempDir(), "stderr")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func(old *os.File) { os.Stderr = old }(os.Stderr)
	os.Stderr = f
	g := &fakegoogle.Google{}
	if _, err := mustLoad(t, Config{Type: ServiceAccount, File: write(t, g.Account(robot))}).Fetch(t.Context(), NewClient(g.Transport())); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(name); err != nil || len(text) > 0 {
		t.Errorf("the library has logged %d bytes: %v", len(text), err)
	}
}

// Refreshers that live on for the same credential, and for no other.
func TestSame(t *testing.T) {
	g := &fakegoogle.Google{}
	key := g.Account(robot)
	name := write(t, key)
	s := mustLoad(t, Config{Type: ServiceAccount, File: name})
	if !s.Same(mustLoad(t, Config{Type: ServiceAccount, File: write(t, key), Scopes: []string{CloudPlatform}})) {
		t.Error("the same key in another file is another credential")
	}
	for name, c := range map[string]Config{
		"rotated":      {Type: ServiceAccount, File: write(t, g.Account(robot))},
		"impersonates": {Type: ServiceAccount, File: name, Impersonate: second},
		"other scope":  {Type: ServiceAccount, File: name, Scopes: []string{CloudPlatform + ".read-only"}},
		"metadata":     {Type: Metadata},
	} {
		if s.Same(mustLoad(t, c)) {
			t.Errorf("%s: the same credential", name)
		}
	}
}
