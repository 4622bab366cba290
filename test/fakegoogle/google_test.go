package fakegoogle

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// sign makes an assertion of a key file, with other header fields or claims.
func sign(t *testing.T, file []byte, change func(header, claims map[string]any)) string {
	t.Helper()
	var f map[string]string
	if err := json.Unmarshal(file, &f); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(f["private_key"]))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	header := map[string]any{"alg": "RS256", "typ": "JWT", "kid": f["private_key_id"]}
	claims := map[string]any{"iss": f["client_email"], "aud": f["token_uri"], "scope": "s", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
	if change != nil {
		change(header, claims)
	}
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	enc := base64.RawURLEncoding
	text := enc.EncodeToString(h) + "." + enc.EncodeToString(c)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key.(*rsa.PrivateKey), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + enc.EncodeToString(signature)
}

// The token endpoint takes no assertion that Google would refuse.
func TestAssertions(t *testing.T) {
	g := &Google{}
	const email = "a@p.iam.gserviceaccount.com"
	old := g.Account(email)
	file := g.Account(email) // of the same account: the key of old is no longer good
	claim := func(name string, value any) string {
		return sign(t, file, func(_, c map[string]any) { c[name] = value })
	}
	now := time.Now()
	for _, c := range []struct {
		name, assertion string
		want            string // "" for a token
	}{
		{"good", sign(t, file, nil), ""},
		{"old key", sign(t, old, nil), "Invalid JWT Signature."},
		{"unknown account", claim("iss", "b@p.iam.gserviceaccount.com"), "Invalid grant: account not found"},
		{"audience", claim("aud", "https://example.com/token"), "Failed audience check"},
		{"no scope", claim("scope", ""), "Invalid OAuth scope"},
		{"from the future", claim("iat", now.Add(time.Minute).Unix()), "reasonable timeframe"},
		{"over", claim("exp", now.Add(-time.Second).Unix()), "reasonable timeframe"},
		{"too long", claim("exp", now.Add(61*time.Minute).Unix()), "reasonable timeframe"},
		{"algorithm", sign(t, file, func(h, _ map[string]any) { h["alg"] = "none" }), "Invalid JWT header."},
		{"key id", sign(t, file, func(h, _ map[string]any) { h["kid"] = "x" }), "Invalid JWT header."},
		{"no JWT", "x", "The assertion is no JWT."},
	} {
		resp, err := (&http.Client{Transport: g.Transport()}).PostForm("https://"+TokenHost+"/token",
			url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {c.assertion}})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Token string `json:"access_token"`
			Error string `json:"error_description"`
		}
		if err := errors.Join(json.NewDecoder(resp.Body).Decode(&got), resp.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if ok := g.Owner(got.Token) == email; ok != (c.want == "") || !strings.Contains(got.Error, c.want) {
			t.Errorf("%s: token of %q, error %q", c.name, g.Owner(got.Token), got.Error)
		}
	}
	if g.Calls(TokenHost) != 11 || len(g.Refused()) != 10 || len(g.Tokens()) != 1 {
		t.Errorf("%d calls, %d refused, %d tokens", g.Calls(TokenHost), len(g.Refused()), len(g.Tokens()))
	}
}

// Tokens end, and only known hosts are there.
func TestTokensEnd(t *testing.T) {
	g := &Google{Lifetime: -time.Second}
	token, _ := g.issue("a", "s")
	if g.Owner(token) != "" || g.Owner("") != "" {
		t.Error("a token after its end is good")
	}
	for _, at := range []string{"http://" + TokenHost + "/token", "https://" + MetadataHost, "https://example.com"} {
		if resp, err := (&http.Client{Transport: g.Transport()}).Get(at); err == nil {
			t.Errorf("%s answered %d: %v", at, resp.StatusCode, resp.Body.Close())
		}
	}
}
