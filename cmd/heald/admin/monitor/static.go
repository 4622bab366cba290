package monitor

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed web
var embedded embed.FS

// types are those of embedded files; the machine's own table may differ.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".json": "application/json", ".webmanifest": "application/manifest+json",
	".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8", ".md": "text/plain; charset=utf-8",
}

func (m *Monitor) page(w http.ResponseWriter, r *http.Request) { serve(w, r, "index.html") }

func (m *Monitor) file(w http.ResponseWriter, r *http.Request) { serve(w, r, r.PathValue("path")) }

// serve answers with an embedded file. Browsers keep it as long as it is the same.
func serve(w http.ResponseWriter, r *http.Request, name string) {
	b, err := fs.ReadFile(embedded, path.Join("web", path.Clean("/"+name)))
	if err != nil || strings.HasSuffix(name, "/") {
		http.Error(w, "there is no such file", http.StatusNotFound)
		return
	}
	kind, ok := types[path.Ext(name)]
	if !ok {
		kind = mime.TypeByExtension(path.Ext(name))
	}
	sum := sha256.Sum256(b)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "no-cache") // browsers ask again each time
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", kind)
	_, _ = w.Write(b)
}
