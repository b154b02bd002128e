package privacy

import (
	"net/http"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

const (
	// Path is the page of a person's data.
	Path = "/me/data"
	// signIn is where somebody signs in who then wants to see this page.
	signIn = "/me?next=data"
)

// fresh is how old the proof of who somebody is may be: a browser that was left signed
// in must not hand everything to whoever sits down in front of it.
const fresh = 10 * time.Minute

// proven reports whether the person has proved who they are just now.
func (f *Feature) proven(s login.Session) bool {
	age := f.d.Now().Sub(s.AuthTime)
	return age <= fresh && age > -time.Minute // a broker's clock may be a little ahead
}

func (f *Feature) page(w http.ResponseWriter, r *http.Request) error {
	s, _, ok, err := f.d.Signed(w, r, true)
	if err != nil {
		return err
	}
	if !ok {
		return web.SeeOther(w, signIn)
	}
	return f.views.RenderData(w, r, DataPage{Proven: f.proven(s)})
}

// download answers the document. It is written down, so it is an act: a POST, which no
// link from outside can cause.
func (f *Feature) download(w http.ResponseWriter, r *http.Request) error {
	s, person, ok, err := f.d.Signed(w, r, true)
	if err != nil {
		return err
	}
	if !ok {
		return web.SeeOther(w, signIn)
	}
	if !f.proven(s) {
		return web.SeeOther(w, Path)
	}
	d, err := f.Export(r.Context(), "person:"+person.ID, person.ID)
	if err != nil {
		return err
	}
	body, err := d.Bytes()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+d.Name()+`"`)
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(body)
	return err
}
