package control

import (
	"embed"
	"net/http"
	"path"
)

// pageFiles are the page and what it loads. There is no build step: they are served as they are.
//
//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page load what is below [Path] and nothing else, run no inline script or
// style, and turn no text into HTML.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// protect sets what keeps a browser from misusing an answer.
func protect(header http.Header) {
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func getPage(w http.ResponseWriter, _ *http.Request) { servePageFile(w, "index.html") }

func getPageFile(w http.ResponseWriter, r *http.Request) { servePageFile(w, r.PathValue("file")) }

func servePageFile(w http.ResponseWriter, name string) {
	content, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		refuse(w, http.StatusNotFound, "the page has no such file")
		return
	}
	// The system's table of types may say otherwise.
	types := map[string]string{".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
	w.Header().Set("Content-Type", types[path.Ext(name)]+"; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(content) //nolint:gosec // the content is embedded, and the request only names it
}
