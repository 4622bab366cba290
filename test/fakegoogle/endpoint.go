package fakegoogle

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// clockTolerance is how far an assertion may be issued in the future. Google's
// is not documented; this one is surely not larger.
const clockTolerance = 30 * time.Second

// token is the token endpoint.
func (g *Google) token(w http.ResponseWriter, r *http.Request) {
	if why := form(r); why != "" {
		g.refuse(w, 400, why, "invalid_request")
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		email, scope, why := g.assertion(r.PostForm.Get("assertion"))
		if why != "" {
			g.refuse(w, 400, why, "invalid_grant")
			return
		}
		g.hand(w, email, scope)
	case "refresh_token":
		if r.PostForm.Get("client_id") == "" || r.PostForm.Get("client_secret") == "" || r.PostForm.Get("refresh_token") != "refresh" {
			g.refuse(w, 400, "Token has been expired or revoked.", "invalid_grant")
			return
		}
		g.hand(w, "user", "https://www.googleapis.com/auth/cloud-platform") // what gcloud's login asked for
	default:
		g.refuse(w, 400, "Invalid grant_type", "unsupported_grant_type")
	}
}

// hand answers with a token.
func (g *Google) hand(w http.ResponseWriter, account, scope string) {
	token, lifetime := g.issue(account, scope)
	reply(w, http.StatusOK, map[string]any{"access_token": token, "expires_in": int(lifetime.Seconds()), "token_type": "Bearer",
		"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"})
}

func form(r *http.Request) (why string) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Method != http.MethodPost || kind != "application/x-www-form-urlencoded" {
		return "not a form that was posted"
	}
	if r.ParseForm() != nil || len(r.URL.RawQuery) > 0 {
		return "broken form"
	}
	for name, values := range r.PostForm {
		if len(values) != 1 {
			return "parameter given twice: " + name
		}
	}
	return ""
}

// assertion checks a signed assertion.
func (g *Google) assertion(text string) (email, scope, why string) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return "", "", "The assertion is no JWT."
	}
	var header struct{ Alg, Typ, Kid string }
	var claims struct {
		Iss, Scope, Aud string
		Iat, Exp        int64
	}
	enc := base64.RawURLEncoding
	h, err1 := enc.DecodeString(parts[0])
	c, err2 := enc.DecodeString(parts[1])
	signature, err3 := enc.DecodeString(parts[2])
	if err1 != nil || err2 != nil || err3 != nil || json.Unmarshal(h, &header) != nil || json.Unmarshal(c, &claims) != nil {
		return "", "", "The assertion cannot be decoded."
	}
	g.mu.Lock()
	key := g.keys[claims.Iss]
	g.mu.Unlock()
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	now, iat, exp := g.now(), time.Unix(claims.Iat, 0), time.Unix(claims.Exp, 0)
	switch {
	case key == nil:
		return "", "", "Invalid grant: account not found"
	case header.Alg != "RS256" || header.Typ != "JWT" || header.Kid != "key-1":
		return "", "", "Invalid JWT header."
	case rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) != nil:
		return "", "", "Invalid JWT Signature."
	case claims.Aud != "https://"+TokenHost+"/token":
		return "", "", "Invalid JWT: Failed audience check."
	case iat.After(now.Add(clockTolerance)) || !exp.After(now) || exp.Sub(iat) > time.Hour || exp.After(now.Add(time.Hour+clockTolerance)):
		return "", "", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."
	case claims.Scope == "":
		return "", "", "Invalid OAuth scope or ID token audience provided."
	}
	return claims.Iss, claims.Scope, ""
}

// exchange is the security token service (RFC 8693).
func (g *Google) exchange(w http.ResponseWriter, r *http.Request) {
	if why := form(r); why != "" {
		g.refuse(w, 400, why, "invalid_request")
		return
	}
	f := r.PostForm
	switch {
	case f.Get("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange",
		f.Get("requested_token_type") != "urn:ietf:params:oauth:token-type:access_token",
		!strings.HasPrefix(f.Get("audience"), "//iam.googleapis.com/"), f.Get("scope") == "",
		f.Get("subject_token_type") != "urn:ietf:params:oauth:token-type:jwt":
		g.refuse(w, 400, "Invalid value for a parameter", "invalid_request")
	case !slices.Contains(g.SubjectTokens, f.Get("subject_token")):
		g.refuse(w, 400, "The subject token is invalid or expired", "invalid_grant")
	default:
		g.hand(w, "federated", f.Get("scope"))
	}
}

var impersonationPath = regexp.MustCompile(`^/v1/projects/-/serviceAccounts/([^/]+):generateAccessToken$`)

// impersonate is generateAccessToken of the IAM credentials API.
func (g *Google) impersonate(w http.ResponseWriter, r *http.Request) {
	fail := func(status int, code, message string) {
		reply(w, status, map[string]any{"error": map[string]any{"code": status, "status": code, "message": message}})
	}
	path := impersonationPath.FindStringSubmatch(r.URL.Path)
	var body struct {
		Scope    []string
		Lifetime string
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	caller := g.Owner(token)
	switch {
	case r.Method != http.MethodPost || path == nil:
		fail(404, "NOT_FOUND", "no such method")
	case json.NewDecoder(r.Body).Decode(&body) != nil || len(body.Scope) == 0:
		fail(400, "INVALID_ARGUMENT", "scope is missing")
	case !ok || caller == "" || !strings.Contains(g.Scope(token), "cloud-platform"):
		fail(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
	case !slices.Contains(g.MayImpersonate[caller], path[1]):
		fail(403, "PERMISSION_DENIED", "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist): "+path[1])
	default:
		lifetime, err := time.ParseDuration(body.Lifetime)
		if err != nil || lifetime > 12*time.Hour {
			fail(400, "INVALID_ARGUMENT", "lifetime")
			return
		}
		token, usual := g.issue(path[1], strings.Join(body.Scope, " "))
		until := g.now().Add(min(lifetime, usual))
		reply(w, http.StatusOK, map[string]any{"accessToken": token, "expireTime": until.UTC().Format(time.RFC3339)})
	}
}

// metadata is the metadata server.
func (g *Google) metadata(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Metadata-Flavor", "Google")
	switch {
	case r.Header.Get("Metadata-Flavor") != "Google" || r.Header.Get("X-Forwarded-For") != "":
		w.WriteHeader(403)
		fmt.Fprint(w, "<!DOCTYPE html><title>Error 403 (Forbidden)</title>")
	case r.Method != http.MethodGet || r.URL.Path != "/computeMetadata/v1/instance/service-accounts/default/token":
		w.WriteHeader(404)
	default:
		g.hand(w, "attached", strings.ReplaceAll(r.URL.Query().Get("scopes"), ",", " "))
	}
}
