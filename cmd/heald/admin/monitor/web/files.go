// Package web holds the files of the monitor page: HTML, style sheets and ES
// modules, as a browser gets them. Nothing is built, and the page asks nothing of
// any other place.
//
// app.js begins. It shows one of the views (requests.js with detail.js,
// accounts.js, now.js, export.js), which the part of the address behind # names,
// filters included (route.js, filter.js). api.js is the only file that asks the
// server; feed.js keeps the requests that the page has, and live.js its
// connection for news. Whatever is shown is made by dom.js, which knows text and
// no HTML: names come from clients.
package web

import (
	"embed"
	"net/http"
	"path"
	"strings"
)

//go:embed index.html icon.svg *.css *.js vendor
var files embed.FS

// policy is the page's Content-Security-Policy: only its own files, no script or
// style inside HTML, no text as code (trusted types), no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Root is where the files are, but for the page itself, which is at /.
const Root = "/monitor/"

// types are the Content-Types, by the names' ends: those of the machine's
// registry may be wrong, and a module of another type is not run.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", "": "text/plain; charset=utf-8",
}

// Handler serves the page at / and its files below Root, and nothing else.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, below := strings.CutPrefix(r.URL.Path, Root)
		if r.URL.Path == "/" {
			name, below = "index.html", true
		}
		text, err := files.ReadFile(name)
		if !below || err != nil {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", types[path.Ext(name)])
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache") // after an upgrade no old file stays
		_, _ = w.Write(text)
	})
}
