package devices

import (
	"embed"
	"net/http"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Views are the pages of a person's devices.
type Views struct {
	kit  *web.Kit
	list *web.Template
}

// NewViews parses the templates. The error is a mistake in one of them.
func NewViews(kit *web.Kit) (*Views, error) {
	t, err := kit.Template(templateFiles, "templates/devices.html")
	return &Views{kit, t}, err
}

// Device is one line of the list.
type Device struct {
	ID       string
	Name     string // as the device calls itself; may be empty
	Model    string
	Client   string // name of the app
	Web      bool   // a browser, signed in to our pages
	Method   login.Method
	Place    login.Place // may be empty
	LoggedIn time.Time
	Used     time.Time
	Current  bool // the one that shows the page
}

// DevicesPage is the list.
type DevicesPage struct {
	Devices     []Device
	PausedUntil time.Time // zero: nothing is paused
	Done        string    // what has just been done: out, all, notme; or empty
}

// Others counts the devices that are not this one.
func (p DevicesPage) Others() int {
	n := 0
	for _, d := range p.Devices {
		if !d.Current {
			n++
		}
	}
	return n
}

// RenderDevices shows it.
func (v *Views) RenderDevices(w http.ResponseWriter, r *http.Request, p DevicesPage) error {
	return v.kit.Render(w, r, http.StatusOK, web.Page{Template: v.list, Title: "devices.title", Data: p, Self: Path})
}

// Previews are the pages with sample data.
func (v *Views) Previews() []web.Preview {
	at := time.Date(2026, time.November, 22, 9, 12, 0, 0, time.UTC)
	sample := DevicesPage{Devices: []Device{
		{ID: "a", Client: "SmartumPay", Web: true, Method: login.MethodDirect, Place: "Tampere, Suomi", LoggedIn: at, Used: at, Current: true},
		{ID: "b", Name: "Ainon puhelin", Model: "Pixel 9", Client: "SmartumPay", Method: login.MethodQR, Place: "Tampere, Suomi", LoggedIn: at.AddDate(0, -2, 0), Used: at},
		{ID: "c", Name: "Samsung Galaxy", Client: "SmartumPay", Method: login.MethodLink, LoggedIn: at.AddDate(0, 0, -3), Used: at.AddDate(0, 0, -1)},
	}}
	show := func(change func(*DevicesPage)) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			p := sample
			change(&p)
			return v.RenderDevices(w, r, p)
		}
	}
	return []web.Preview{
		{Name: "devices", Render: show(func(*DevicesPage) {})},
		{Name: "devices-alone", Render: show(func(p *DevicesPage) { p.Devices = p.Devices[:1] })},
		{Name: "devices-not-me", Render: show(func(p *DevicesPage) {
			p.Devices, p.Done, p.PausedUntil = p.Devices[:2], "notme", at.Add(pause)
		})},
	}
}
