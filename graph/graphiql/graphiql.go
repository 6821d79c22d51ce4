// Package graphiql serves the GraphiQL page from the binary: no CDN, no foreign origin, and a policy
// that holds the browser to it. It owns the page and the pinned bundles; update.sh fetches them again.
package graphiql

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets/page.html assets/page.css assets/page.js assets/examples.graphql assets/*.min.css assets/*.min.js
var files embed.FS

// The page loads them in this order; each names what is global after the one before it.
var (
	styles  = []string{"graphiql-3.9.0.min.css", "page.css"}
	scripts = []string{"react-18.3.1.min.js", "react-dom-18.3.1.min.js", "graphql-ws-5.16.2.min.js", "graphiql-3.9.0.min.js", "page.js"}
)

const (
	// policy lets the page talk to us and to nobody else. GraphiQL's dialogs write a style element to stop
	// the page from scrolling, hence unsafe-inline for styles, never for scripts.
	policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; font-src data:; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	// forGood is right for a file whose name holds its version.
	forGood = "public, max-age=31536000, immutable"
	// asked is for our own files, which change under the same name: the browser asks with their ETag.
	asked = "no-cache"
)

// asset is a file as it goes out.
type asset struct {
	name, kind, cache, etag string
	body                    []byte
}

// Handler serves the page at /graphiql and /graphiql/, for the GraphQL endpoint at that path of the same
// origin. Sockets go to the same path.
func Handler(endpoint string) http.Handler {
	mux := http.NewServeMux()
	page := newAsset("page.html", render(endpoint))
	mux.Handle("GET /graphiql", page)
	mux.Handle("GET /graphiql/{$}", page)
	for name, body := range embedded() {
		if name != "page.html" {
			mux.Handle("GET /graphiql/assets/"+name, newAsset(name, body))
		}
	}
	return mux
}

// embedded panics where reading what the compiler put there fails: that is a broken build.
func embedded() map[string][]byte {
	all := map[string][]byte{}
	entries, err := fs.ReadDir(files, "assets")
	for _, e := range entries {
		if body, failed := fs.ReadFile(files, "assets/"+e.Name()); failed != nil {
			err = failed
		} else {
			all[e.Name()] = body
		}
	}
	if err != nil {
		panic(fmt.Errorf("reading the embedded files of GraphiQL: %w", err))
	}
	return all
}

func render(endpoint string) []byte {
	var page bytes.Buffer
	err := template.Must(template.ParseFS(files, "assets/page.html")).Execute(&page, map[string]any{
		"Endpoint": endpoint, "Styles": styles, "Scripts": scripts,
	})
	if err != nil {
		panic(fmt.Errorf("rendering the page of GraphiQL: %w", err))
	}
	return page.Bytes()
}

func newAsset(name string, body []byte) *asset {
	sum := sha256.Sum256(body)
	a := &asset{name: name, kind: kind(name), cache: asked, etag: `"` + hex.EncodeToString(sum[:16]) + `"`, body: body}
	if strings.Contains(name, ".min.") {
		a.cache = forGood
	}
	return a
}

// kind is written out: the table of the machine may say anything about .js.
func kind(name string) string {
	return map[string]string{
		".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
		".js": "text/javascript; charset=utf-8", ".graphql": "text/plain; charset=utf-8",
	}[path.Ext(name)]
}

func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", a.cache)
	h.Set("ETag", a.etag)
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	http.ServeContent(w, r, a.name, time.Time{}, bytes.NewReader(a.body))
}
