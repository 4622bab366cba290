package credential

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"regexp"
	"strings"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// kind is what a base token is made from: a file's "type", or the metadata
// server.
type kind string

const (
	metadataServer kind = ""
	keyFile        kind = "service_account"
	userFile       kind = "authorized_user" // of gcloud auth application-default login
	federationFile kind = "external_account"
	impersonation  kind = "impersonated_service_account"
)

// kinds are the files that each type takes.
var kinds = map[Type][]kind{
	ServiceAccount:     {keyFile},
	ExternalAccount:    {federationFile},
	Impersonated:       {impersonation},
	ApplicationDefault: {keyFile, userFile, federationFile, impersonation},
}

// file is a checked credential file, taken apart: what makes the base token, and
// whom to impersonate with it, in this order.
type file struct {
	kind    kind // never impersonation, which is taken apart
	json    account.Secret
	key     *serviceKey // of a keyFile
	targets []target
	quota   account.Secret
}

// target is a service account to impersonate.
type target struct {
	url       string
	delegates []string
	seconds   int // lifetime to ask for; 0 means an hour
}

// fields are those of all files that are taken. Only what stands here reaches
// Google's library. Names are those of its credsfile package.
type fields struct {
	Type         kind   `json:"type"`
	Universe     string `json:"universe_domain,omitempty"`
	QuotaProject string `json:"quota_project_id,omitempty"`

	// service_account
	ProjectID    string `json:"project_id,omitempty"`
	PrivateKeyID string `json:"private_key_id,omitempty"`
	PrivateKey   string `json:"private_key,omitempty"`
	ClientEmail  string `json:"client_email,omitempty"`
	TokenURI     string `json:"token_uri,omitempty"`

	// authorized_user; external_account may have the first two
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`

	// external_account
	Audience         string         `json:"audience,omitempty"`
	SubjectTokenType string         `json:"subject_token_type,omitempty"`
	TokenURL         string         `json:"token_url,omitempty"`
	CredentialSource *subjectSource `json:"credential_source,omitempty"`
	Lifetime         *struct {
		Seconds int `json:"token_lifetime_seconds,omitempty"`
	} `json:"service_account_impersonation,omitempty"`
	UserProject string `json:"workforce_pool_user_project,omitempty"`

	// external_account and impersonated_service_account
	ImpersonationURL string `json:"service_account_impersonation_url,omitempty"`

	// impersonated_service_account
	Delegates []string        `json:"delegates,omitempty"`
	Source    json.RawMessage `json:"source_credentials,omitempty"`

	// An OAuth client, which people take for a credential.
	Web       json.RawMessage `json:"web,omitempty"`
	Installed json.RawMessage `json:"installed,omitempty"`
}

// subjectSource is where federation finds the token of the other side.
type subjectSource struct {
	File    string            `json:"file,omitempty"`
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Format  *struct {
		Type  string `json:"type,omitempty"`
		Field string `json:"subject_token_field_name,omitempty"`
	} `json:"format,omitempty"`

	// Fields whose presence is refused.
	Executable    json.RawMessage `json:"executable,omitempty"`
	Certificate   json.RawMessage `json:"certificate,omitempty"`
	EnvironmentID string          `json:"environment_id,omitempty"`
}

// project is a Google project, by id or number. It travels in a header.
var project = regexp.MustCompile(`^[a-z0-9][a-z0-9.:-]{0,99}$`)

var errNoProject = errors.New("quota_project_id is no project")

// parseFile takes a credential file apart. path names it in errors, which never
// repeat what stands in it.
func parseFile(data []byte, want Type, path string) (file, error) {
	bad := func(found, fix string) (file, error) {
		return file{}, &setting.Problem{Path: path, Found: found, Fix: fix}
	}
	const download = "name the JSON file as Google has made it"
	var f fields
	if err := json.Unmarshal(data, &f); err != nil {
		text := strings.TrimSpace(string(data))
		var typed *json.UnmarshalTypeError
		switch {
		case strings.HasPrefix(text, "-----BEGIN"):
			return bad("the file holds a bare private key, not the JSON around it", download)
		case text != "" && !strings.ContainsAny(text, " \n{") && redact.Secret(text):
			return bad("the file holds a single key or token, not the JSON of a credential", "name it as secret: {file: …} of the account instead")
		case errors.As(err, &typed) && typed.Field != "":
			return bad("the field "+redact.Quote(typed.Field)+" of the file has a wrong type", download)
		}
		return bad("the file is no JSON object", download)
	}
	switch {
	case f.Web != nil || f.Installed != nil:
		return bad("the file is an OAuth client, with which a person can log in", "make a key of a service account, or use type application_default")
	case f.Type == "":
		return bad("the file does not say which type of credential it is", download)
	case !allowed(want, f.Type):
		return bad("the file is of type "+redact.Quote(string(f.Type))+", not of type "+join(kinds[want]), "write the type that the file has, or name another file")
	}
	out, err := f.take(want == ApplicationDefault)
	if err != nil {
		return file{}, &setting.Problem{Path: path, Found: err.Error(), Fix: "make the file anew, as Google's console or gcloud writes it"}
	}
	return out, nil
}

func allowed(want Type, got kind) bool {
	for _, k := range kinds[want] {
		if k == got {
			return true
		}
	}
	return false
}

func join(ks []kind) string {
	var s []string
	for _, k := range ks {
		s = append(s, string(k))
	}
	return strings.Join(s, ", ")
}

// take checks the fields of the file's type and returns what they mean. users
// says that a person's credential is welcome as the source of impersonation.
func (f *fields) take(users bool) (file, error) {
	if f.Universe != "" && f.Universe != "googleapis.com" {
		return file{}, errors.New("universe_domain is not googleapis.com, and heald knows no other cloud")
	}
	if f.QuotaProject != "" && !project.MatchString(f.QuotaProject) {
		return file{}, errNoProject
	}
	clean := fields{Type: f.Type, QuotaProject: f.QuotaProject}
	out := file{kind: f.Type, quota: account.NewSecret(f.QuotaProject)}
	var err error
	switch f.Type {
	case keyFile:
		clean.ProjectID, clean.PrivateKeyID, clean.PrivateKey, clean.ClientEmail = f.ProjectID, f.PrivateKeyID, f.PrivateKey, f.ClientEmail
		clean.TokenURI = f.TokenURI
		if clean.TokenURI == "" {
			clean.TokenURI = defaultTokenURL
		}
		out.key, err = f.serviceKey(clean.TokenURI)
	case userFile:
		clean.ClientID, clean.ClientSecret, clean.RefreshToken = f.ClientID, f.ClientSecret, f.RefreshToken
		if f.ClientID == "" || f.ClientSecret == "" || f.RefreshToken == "" {
			err = errors.New("client_id, client_secret or refresh_token is missing")
		}
	case federationFile:
		clean.Audience, clean.SubjectTokenType, clean.TokenURL = f.Audience, f.SubjectTokenType, f.TokenURL
		clean.ClientID, clean.ClientSecret, clean.UserProject = f.ClientID, f.ClientSecret, f.UserProject
		clean.CredentialSource = f.CredentialSource
		err = f.checkFederation()
		if f.ImpersonationURL != "" {
			t := target{url: f.ImpersonationURL}
			if f.Lifetime != nil {
				t.seconds = f.Lifetime.Seconds
			}
			out.targets = []target{t}
		}
	case impersonation:
		return f.takeImpersonation(users)
	}
	if err != nil {
		return file{}, err
	}
	for _, t := range out.targets {
		if err := t.check(); err != nil {
			return file{}, err
		}
	}
	text, err := json.Marshal(clean)
	out.json = account.NewSecret(string(text))
	return out, err
}

// takeImpersonation takes apart a file of type impersonated_service_account: a
// file within the file makes the base token.
func (f *fields) takeImpersonation(users bool) (file, error) {
	var source fields
	if err := json.Unmarshal(f.Source, &source); err != nil {
		return file{}, errors.New("source_credentials is missing or no JSON object")
	}
	switch source.Type {
	case keyFile, federationFile:
	case userFile:
		if !users {
			return file{}, errors.New("source_credentials is the login of a person, which only type application_default takes")
		}
	default:
		return file{}, errors.New("source_credentials is of a type that cannot impersonate here")
	}
	t := target{url: f.ImpersonationURL, delegates: f.Delegates}
	if err := t.check(); err != nil {
		return file{}, err
	}
	out, err := source.take(users)
	if err != nil {
		return file{}, errors.New("source_credentials: " + err.Error())
	}
	out.targets = append(out.targets, t)
	if f.QuotaProject != "" {
		if !project.MatchString(f.QuotaProject) {
			return file{}, errNoProject
		}
		out.quota = account.NewSecret(f.QuotaProject)
	}
	return out, nil
}

// serviceKey checks the key of a service account.
func (f *fields) serviceKey(tokenURL string) (*serviceKey, error) {
	switch {
	case f.ClientEmail == "":
		return nil, errors.New("client_email is missing")
	case f.PrivateKey == "":
		return nil, errors.New("private_key is missing")
	case !googleURL(tokenURL):
		return nil, errors.New("token_uri is no https address of Google's: the signed assertion would go to somebody else")
	}
	block, _ := pem.Decode([]byte(f.PrivateKey))
	if block == nil {
		return nil, errors.New("private_key is no PEM block; line ends may have been lost when it was copied")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, errors.New("private_key cannot be read; part of it may have been lost when it was copied")
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("private_key is no RSA key, as those of service accounts are")
	}
	return &serviceKey{email: f.ClientEmail, id: f.PrivateKeyID, url: tokenURL, private: rsaKey}, nil
}
