package credential

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/test/fakegoogle"
)

// Every mistake is reported with its place, and nothing of the file is
// repeated.
func TestFilesThatAreRefused(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	g := &fakegoogle.Google{}
	key := g.Account(robot)
	source := map[string]any{"file": "/token"}
	var whole fields
	if err := json.Unmarshal(key, &whole); err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	ecKey := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	with := func(fields map[string]any) []byte { return encode(t, key, fields) }
	fed := func(fields map[string]any) []byte { return federation(t, source, fields) }
	from := func(source map[string]any) []byte { return federation(t, source, nil) }
	imp := func(source any, fields map[string]any) []byte {
		return encode(t, encode(t, nil, map[string]any{"type": "impersonated_service_account",
			"service_account_impersonation_url": iamURL(second), "source_credentials": source}), fields)
	}
	user := map[string]any{"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "refresh"}
	for _, c := range []struct {
		name string
		want Type
		file []byte
		told string
	}{
		{"empty", ServiceAccount, nil, "the file is no JSON object"},
		{"cut off", ServiceAccount, key[:len(key)/2], "the file is no JSON object"},
		{"a list", ServiceAccount, []byte("[]"), "the file is no JSON object"},
		{"a bare private key", ServiceAccount, []byte(whole.PrivateKey), "the file holds a bare private key"},
		{"an API key", ServiceAccount, []byte("AIzaSyA1234567890abcdefghijklmnopqrstuv\n"), "the file holds a single key or token"},
		{"a wrong type of field", ServiceAccount, []byte(`{"type":"service_account","private_key":7}`), `the field "private_key" of the file has a wrong type`},
		{"an OAuth client", ServiceAccount, []byte(`{"installed":{"client_id":"x"}}`), "the file is an OAuth client"},
		{"no type", ServiceAccount, []byte(`{}`), "the file does not say which type"},
		{"another type", ServiceAccount, fed(nil), `the file is of type "external_account", not of type service_account`},
		{"a person's login", ServiceAccount, encode(t, nil, user), `the file is of type "authorized_user", not of type service_account`},
		{"another type, the other way", ExternalAccount, key, `the file is of type "service_account", not of type external_account`},
		{"an unknown type", ApplicationDefault, []byte(`{"type":"gdch_service_account"}`), `the file is of type "gdch_service_account"`},
		{"another cloud", ServiceAccount, with(map[string]any{"universe_domain": "example.com"}), "universe_domain is not googleapis.com"},
		{"a quota project that would break a header", ServiceAccount, with(map[string]any{"quota_project_id": "p\r\nx: y"}), "quota_project_id is no project"},
		{"one of impersonation", Impersonated, imp(json.RawMessage(key), map[string]any{"quota_project_id": "P"}), "quota_project_id is no project"},
		{"no address", ServiceAccount, with(map[string]any{"client_email": ""}), "client_email is missing"},
		{"no key", ServiceAccount, with(map[string]any{"private_key": ""}), "private_key is missing"},
		{"key without line ends", ServiceAccount, with(map[string]any{"private_key": strings.ReplaceAll(whole.PrivateKey, "\n", "")}), "private_key is no PEM block"},
		{"key cut", ServiceAccount, with(map[string]any{"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}), "private_key cannot be read"},
		{"a key of another kind", ServiceAccount, with(map[string]any{"private_key": ecKey}), "private_key is no RSA key"},
		{"another token endpoint", ServiceAccount, with(map[string]any{"token_uri": "https://googleapis.com.example.com/token"}), "token_uri is no https address of Google's"},
		{"a token endpoint in plain text", ServiceAccount, with(map[string]any{"token_uri": "http://oauth2.googleapis.com/token"}), "token_uri is no https address of Google's"},
		{"half a login", ApplicationDefault, []byte(`{"type":"authorized_user","client_id":"c"}`), "client_id, client_secret or refresh_token is missing"},
		{"no audience", ExternalAccount, fed(map[string]any{"audience": ""}), "audience is missing"},
		{"no type of subject token", ExternalAccount, fed(map[string]any{"subject_token_type": ""}), "subject_token_type is missing"},
		{"another STS", ExternalAccount, fed(map[string]any{"token_url": "https://sts.example.com/v1/token"}), "token_url is no https address of Google's"},
		{"STS with a login", ExternalAccount, fed(map[string]any{"token_url": "https://u@sts.googleapis.com/v1/token"}), "token_url is no https address of Google's"},
		{"no source", ExternalAccount, federation(t, nil, nil), "credential_source is missing"},
		{"a program", ExternalAccount, from(map[string]any{"executable": map[string]any{"command": "/bin/sh"}}), "credential_source names a program to run"},
		{"a program behind a file", ExternalAccount, from(map[string]any{"file": "/x", "executable": map[string]any{"command": "/bin/sh"}}), "credential_source names a program to run"},
		{"a certificate", ExternalAccount, from(map[string]any{"certificate": map[string]any{}}), "credential_source names a client certificate"},
		{"AWS", ExternalAccount, from(map[string]any{"environment_id": "aws1", "url": "http://169.254.169.254/"}), "credential_source is AWS"},
		{"two sources", ExternalAccount, from(map[string]any{"file": "/x", "url": "https://example.com"}), "credential_source must name either a file or a url"},
		{"no place", ExternalAccount, from(map[string]any{}), "credential_source must name either a file or a url"},
		{"a source in plain text", ExternalAccount, from(map[string]any{"url": "http://example.com/token"}), "credential_source.url must be https"},
		{"a form", ExternalAccount, from(map[string]any{"file": "/x", "format": map[string]string{"type": "xml"}}), "credential_source.format.type is neither"},
		{"a field", ExternalAccount, from(map[string]any{"file": "/x", "format": map[string]string{"type": "json"}}), "credential_source.format.subject_token_field_name is missing"},
		{"impersonation elsewhere", ExternalAccount, fed(map[string]any{"service_account_impersonation_url": "https://example.com/v1/projects/-/serviceAccounts/x:generateAccessToken"}), "service_account_impersonation_url is not that of Google's"},
		{"another method", ExternalAccount, fed(map[string]any{"service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/x:signBlob"}), "service_account_impersonation_url is not that of Google's"},
		{"a life too long", ExternalAccount, fed(map[string]any{"service_account_impersonation_url": iamURL(third), "service_account_impersonation": map[string]any{"token_lifetime_seconds": 43201}}), "token_lifetime_seconds is not between"},
		{"impersonation of nobody", Impersonated, imp(json.RawMessage(key), map[string]any{"service_account_impersonation_url": ""}), "service_account_impersonation_url is not that of Google's"},
		{"impersonation by nobody", Impersonated, imp(nil, nil), "source_credentials is of a type that cannot impersonate"},
		{"impersonation by a person", Impersonated, imp(user, nil), "source_credentials is the login of a person"},
		{"impersonation by impersonation", Impersonated, imp(json.RawMessage(imp(json.RawMessage(key), nil)), nil), "source_credentials is of a type that cannot impersonate"},
		{"impersonation by a program", Impersonated, imp(json.RawMessage(from(map[string]any{"executable": map[string]any{"command": "x"}})), nil), "source_credentials: credential_source names a program"},
	} {
		_, err := load(Config{Type: c.want, File: write(t, c.file)})
		if c.want == ApplicationDefault {
			t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", write(t, c.file))
			_, err = load(Config{Type: c.want})
		}
		if err == nil || !strings.Contains(err.Error(), ": "+c.told) || !strings.HasPrefix(err.Error(), "accounts[0].credential") {
			t.Errorf("%s:\ngot  %v\nwant …: %s", c.name, err, c.told)
			continue
		}
		if len(setting.Problems(err)) != 1 || setting.Problems(err)[0].Fix == "" {
			t.Errorf("%s: no fix in %v", c.name, err)
		}
		if strings.Contains(err.Error(), robot) || strings.Contains(err.Error(), "/bin/sh") || strings.Contains(err.Error(), "AIza") {
			t.Errorf("%s: repeats the file: %v", c.name, err)
		}
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		config Config
		told   string
	}{
		{Config{File: "/x"}, ".type: is missing"},
		{Config{Type: "gcloud"}, `.type: "gcloud" is no type of credential`},
		{Config{Type: ServiceAccount}, ".file: is missing"},
		{Config{Type: ServiceAccount, File: "/absent/x"}, ".file: the file of the credential does not exist"},
		{Config{Type: ServiceAccount, File: `{"type":"service_account"}`}, ".file: this looks like the credential itself"},
		{Config{Type: ServiceAccount, File: "-----BEGIN PRIVATE KEY-----\nMIIE"}, ".file: this looks like the credential itself"},
		{Config{Type: ServiceAccount, File: "AIzaSyA1234567890abcdefghijklmnopqrstuv"}, ".file: this looks like the credential itself"},
		{Config{Type: Metadata, File: "/x"}, ".file: type metadata takes no file"},
		{Config{Type: ApplicationDefault, File: "/x"}, ".file: type application_default takes no file"},
		{Config{Type: Metadata, Impersonate: "somebody@example.com"}, ".impersonate: this is no service account"},
		{Config{Type: Metadata, Impersonate: "x/../y@p.iam.gserviceaccount.com"}, ".impersonate: this is no service account"},
		{Config{Type: Metadata, Scopes: []string{CloudPlatform, "cloud-platform"}}, `.scopes[1]: "cloud-platform" is no scope`},
		{Config{Type: Metadata, Scopes: []string{CloudPlatform + " x"}}, `.scopes[0]: `},
	} {
		_, err := load(c.config)
		if err == nil || !strings.HasPrefix(err.Error(), "accounts[0].credential"+c.told) {
			t.Errorf("%+v:\ngot  %v\nwant %s", c.config, err, c.told)
		}
	}
	t.Setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "a b")
	if _, err := load(Config{Type: Metadata}); err == nil || !strings.HasPrefix(err.Error(), "accounts[0].credential: the environment variable GOOGLE_CLOUD_QUOTA_PROJECT is no project") {
		t.Errorf("got %v", err)
	}
	t.Setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "other-project")
	if s := mustLoad(t, Config{Type: Metadata}); s.QuotaProject().Reveal() != "other-project" {
		t.Error("the variable does not count")
	}
	if c := (Config{}); !c.Empty() {
		t.Error("nothing is something")
	}
	if c := (Config{Scopes: []string{"x"}}); c.Empty() {
		t.Error("scopes alone are nothing")
	}
}

func TestNotes(t *testing.T) {
	name := write(t, nil)
	c := Config{Type: ServiceAccount, File: name}
	if got := c.Notes("x"); got != nil {
		t.Errorf("noted %v", got)
	}
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := c.Notes("x"); len(got) != 1 || !got[0].Note || got[0].Path != "x.file" {
		t.Errorf("noted %v", got)
	}
}

// Application-default credentials are looked for where Google's libraries look.
func TestApplicationDefaultFiles(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	c := Config{Type: ApplicationDefault}
	if got := c.Files(); got != nil {
		t.Errorf("files %q", got)
	}
	dir := home + "/.config/gcloud"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/application_default_credentials.json", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := c.Files(); !slices.Equal(got, []string{dir + "/application_default_credentials.json"}) {
		t.Errorf("files %q", got)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/named")
	if got := c.Files(); !slices.Equal(got, []string{"/named"}) {
		t.Errorf("files %q", got)
	}
}

// Whatever stands in a file, what is taken is of a kind that was asked for, sends
// secrets to Google alone, and runs nothing.
func FuzzParseFile(f *testing.F) {
	g := &fakegoogle.Google{}
	key := g.Account(robot)
	f.Add(key, uint8(0))
	f.Add(federation(f, map[string]any{"file": "/x"}, map[string]any{"service_account_impersonation_url": iamURL(third)}), uint8(1))
	f.Add(federation(f, map[string]any{"url": "https://example.com/x"}, map[string]any{"Token_URL": "https://example.com/x"}), uint8(3))
	f.Add(federation(f, map[string]any{"file": "/x", "EXECUTABLE": map[string]any{"command": "x"}}, nil), uint8(1))
	f.Add(encode(f, nil, map[string]any{"type": "impersonated_service_account", "service_account_impersonation_url": iamURL(second),
		"source_credentials": json.RawMessage(key)}), uint8(2))
	f.Add([]byte(`{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}`), uint8(3))
	f.Add([]byte(`{"type":"service_account","type":"external_account"}`), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		want := []Type{ServiceAccount, ExternalAccount, Impersonated, ApplicationDefault}[which%4]
		got, err := parseFile(data, want, "path")
		if err != nil {
			if len(setting.Problems(err)) != 1 {
				t.Errorf("no problem: %v", err)
			}
			return
		}
		var clean map[string]any
		if err := json.Unmarshal([]byte(got.json.Reveal()), &clean); err != nil {
			t.Fatal(err)
		}
		base := map[Type][]kind{ServiceAccount: {keyFile}, ExternalAccount: {federationFile},
			Impersonated: {keyFile, federationFile}, ApplicationDefault: {keyFile, userFile, federationFile}}[want]
		if !slices.Contains(base, got.kind) || clean["type"] != string(got.kind) {
			t.Errorf("type %s took %s, and hands on %v", want, got.kind, clean["type"])
		}
		for _, field := range []string{"token_uri", "token_url"} {
			if u, _ := clean[field].(string); u != "" && !googleURL(u) {
				t.Errorf("%s is %q", field, u)
			}
		}
		source, _ := clean["credential_source"].(map[string]any)
		for field := range source {
			if !slices.Contains([]string{"file", "url", "headers", "format"}, field) {
				t.Errorf("credential_source has %q", field)
			}
		}
		for field := range clean {
			if strings.Contains(field, "impersonation") || field != strings.ToLower(field) {
				t.Errorf("%q is handed on", field)
			}
		}
		for _, tg := range got.targets {
			if !googleURL(tg.url) {
				t.Errorf("impersonates at %q", tg.url)
			}
		}
	})
}
