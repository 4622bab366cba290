package credential

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// checkFederation checks an external_account. The file names where the token of
// the other side comes from and where it is sent.
func (f *fields) checkFederation() error {
	s := f.CredentialSource
	switch {
	case f.Audience == "":
		return errors.New("audience is missing")
	case f.SubjectTokenType == "":
		return errors.New("subject_token_type is missing")
	case f.TokenURL != "" && !googleURL(f.TokenURL):
		return errors.New("token_url is no https address of Google's: the subject token would go to somebody else")
	case s == nil:
		return errors.New("credential_source is missing")
	case s.Executable != nil:
		return errors.New("credential_source names a program to run, which heald does not do; let the program write its token into a file, and name that")
	case s.Certificate != nil:
		return errors.New("credential_source names a client certificate, which heald cannot use; use a file or a URL")
	case s.EnvironmentID != "":
		return errors.New("credential_source is AWS, which heald cannot use; use a file or a URL")
	case (s.File == "") == (s.URL == ""):
		return errors.New("credential_source must name either a file or a url")
	case s.URL != "" && !subjectURL(s.URL):
		return errors.New("credential_source.url must be https, or an address of this machine or its metadata server")
	case s.Format != nil && s.Format.Type != "" && s.Format.Type != "text" && s.Format.Type != "json":
		return errors.New("credential_source.format.type is neither text nor json")
	case s.Format != nil && s.Format.Type == "json" && s.Format.Field == "":
		return errors.New("credential_source.format.subject_token_field_name is missing")
	}
	return nil
}

// impersonationPath is that of IAM's generateAccessToken.
var impersonationPath = regexp.MustCompile(`^/v1/projects/[^/]+/serviceAccounts/[^/]+:generateAccessToken$`)

func (t *target) check() error {
	u, err := url.Parse(t.url)
	if err != nil || !googleURL(t.url) || !impersonationPath.MatchString(u.Path) {
		return errors.New("service_account_impersonation_url is not that of Google's IAM credentials API")
	}
	if t.seconds < 0 || t.seconds > int(longest.Seconds()) {
		return errors.New("token_lifetime_seconds is not between 0 and 43200")
	}
	return nil
}

// googleURL reports that a URL is https at one of Google's API hosts.
func googleURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" && u.Port() != "443" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return strings.HasSuffix(host, ".googleapis.com") || host == "accounts.google.com" // of old key files
}

// subjectURL reports that a subject token may be asked for at a URL: in plain
// text only where it leaves the machine for nobody but its metadata server.
func subjectURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.Hostname() == "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && nearby(u.Hostname())
}

// nearby reports that a host is this machine, or the metadata server that each
// machine of a cloud has at a link-local address.
func nearby(host string) bool {
	if host == "localhost" || host == "metadata.google.internal" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast())
}
