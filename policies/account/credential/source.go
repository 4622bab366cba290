package credential

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/compute/metadata"

	"github.com/heald-proxy/heald/policies/account"
)

// Token is an access token.
type Token struct {
	Secret account.Secret
	// Lifetime is how long the token is valid, counted from the beginning of its
	// fetch; it may really be a little longer.
	Lifetime time.Duration
}

// Source fetches tokens of one credential. It is never changed.
type Source struct {
	kind    kind
	json    account.Secret
	key     *serviceKey
	targets []target
	scopes  []string
	quota   account.Secret
	sum     [sha256.Size]byte
}

func newSource(c *Config, f file) *Source {
	s := &Source{kind: f.kind, json: f.json, key: f.key, targets: f.targets, scopes: c.Scopes, quota: f.quota}
	if len(s.scopes) == 0 {
		s.scopes = []string{CloudPlatform}
	}
	if c.Impersonate != "" {
		s.targets = append(s.targets, target{url: "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" +
			url.PathEscape(c.Impersonate) + ":generateAccessToken"})
	}
	if q := os.Getenv(quotaVariable); q != "" {
		s.quota = account.NewSecret(q)
	}
	text, _ := json.Marshal([]any{s.kind, s.json.Reveal(), fmt.Sprint(s.targets), s.scopes, s.quota.Reveal()})
	s.sum = sha256.Sum256(text)
	return s
}

// QuotaProject is the project that the credential wants its requests counted
// to, for the header x-goog-user-project; empty if it names none.
func (s *Source) QuotaProject() account.Secret { return s.quota }

// Same reports that two sources are the same credential.
func (s *Source) Same(other *Source) bool { return s.sum == other.sum }

const (
	// longest is longer than the lifetime of any access token, by Google's
	// documentation of generateAccessToken.
	longest = 12 * time.Hour
	// usual is the usual lifetime of tokens, and the one that impersonation asks
	// for.
	usual = time.Hour
)

// Fetch asks for a token. The error is a [*Failure].
func (s *Source) Fetch(ctx context.Context, client *http.Client) (Token, error) {
	ctx, a := withAnswer(ctx)
	scopes := s.scopes
	if len(s.targets) > 0 {
		scopes = []string{CloudPlatform} // the IAM API needs it
	}
	tok, err := s.base(ctx, client, scopes, a)
	for i, t := range s.targets {
		if err != nil {
			break
		}
		if i == len(s.targets)-1 {
			scopes = s.scopes
		}
		tok, err = t.fetch(ctx, client, tok.Secret, scopes, a)
	}
	switch {
	case err != nil:
		return Token{}, a.failure(err)
	case tok.Secret.Empty() || strings.ContainsFunc(tok.Secret.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }):
		return Token{}, &Failure{Text: "the answer holds no token that can be sent"}
	case tok.Lifetime <= 0:
		return Token{}, &Failure{Text: "the answer holds a token that is already over"}
	}
	tok.Lifetime = min(tok.Lifetime, longest)
	return tok, nil
}

// base fetches the token before any impersonation.
func (s *Source) base(ctx context.Context, client *http.Client, scopes []string, a *answer) (Token, error) {
	switch s.kind {
	case metadataServer:
		return fromMetadata(ctx, client, scopes)
	case federationFile:
		if err := s.subjectFile(); err != nil {
			return Token{}, err
		}
	}
	tok, err := s.fromLibrary(ctx, client, scopes)
	if err != nil && s.key != nil {
		// The library signs with the local clock.
		if f := a.failure(err); f.Refused && f.ahead.Abs() > clockTolerance {
			return s.key.fetch(ctx, client, scopes, f.ahead)
		}
	}
	return tok, err
}

// fromLibrary has Google's library fetch a token. The credentials are made anew
// each time: they would hand out what they have by a clock that may be wrong.
func (s *Source) fromLibrary(ctx context.Context, client *http.Client, scopes []string) (Token, error) {
	c, err := credentials.NewCredentialsFromJSON(credentials.CredType(s.kind), []byte(s.json.Reveal()), &credentials.DetectOptions{
		Scopes: scopes, Client: client,
		// By default an environment variable can make it log tokens.
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return Token{}, err
	}
	tok, err := c.Token(ctx)
	if err != nil {
		return Token{}, err
	}
	return Token{account.NewSecret(tok.Value), lifetimeOf(tok)}, nil
}

// lifetimeOf is what is left of a token of the library, which has added
// expires_in to the clock, the monotonic one too.
func lifetimeOf(tok *auth.Token) time.Duration {
	if tok.Expiry.IsZero() {
		return 0
	}
	return time.Until(tok.Expiry)
}

// fromMetadata asks the metadata server, at GCE_METADATA_HOST if that is set.
// The library would first read files that were not asked for.
func fromMetadata(ctx context.Context, client *http.Client, scopes []string) (Token, error) {
	text, err := metadata.NewWithOptions(&metadata.Options{Client: client}).GetWithContext(ctx,
		"instance/service-accounts/default/token?"+url.Values{"scopes": {strings.Join(scopes, ",")}}.Encode())
	if err != nil {
		return Token{}, err
	}
	return parseToken([]byte(text))
}

// parseToken reads the answer of a token endpoint (RFC 6749, 5.1).
func parseToken(body []byte) (Token, error) {
	var t struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	if json.Unmarshal(body, &t) != nil || t.AccessToken == "" {
		return Token{}, errors.New("the answer of the token endpoint holds no token")
	}
	return Token{account.NewSecret(t.AccessToken), time.Duration(min(t.ExpiresIn, int64(longest/time.Second))) * time.Second}, nil
}

// subjectFile reports a file of a subject token that cannot be read, such as a
// pipe, on which the library would block forever.
func (s *Source) subjectFile() error {
	var f fields
	if err := json.Unmarshal([]byte(s.json.Reveal()), &f); err != nil || f.CredentialSource.File == "" {
		return err
	}
	info, err := os.Stat(f.CredentialSource.File)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("the file of the subject token is no regular file")
	case info.Size() > answerLimit:
		return errors.New("the file of the subject token is too long for a token")
	}
	return nil
}
