package credential

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Type is a kind of credential.
type Type string

// The types. Each takes the files of its own kind alone.
const (
	ServiceAccount     Type = "service_account"     // key file of a service account
	ApplicationDefault Type = "application_default" // what the environment offers
	Metadata           Type = "metadata"            // metadata server of Compute Engine, GKE, Cloud Run
	ExternalAccount    Type = "external_account"    // workload identity federation
	Impersonated       Type = "impersonated"        // file of type impersonated_service_account
)

const types = "service_account, application_default, metadata, external_account or impersonated"

// CloudPlatform is the scope that Vertex AI and the IAM API need, and the
// default.
const CloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

// quotaVariable names the project to which requests are counted. As in Google's
// libraries it wins over the file.
const quotaVariable = "GOOGLE_CLOUD_QUOTA_PROJECT"

// scopeBase begins all scopes of Google's APIs.
const scopeBase = "https://www.googleapis.com/auth/"

// Config names a Google credential. The zero value names none.
type Config struct {
	// Type is service_account, application_default, metadata, external_account or
	// impersonated.
	Type Type `yaml:"type"`
	// File is the JSON file of types service_account, external_account and
	// impersonated; the others take none.
	File string `yaml:"file"`
	// Impersonate is a service account (its e-mail address or numeric id) whose
	// tokens are asked for in the name of the credential; default none.
	Impersonate string `yaml:"impersonate"`
	// Scopes are what the tokens are good for; default
	// https://www.googleapis.com/auth/cloud-platform.
	Scopes []string `yaml:"scopes" text:"address"`
}

// Empty reports that no credential is named.
func (c *Config) Empty() bool {
	return c.Type == "" && c.File == "" && c.Impersonate == "" && len(c.Scopes) == 0
}

// fileName returns the file that the credential is read from; "" for the
// metadata server. Application-default credentials are looked for where
// Google's libraries look (AIP-4110): the file that
// GOOGLE_APPLICATION_CREDENTIALS names, the file that gcloud writes, the
// metadata server.
func (c *Config) fileName() string {
	switch c.Type {
	case ApplicationDefault:
		if f := os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"); f != "" {
			return f
		}
		if home, err := os.UserHomeDir(); err == nil {
			f := filepath.Join(home, ".config", "gcloud", "application_default_credentials.json")
			if _, err := os.Stat(f); err == nil {
				return f
			}
		}
		return ""
	case Metadata:
		return ""
	}
	return c.File
}

// Files are the files whose change changes the credential.
func (c *Config) Files() []string {
	if f := c.fileName(); f != "" {
		return []string{f}
	}
	return nil
}

// serviceAccount is how a service account is named: by address or numeric id.
var serviceAccount = regexp.MustCompile(`^([a-z0-9][a-z0-9.-]*@[a-z0-9.-]+\.gserviceaccount\.com|[0-9]{15,30})$`)

// check finds what is wrong with the settings themselves.
func (c *Config) check(path string) error {
	p := &setting.Problem{}
	badScope := -1
	for i, s := range c.Scopes {
		if !strings.HasPrefix(s, scopeBase) || len(s) == len(scopeBase) || strings.ContainsAny(s, " ,\t\r\n") {
			badScope = i
			break
		}
	}
	needsFile := c.Type == ServiceAccount || c.Type == ExternalAccount || c.Type == Impersonated
	switch {
	case c.Type == "":
		p.Path, p.Found, p.Fix = ".type", "is missing", "write "+types
	case !needsFile && c.Type != ApplicationDefault && c.Type != Metadata:
		p.Path, p.Found, p.Fix = ".type", redact.Quote(string(c.Type))+" is no type of credential", "write "+types
	case needsFile && c.File == "":
		p.Path, p.Found, p.Fix = ".file", "is missing", "name the JSON file of the credential"
	case strings.HasPrefix(strings.TrimSpace(c.File), "{") || strings.ContainsAny(c.File, "\r\n\x00") || redact.Known(c.File):
		p.Path, p.Found = ".file", "this looks like the credential itself, not the path of its file"
		p.Consequence = "heald.yaml is read by many, and a credential in it must be taken for known"
		p.Fix = "make a new key, write it into a file, and name that"
	case !needsFile && c.File != "":
		p.Path, p.Found, p.Fix = ".file", "type "+string(c.Type)+" takes no file", "leave it out, or write the type that the file has"
	case c.Impersonate != "" && !serviceAccount.MatchString(c.Impersonate):
		p.Path, p.Found, p.Fix = ".impersonate", "this is no service account", "write its address, which ends in .gserviceaccount.com, or its numeric id"
	case badScope >= 0:
		p.Path, p.Found, p.Fix = fmt.Sprintf(".scopes[%d]", badScope), redact.Quote(c.Scopes[badScope])+" is no scope of Google's", "leave scopes out for "+CloudPlatform
	case os.Getenv(quotaVariable) != "" && !project.MatchString(os.Getenv(quotaVariable)):
		p.Found, p.Fix = "the environment variable "+quotaVariable+" is no project", "set it to the id of a project, or unset it"
	default:
		return nil
	}
	p.Path = path + p.Path
	return p
}

// Load checks the settings and the file that they name, without any call. path
// names the setting in errors. read reads a file; fault describes its error.
func (c *Config) Load(path string, read func(string) ([]byte, error), fault func(error) string) (*Source, error) {
	if err := c.check(path); err != nil {
		return nil, err
	}
	name, f := c.fileName(), file{kind: metadataServer}
	if name != "" {
		where := path + ".file"
		if c.Type == ApplicationDefault {
			where = path + ", application-default credentials"
		}
		data, err := read(name)
		if err != nil {
			return nil, &setting.Problem{Path: where, Found: "the file of the credential " + fault(err), Fix: "name a file that heald may read"}
		}
		if f, err = parseFile(data, c.Type, where); err != nil {
			return nil, err
		}
	}
	return newSource(c, f), nil
}

// Notes reports settings that work but are probably not intended.
func (c *Config) Notes(path string) (out []*setting.Problem) {
	for _, name := range c.Files() {
		info, err := os.Stat(name)
		if err == nil && info.Mode().Perm()&othersRead != 0 {
			out = append(out, &setting.Problem{Note: true, Path: path + ".file", Found: "every user of this machine may read the file of the credential",
				Consequence: "whoever does can use the account", Fix: "chmod 0600, owned by heald's user; in Kubernetes, defaultMode: 0400 and fsGroup"})
		}
	}
	return out
}

// othersRead is the permission of everybody to read a file.
const othersRead fs.FileMode = 0o004
