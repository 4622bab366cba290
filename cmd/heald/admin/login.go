package admin

import (
	"crypto/hmac"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Paths for logging in and out.
const (
	LoginPath  = "/login"
	LogoutPath = "/logout"
)

const (
	sessionCookie = "heald_admin"
	// sessionHeader tells the page that somebody has logged in and can log out,
	// since the page cannot read the cookie.
	sessionHeader = "Heald-Session"
	// sessionTime is how long a browser is let in: a working day.
	sessionTime = 12 * time.Hour
	// longestForm bounds what the form sends, in bytes.
	longestForm = 4 << 10
	// formPolicy lets the form only send itself.
	formPolicy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

//go:embed login.html
var loginHTML string

var loginPage = template.Must(template.New("login").Parse(loginHTML))

// login shows the form, and lets in whoever sends the token with it.
func (g *gate) login(w http.ResponseWriter, r *http.Request, token string) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		form(w, http.StatusOK, "")
	case http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, longestForm)
		if !same(strings.TrimSpace(r.PostFormValue("token")), token) {
			g.tell(g.log, r)
			form(w, http.StatusUnauthorized, "This is not the token.")
			return
		}
		until := time.Now().Add(sessionTime)
		http.SetCookie(w, cookie(r, session(until, token), until))
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, "/", http.StatusSeeOther)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "the form is sent by POST", http.StatusMethodNotAllowed)
	}
}

// logout ends the session, and forgets it in the browser; GET changes nothing.
func (g *gate) logout(w http.ResponseWriter, r *http.Request, token string) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		http.Error(w, "logging out is sent by POST", http.StatusMethodNotAllowed)
		return
	}
	if until, ok := inSession(r, token); ok {
		c, _ := r.Cookie(sessionCookie) // has been read
		g.ended.end(c.Value, until)
	}
	http.SetCookie(w, cookie(r, "", time.Unix(1, 0)))
	http.Redirect(w, r, LoginPath, http.StatusSeeOther)
}

// cookie is the session's: scripts cannot read it, other sites cannot send it.
func cookie(r *http.Request, value string, until time.Time) *http.Cookie {
	return &http.Cookie{Name: sessionCookie, Value: value, Path: "/", Expires: until, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode}
}

func form(w http.ResponseWriter, status int, problem string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", formPolicy)
	h.Set("Referrer-Policy", "same-origin") // the form sends Origin, which is compared
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = loginPage.Execute(w, problem)
}

// session is what a browser sends in place of the token, until a time.
func session(until time.Time, token string) string {
	return sealed(strconv.FormatInt(until.Unix(), 10)+"-"+rand.Text(), token) // each can be ended by itself
}

func sealed(text, token string) string {
	return text + "." + base64.RawURLEncoding.EncodeToString(seal(text, token))
}

// inSession returns until when a browser was let in; false if it was not, or its
// session has ended. A token counts as well.
func inSession(r *http.Request, token string) (until time.Time, ok bool) {
	if _, shown := bearer(r); shown {
		return time.Time{}, false
	}
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return time.Time{}, false
	}
	until, ok = sessionEnd(c.Value, token)
	return until, ok && time.Now().Before(until)
}

// sessionEnd reads what session has written; false if it is forged.
func sessionEnd(shown, token string) (until time.Time, ok bool) {
	text, _, _ := strings.Cut(shown, ".")
	// One spelling counts: a session that has ended is known by its text.
	if !hmac.Equal([]byte(shown), []byte(sealed(text, token))) {
		return time.Time{}, false
	}
	text, _, _ = strings.Cut(text, "-") // the time
	seconds, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// wrong counts wrong tokens, for the log.
type wrong struct {
	mu    sync.Mutex
	count int
	told  time.Time
}

// tell logs wrong tokens, at most one line a minute.
func (w *wrong) tell(log *zap.Logger, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
	if now := time.Now(); log != nil && now.Sub(w.told) >= wrongPause {
		log.Warn("a wrong token was sent to the admin listener", zap.String("last_from", r.RemoteAddr), zap.Int("times", w.count))
		w.told, w.count = now, 0
	}
}
