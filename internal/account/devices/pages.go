package devices

import (
	"context"
	"net/http"

	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

// Path is the page of a person's devices.
const Path = "/me/devices"

// home is where somebody signs in.
const home = "/me"

// signed is who is signed in, or sends to where people sign in. It answers no session
// when it has answered the request.
func (f *Feature) signed(w http.ResponseWriter, r *http.Request) (login.Session, login.Person, error) {
	s, p, ok, err := f.d.Signed(w, r, true)
	if err == nil && !ok {
		return login.Session{}, login.Person{}, web.SeeOther(w, home+"?next=devices")
	}
	return s, p, err
}

func (f *Feature) page(w http.ResponseWriter, r *http.Request) error {
	own, person, err := f.signed(w, r)
	if err != nil || own.ID == "" {
		return err
	}
	all, err := f.of(r.Context(), own, person)
	if err != nil {
		return err
	}
	page := DevicesPage{Done: done(r.URL.Query().Get("done"))}
	if f.d.Now().Before(person.PausedUntil) {
		page.PausedUntil = person.PausedUntil
	}
	for _, s := range all {
		page.Devices = append(page.Devices, f.device(s, own))
	}
	return f.views.RenderDevices(w, r, page)
}

// done lets the words through that our own redirects carry.
func done(word string) string {
	switch word {
	case "out", "all", "notme":
		return word
	default:
		return ""
	}
}

func (f *Feature) device(s, own login.Session) Device {
	d := Device{
		ID: s.ID, Name: s.Device.Name, Model: s.Device.Model, Client: f.d.Client(s.Client), Web: s.Client == login.WebClient,
		Method: s.Method, Place: s.Place, LoggedIn: s.CreatedAt, Used: s.UsedAt, Current: s.ID == own.ID,
	}
	if d.Model == d.Name {
		d.Model = ""
	}
	return d
}

// act is what a form does to one of the person's devices.
type act func(ctx context.Context, s login.Session, person login.Person) error

func (f *Feature) logOut(ctx context.Context, s login.Session, _ login.Person) error {
	return f.end(ctx, s, whyOther)
}

func (f *Feature) disown(ctx context.Context, s login.Session, person login.Person) error {
	_, err := f.notMe(ctx, s, person)
	return err
}

// form carries out an act and shows the list again, with what was done.
func (f *Feature) form(do act, done string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		own, person, err := f.signed(w, r)
		if err != nil || own.ID == "" {
			return err
		}
		s, err := f.mine(r.Context(), person, r.PathValue("id"))
		if err != nil {
			return err
		}
		if err := do(r.Context(), s, person); err != nil {
			return err
		}
		return web.SeeOther(w, Path+"?done="+done)
	}
}

func (f *Feature) pageAll(w http.ResponseWriter, r *http.Request) error {
	own, person, err := f.signed(w, r)
	if err != nil || own.ID == "" {
		return err
	}
	if err := f.endOthers(r.Context(), own, person); err != nil {
		return err
	}
	return web.SeeOther(w, Path+"?done=all")
}
