package fakegoogle

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// The hosts that it stands in for.
const (
	TokenHost    = "oauth2.googleapis.com"
	STSHost      = "sts.googleapis.com"
	IAMHost      = "iamcredentials.googleapis.com"
	MetadataHost = "169.254.169.254"
)

// Fault is how one call ends other than well.
type Fault struct {
	// Status and Body are the answer; Status 0 is a good one.
	Status int
	Body   string
	Header map[string]string
	// Delay is how long it takes.
	Delay time.Duration
}

// The answers that Google gives.
var (
	InvalidGrant = Fault{Status: 400, Body: `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`}
	Disabled     = Fault{Status: 400, Body: `{"error":"invalid_grant","error_description":"Invalid grant: account not found"}`}
	Unavailable  = Fault{Status: 503, Body: `{"error":"internal_failure"}`}
)

// Google is the servers. Its fields are set before it is used.
type Google struct {
	// Lifetime of tokens; default an hour.
	Lifetime time.Duration
	// Ahead is how far its clock is ahead of the local one.
	Ahead time.Duration
	// MayImpersonate lists, by service account, the accounts whose tokens it may
	// ask for.
	MayImpersonate map[string][]string
	// SubjectTokens are those of the other side that federation takes.
	SubjectTokens []string

	mu     sync.Mutex
	keys   map[string]*rsa.PublicKey // by e-mail address
	script map[string][]Fault        // by host
	calls  map[string]int            // by host
	tokens map[string]grant
	faulty []string
}

// grant is what a token is good for.
type grant struct {
	account string
	scope   string
	until   time.Time
}

// Account makes a service account and returns its key file.
func (g *Google) Account(email string) []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.keys == nil {
		g.keys = map[string]*rsa.PublicKey{}
	}
	g.keys[email] = &key.PublicKey
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "project", "private_key_id": "key-1",
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email": email, "client_id": "1", "token_uri": "https://" + TokenHost + "/token",
	})
	if err != nil {
		panic(err)
	}
	return text
}

// Fail has the next calls to a host end so, one after the other.
func (g *Google) Fail(host string, faults ...Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.script == nil {
		g.script = map[string][]Fault{}
	}
	g.script[host] = append(g.script[host], faults...)
}

// Heal drops what is left of the script.
func (g *Google) Heal() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.script = nil
}

// Calls is how many a host has got.
func (g *Google) Calls(host string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls[host]
}

// Refused says what was wrong with refused calls.
func (g *Google) Refused() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.faulty)
}

// Owner is the account of a token; "" if it is not valid.
func (g *Google) Owner(token string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	got := g.tokens[token]
	if !g.now().Before(got.until) {
		return ""
	}
	return got.account
}

// Scope is what a token is good for.
func (g *Google) Scope(token string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tokens[token].scope
}

// Tokens are those handed out.
func (g *Google) Tokens() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Keys(g.tokens))
}

func (g *Google) now() time.Time { return time.Now().Add(g.Ahead) }

// issue makes a token.
func (g *Google) issue(account, scope string) (token string, lifetime time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if lifetime = g.Lifetime; lifetime == 0 {
		lifetime = time.Hour
	}
	if g.tokens == nil {
		g.tokens = map[string]grant{}
	}
	token = fmt.Sprintf("ya29.token-%d-%s", len(g.tokens)+1, rand.Text())
	g.tokens[token] = grant{account, scope, g.now().Add(lifetime)}
	return token, lifetime
}

// ServeHTTP answers for all hosts.
func (g *Google) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", g.now().UTC().Format(http.TimeFormat))
	g.mu.Lock()
	if g.calls == nil {
		g.calls = map[string]int{}
	}
	g.calls[r.Host]++
	var f Fault
	if script := g.script[r.Host]; len(script) > 0 {
		f, g.script[r.Host] = script[0], script[1:]
	}
	g.mu.Unlock()
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
			return
		}
		w.Header().Set("Date", g.now().UTC().Format(http.TimeFormat))
	}
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	if f.Status != 0 {
		w.WriteHeader(f.Status)
		fmt.Fprint(w, f.Body)
		return
	}
	switch r.Host {
	case TokenHost:
		g.token(w, r)
	case STSHost:
		g.exchange(w, r)
	case IAMHost:
		g.impersonate(w, r)
	case MetadataHost:
		g.metadata(w, r)
	default:
		g.refuse(w, 404, "unknown host "+r.Host, "")
	}
}

// Metadata is the metadata server alone, by whatever host it is asked: that of
// GCE_METADATA_HOST.
func (g *Google) Metadata() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = MetadataHost
		g.ServeHTTP(w, r)
	})
}

// refuse answers in OAuth's grammar and notes why.
func (g *Google) refuse(w http.ResponseWriter, status int, why, code string) {
	g.mu.Lock()
	g.faulty = append(g.faulty, why)
	g.mu.Unlock()
	reply(w, status, map[string]any{"error": code, "error_description": why})
}

// reply answers in JSON.
func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}
