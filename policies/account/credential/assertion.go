package credential

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	defaultTokenURL = "https://oauth2.googleapis.com/token"
	jwtGrant        = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// serviceKey is the private key of a service account.
type serviceKey struct {
	email, id, url string
	private        *rsa.PrivateKey
}

// fetch asks for a token with an assertion (RFC 7523) in the server's time;
// ahead is how far the local clock is ahead of it. Google refuses assertions
// that were issued in the future, and its library always signs with the local
// clock.
func (k *serviceKey) fetch(ctx context.Context, client *http.Client, scopes []string, ahead time.Duration) (Token, error) {
	assertion, err := k.sign(scopes, time.Now().Add(-ahead))
	if err != nil {
		return Token{}, err
	}
	form := url.Values{"grant_type": {jwtGrant}, "assertion": {assertion}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, k.url, strings.NewReader(form.Encode()))
	if err != nil {
		return Token{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, err := post(client, req)
	if err != nil {
		return Token{}, err
	}
	return parseToken(body)
}

// sign makes the assertion.
func (k *serviceKey) sign(scopes []string, now time.Time) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": k.id})
	if err != nil {
		return "", err
	}
	// The server's Date has no fractions of a second.
	now = now.Add(-10 * time.Second)
	claims, err := json.Marshal(map[string]any{
		"iss": k.email, "scope": strings.Join(scopes, " "), "aud": k.url,
		"iat": now.Unix(), "exp": now.Add(usual).Unix(),
	})
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString(header) + "." + enc.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.private, crypto.SHA256, sum[:])
	return text + "." + enc.EncodeToString(signature), err
}
