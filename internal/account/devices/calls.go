package devices

import (
	"net/http"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

// entry is a device as the app gets it. Times are RFC 3339, UTC.
type entry struct {
	ID         string       `json:"id"`
	Current    bool         `json:"current"` // the device that asks
	Name       string       `json:"name,omitempty"`
	Model      string       `json:"model,omitempty"`
	Platform   string       `json:"platform,omitempty"`
	AppVersion string       `json:"app_version,omitempty"`
	Client     string       `json:"client"` // name of the app
	Web        bool         `json:"web"`    // a browser that is signed in to our pages
	Method     login.Method `json:"method"`
	Place      string       `json:"place,omitempty"`
	LoggedInAt time.Time    `json:"logged_in_at"`
	LastUsedAt time.Time    `json:"last_used_at"` // to a minute
}

func (f *Feature) list(w http.ResponseWriter, r *http.Request) error {
	own, person, err := f.d.Holder(w, r)
	if err != nil {
		return err
	}
	all, err := f.of(r.Context(), own, person)
	if err != nil {
		return err
	}
	answer := struct {
		Devices     []entry    `json:"devices"`
		PausedUntil *time.Time `json:"alternative_methods_paused_until,omitempty"`
	}{Devices: []entry{}}
	if f.d.Now().Before(person.PausedUntil) {
		answer.PausedUntil = &person.PausedUntil
	}
	for _, s := range all {
		answer.Devices = append(answer.Devices, entry{
			ID: s.ID, Current: s.ID == own.ID, Name: s.Device.Name, Model: s.Device.Model, Platform: s.Device.Platform,
			AppVersion: s.Device.AppVersion, Client: f.d.Client(s.Client), Web: s.Client == login.WebClient, Method: s.Method,
			Place: s.Place.In(f.d.Web.Language(r)), LoggedInAt: s.CreatedAt, LastUsedAt: s.UsedAt,
		})
	}
	web.WriteJSON(w, http.StatusOK, answer)
	return nil
}

// call carries out an act on one of the devices of whose access token it is.
func (f *Feature) call(do func(w http.ResponseWriter, r *http.Request, s login.Session, person login.Person) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		_, person, err := f.d.Holder(w, r)
		if err != nil {
			return err
		}
		s, err := f.mine(r.Context(), person, r.PathValue("id"))
		if err != nil {
			return err
		}
		return do(w, r, s, person)
	}
}

func (f *Feature) callEnd(w http.ResponseWriter, r *http.Request, s login.Session, person login.Person) error {
	if err := f.logOut(r.Context(), s, person); err != nil {
		return err
	}
	return nothing(w)
}

func (f *Feature) callNotMe(w http.ResponseWriter, r *http.Request, s login.Session, person login.Person) error {
	until, err := f.notMe(r.Context(), s, person)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, struct {
		PausedUntil time.Time `json:"alternative_methods_paused_until"`
	}{until})
	return nil
}

func (f *Feature) callAll(w http.ResponseWriter, r *http.Request) error {
	own, person, err := f.d.Holder(w, r)
	if err != nil {
		return err
	}
	if err := f.endOthers(r.Context(), own, person); err != nil {
		return err
	}
	return nothing(w)
}

func nothing(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}
