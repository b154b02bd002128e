package demo

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
)

// AppVersion is the version that the demo's phone app reports.
const AppVersion = "1.16.0"

// phoneApp serves the built phone app on its own origin, as a plain web server
// would: static files, the configuration, and the start page for every path of the
// app.
func (d *Demo) phoneApp(folder string) http.Handler {
	var files fs.FS
	if folder != "" {
		files = os.DirFS(folder)
	}
	policy := strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:",
		"connect-src 'self' " + d.Service, "manifest-src 'self'", "worker-src 'self'", "font-src 'self'",
		"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
	}, "; ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		switch name := strings.TrimPrefix(path.Clean(r.URL.Path), "/"); {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		case files == nil:
			http.Error(w, "The phone app is not built. Run: make app", http.StatusServiceUnavailable)
		case name == "config.json":
			d.appConfig(w)
		case path.Ext(name) == ".webmanifest":
			h.Set("Content-Type", "application/manifest+json")
			http.ServeFileFS(w, r, files, name)
		case strings.HasPrefix(name, "assets/") || path.Ext(name) != "":
			if strings.HasPrefix(name, "assets/") {
				h.Set("Cache-Control", "public, max-age=31536000, immutable") // named by their content
			}
			http.ServeFileFS(w, r, files, name)
		default:
			http.ServeFileFS(w, r, files, "index.html")
		}
	})
}

func (d *Demo) appConfig(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{ // the browser has gone; there is nobody left to tell
		"issuer": d.Service, "clientId": "smartumpay", "version": AppVersion, "brand": map[string]any{
			"name": "SmartumPay", "support": map[string]string{"email": "help@example.com", "phone": "+358 20 000 0000"},
		},
	})
}
