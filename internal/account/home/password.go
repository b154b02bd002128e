package home

import (
	"net/http"
	"net/url"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

// Enter signs in a person whose password was right. The code goes to our own return
// page like that of any other sign-in: through the gate, and for this browser only.
func (f *Feature) Enter(w http.ResponseWriter, r *http.Request, person login.Person) error {
	browser, ok := f.d.Browsers.Secret(r)
	if !ok {
		return fault.New(fault.Invalid, login.ReasonCookiesBlocked, nil)
	}
	in := f.startOf(r, browser, login.Request{})
	code, a, err := f.d.Attempts.Verified(r.Context(), in, person)
	if a.ID != "" {
		web.About(r.Context(), a)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, returnURI+"?"+url.Values{"code": {code.Reveal()}, "state": {in.Request.State}}.Encode())
}

// Refused writes down that a password was not accepted on our pages.
func (f *Feature) Refused(r *http.Request, why error) (login.Attempt, error) {
	browser, _ := f.d.Browsers.Secret(r)
	return f.d.Attempts.Unverified(r.Context(), f.startOf(r, browser, login.Request{}), why)
}
