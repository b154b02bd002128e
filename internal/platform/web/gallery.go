package web

import (
	"net/http"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
)

// Preview is one page with sample data, to be looked at without living through
// what leads to it.
type Preview struct {
	Name   string // in the address: small letters, digits and hyphens
	Render Handler
}

// Gallery shows previews below a path such as "/demo/pages/". Mount it at "GET "
// and that path.
func (k *Kit) Gallery(root string, previews ...Preview) http.Handler {
	return k.Page(func(w http.ResponseWriter, r *http.Request) error {
		name := strings.TrimPrefix(r.URL.Path, root)
		if name == "" {
			names := make([]string, 0, len(previews))
			for _, p := range previews {
				names = append(names, p.Name)
			}
			return k.Render(w, r, http.StatusOK, Page{Template: k.pages.gallery, Title: "gallery.title", Data: struct {
				Root  string
				Names []string
			}{root, names}})
		}
		for _, p := range previews {
			if p.Name == name {
				Note(r.Context(), FieldSupport, "K7Q-4TM")
				return p.Render(w, r)
			}
		}
		return fault.New(fault.NotFound, login.ReasonPageUnknown, nil)
	})
}

// Previews are the pages of this package: one per reason, and logging out.
func (k *Kit) Previews() []Preview {
	ways := Ways{Retry: "/demo/pages/", Choose: "/demo/pages/", App: "http://localhost:8081/"}
	previews := make([]Preview, 0, len(login.Reasons())+2)
	for _, reason := range login.Reasons() {
		if reasons.Of(reason).Fault == reasons.FaultNobody {
			continue // no page tells of what went well
		}
		previews = append(previews, Preview{
			Name: "error-" + strings.ReplaceAll(string(reason), "_", "-"),
			Render: func(_ http.ResponseWriter, r *http.Request) error {
				Offer(r.Context(), ways)
				e := fault.New(fault.Forbidden, reason, nil)
				if reason == login.ReasonRateLimited {
					e.RetryAfter = 2 * time.Minute
				}
				return e
			},
		})
	}
	return append(previews,
		Preview{"logout", func(w http.ResponseWriter, r *http.Request) error {
			return k.RenderLogout(w, r, LogoutPage{Client: k.cfg.Brand.Name, Action: "/logout"})
		}},
		Preview{"logout-browser", func(w http.ResponseWriter, r *http.Request) error {
			return k.RenderLogout(w, r, LogoutPage{Action: "/logout/browser"})
		}},
		Preview{"logged-out-nobody", func(w http.ResponseWriter, r *http.Request) error {
			return k.RenderLoggedOut(w, r, LoggedOutPage{Nobody: true})
		}},
		Preview{"leave", func(w http.ResponseWriter, r *http.Request) error {
			return k.Render(w, r, http.StatusOK, k.leaving(Leaving{Client: k.cfg.Brand.Name, Address: ways.App}))
		}},
		Preview{"logged-out", func(w http.ResponseWriter, r *http.Request) error {
			return k.RenderLoggedOut(w, r, LoggedOutPage{Client: k.cfg.Brand.Name, App: ways.App})
		}},
	)
}
