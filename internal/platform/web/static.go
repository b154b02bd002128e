package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"strconv"
	"strings"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

//go:embed static
var staticFiles embed.FS

const (
	staticRoot = "/static/"
	styleSheet = "style.css"
)

// assets are the files that pages need, each below the hash of its content, so
// that browsers keep them for good and a new version is a new address.
type assets struct {
	byPath map[string]asset  // "{hash}/{name}"
	byName map[string]string // name → address
	before map[string]asset  // byPath of those that these have replaced
}

type asset struct {
	kind    string
	content []byte
	gzipped []byte // nil when it does not pay
}

// maxAsset bounds one of the operator's pictures, in bytes: a login page has a
// budget of 30 KB.
const maxAsset = 64 << 10

func loadAssets(operator fs.FS, accent string) (*assets, error) {
	a := &assets{byPath: make(map[string]asset), byName: make(map[string]string)}
	own, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	colours, err := palette(accent)
	if err != nil {
		return nil, err
	}
	if err := a.addAll(own, colours); err != nil {
		return nil, err
	}
	if operator == nil {
		return a, nil
	}
	return a, a.addAll(operator, "")
}

func (a *assets) addAll(files fs.FS, colours string) error {
	return fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if len(content) > maxAsset {
			return fmt.Errorf("%s: larger than %d bytes", name, maxAsset)
		}
		if name == styleSheet {
			content = append(content, colours...)
		}
		return a.add(name, content)
	})
}

func (a *assets) add(name string, content []byte) error {
	kind := mediaType(name)
	if kind == "" {
		return fmt.Errorf("%s: not a kind of file that is served (css, svg, png, jpg, webp, ico, js)", name)
	}
	if _, taken := a.byName[name]; taken {
		return fmt.Errorf("%s: the name is taken", name)
	}
	sum := sha256.Sum256(content)
	at := hex.EncodeToString(sum[:8]) + "/" + name
	small, err := squeeze(content)
	if err != nil {
		return err
	}
	if len(small) >= len(content) {
		small = nil
	}
	a.byPath[at] = asset{kind: kind, content: content, gzipped: small}
	a.byName[name] = staticRoot + at
	return nil
}

func squeeze(content []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(content); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// mediaType is a closed list: the system's table differs from machine to machine.
func mediaType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".webp":
		return "image/webp"
	case ".ico":
		return "image/x-icon"
	default:
		return ""
	}
}

// find looks an asset up by its path. Those from before a reload stay: a page that somebody
// has open, and one that another node renders until it has reloaded too, asks for them.
func (a *assets) find(path string) (asset, bool) {
	if file, ok := a.byPath[path]; ok {
		return file, true
	}
	file, ok := a.before[path]
	return file, ok
}

// ReloadAssets reads the operator's pictures again. After an error everything is as before.
func (k *Kit) ReloadAssets() error {
	next, err := k.readAssets()
	if err != nil {
		return err
	}
	if last := k.assets.Load(); !maps.Equal(last.byName, next.byName) { // addresses tell content
		next.before = last.byPath
		k.assets.Store(next)
	}
	return nil
}

func (k *Kit) readAssets() (*assets, error) {
	a, err := loadAssets(k.cfg.Assets, k.cfg.Brand.Accent)
	if err != nil {
		return nil, fmt.Errorf("web: assets: %w", err)
	}
	if logo := k.cfg.Brand.Logo; logo != "" && a.byName[logo] == "" {
		return nil, fmt.Errorf("web: brand logo %q is not among the assets", logo)
	}
	return a, nil
}

// Asset is the address of an asset by its name, such as "banks/aurora.svg"; it is
// empty when there is none.
func (k *Kit) Asset(name string) string { return k.assets.Load().byName[name] }

// Static serves the assets. Mount it at "GET /static/".
func (k *Kit) Static() http.Handler {
	return k.Problem(func(w http.ResponseWriter, r *http.Request) error {
		file, ok := k.assets.Load().find(strings.TrimPrefix(r.URL.Path, staticRoot))
		if !ok {
			return fault.New(fault.NotFound, login.ReasonPageUnknown, nil)
		}
		h := w.Header()
		h.Set("Content-Type", file.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Vary", "Accept-Encoding")
		// A picture opened by its address is a document of our origin: an SVG of the
		// operator's must not run anything there.
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
		content := file.content
		if file.gzipped != nil && acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			content = file.gzipped
		}
		h.Set("Content-Length", strconv.Itoa(len(content)))
		w.WriteHeader(http.StatusOK)
		if r.Method != http.MethodHead {
			_, _ = w.Write(content)
		}
		return nil
	})
}
