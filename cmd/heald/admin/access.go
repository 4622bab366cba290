package admin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
)

// Access says who may ask. Its zero value asks for nothing, and lets in whoever
// reaches a loopback address or a Unix socket.
type Access struct {
	// Token must be sent; "" is none. Never print it.
	Token string
	// Certificates says that the certificate of a client, which TLS has verified,
	// is as good as the token.
	Certificates bool
	// MetricsOpen serves /metrics without either.
	MetricsOpen bool
	// Open serves everything but profiles and bodies without either, on any address.
	Open bool
}

// gate lets in whoever may ask.
type gate struct {
	next   http.Handler
	access func() Access
	// near says that only this machine reaches the listener.
	near bool
	// socket says that it is a Unix socket, which has no TLS.
	socket bool
	log    *zap.Logger
	ended  sessions
	wrong
}

// wrongPause is the shortest time between two log lines about wrong tokens.
const wrongPause = time.Minute

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := g.access()
	a.Certificates = a.Certificates && !g.socket
	switch path := r.URL.Path; {
	case path == "/livez" || path == "/readyz": // orchestrators have no token
	case path == LoginPath && a.Token != "":
		g.login(w, r, a.Token)
		return
	case path == LogoutPath && a.Token != "":
		g.logout(w, r, a.Token)
		return
	case path == "/metrics" && a.MetricsOpen:
	case a.Token == "" && !a.Certificates:
		if !g.near && (!a.Open || profile(path) || bodies(path)) {
			http.Error(w, "this listener can be reached from other machines: profiles are served only with a token (admin.token), bodies with a token or a client certificate, the rest with either or with admin.open: true", http.StatusForbidden)
			return
		}
		if g.near {
			defer busy(r)()
		}
	case g.admits(r, a):
		defer busy(r)()
	default:
		until, ok := inSession(r, a.Token)
		if !ok || a.Token == "" {
			g.refuse(w, r, a)
			return
		}
		// A stream of events ends with the session.
		ctx, cancel := context.WithDeadline(r.Context(), until)
		defer cancel()
		c, _ := r.Cookie(sessionCookie) // has been read
		done, ok := g.ended.begin(c.Value, cancel)
		if !ok {
			g.refuse(w, r, a)
			return
		}
		defer done()
		defer busy(r)()
		w.Header().Set(sessionHeader, "yes")
		r = r.WithContext(ctx)
	}
	g.next.ServeHTTP(w, r)
}

// profile reports a path whose answer shows what is in memory.
func profile(path string) bool { return strings.HasPrefix(path, "/debug/") }

// bodies reports a path whose answer has what a client has sent and got.
func bodies(path string) bool {
	return strings.HasPrefix(path, "/api/requests/") && strings.HasSuffix(path, "/bodies")
}

// admits reports whether a request has what is asked for.
func (g *gate) admits(r *http.Request, a Access) bool {
	if a.Certificates && r.TLS != nil && len(r.TLS.VerifiedChains) > 0 && (g.near || !profile(r.URL.Path)) {
		return true
	}
	if a.Token == "" {
		return false
	}
	if token, ok := bearer(r); ok {
		if same(token, a.Token) {
			return true
		}
		g.tell(g.log, r)
	}
	return false
}

// bearer is the token of a request, if it has one.
func bearer(r *http.Request) (token string, ok bool) {
	kind, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(kind, "Bearer")
}

// refuse says what is missing; a person in a browser gets the form.
func (g *gate) refuse(w http.ResponseWriter, r *http.Request, a Access) {
	w.Header().Set("Cache-Control", "no-store")
	if a.Token == "" {
		http.Error(w, accounts.AsksCertificate+" (admin.tls.client_ca); profiles need a token (admin.token)", http.StatusUnauthorized)
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="heald"`)
	if r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
		form(w, http.StatusUnauthorized, "")
		return
	}
	http.Error(w, accounts.AsksToken+": send admin.token; heald's commands take it from --config heald.yaml, --admin-token env:VARIABLE or HEALD_ADMIN_TOKEN, others send it in the header authorization, behind Bearer", http.StatusUnauthorized)
}

// same compares in a time that reveals nothing about the token.
func same(shown, token string) bool {
	a, b := sha256.Sum256([]byte(shown)), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// seal authenticates a session with the token, so that every replica accepts
// it, and none does after the token was changed.
func seal(text, token string) []byte {
	h := hmac.New(sha256.New, []byte(token))
	h.Write([]byte("heald admin session " + text))
	return h.Sum(nil)
}
