package demo

import (
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"avain/internal/account/activation"
	"avain/internal/account/devices"
	"avain/internal/account/home"
	"avain/internal/account/privacy"
	"avain/internal/methods/bank"
	"avain/internal/methods/link"
	"avain/internal/methods/password"
	"avain/internal/methods/qr"
	"avain/internal/platform/web"
	"avain/internal/testkit/brokersim"
)

//go:embed landing.html
var landingText string

var landing = template.Must(template.New("landing").Parse(landingText))

// mountLanding adds the page that walks a newcomer through each journey, and the
// gallery of all pages with sample data.
func (d *Demo) mountLanding(mux *http.ServeMux, kit *web.Kit) error {
	views, err := bank.NewViews(kit)
	if err != nil {
		return err
	}
	links, err := link.NewViews(kit)
	if err != nil {
		return err
	}
	own, err := home.NewViews(kit)
	if err != nil {
		return err
	}
	codes, err := qr.NewViews(kit)
	if err != nil {
		return err
	}
	invited, err := activation.NewViews(kit)
	if err != nil {
		return err
	}
	logins, err := devices.NewViews(kit)
	if err != nil {
		return err
	}
	passwords, err := password.NewViews(kit)
	if err != nil {
		return err
	}
	data, err := privacy.NewViews(kit)
	if err != nil {
		return err
	}
	pages := slices.Concat(views.Previews(), links.Previews(), invited.Previews(), own.Previews(), logins.Previews(), passwords.Previews(), data.Previews(), codes.Previews(), kit.Previews())
	mux.Handle("GET /demo/pages/", kit.Gallery("/demo/pages/", pages...))
	mux.Handle("GET /demo/employer", kit.Page(d.showEmployer(kit)))
	mux.Handle("POST /demo/employer", kit.Page(d.hire))
	mux.Handle("POST /demo/employer/{id}", kit.Page(d.manage))
	mux.Handle("POST /demo/console", kit.Page(d.inviteStaff))
	mux.Handle("GET /{$}", http.RedirectHandler("/demo", http.StatusFound))
	mux.Handle("GET /demo", kit.Page(func(w http.ResponseWriter, r *http.Request) error {
		demoHead(w)
		// The form of the invitation leads to the console, which is at another address.
		w.Header().Set("Content-Security-Policy", strings.Replace(w.Header().Get("Content-Security-Policy"), "form-action 'self'", "form-action 'self' "+web.FormTarget(d.Admin), 1))
		return landing.Execute(w, map[string]any{
			"Style": kit.Asset("style.css"), "Icon": kit.Asset("icon.svg"), "Demo": d, "People": brokersim.People(),
			"PIN": brokersim.PIN, "Phones": brokersim.MobileCases(),
			"Credentials": Credentials(), "Password": Password, "OP": d.OP.Endpoints(), "Telia": d.Telia.Endpoints(),
		})
	}))
	return nil
}
