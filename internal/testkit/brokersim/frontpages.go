package brokersim

import (
	"net/http"
)

// showControl is the page with the toggles.
func (s *Sim) showControl(w http.ResponseWriter, r *http.Request) {
	v := s.view(langOf(r), "control-title")
	for _, info := range Toggles() {
		mode := "off"
		switch s.trouble.mode(info.Name) {
		case troubleOff:
		case troubleOnce:
			mode = "once"
		case troubleOn:
			mode = "on"
		}
		v.Toggles = append(v.Toggles, toggleView{info, mode})
	}
	s.show(w, http.StatusOK, "control", v)
}

// setControl sets the toggles that the form names and leaves the others alone.
func (s *Sim) setControl(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formMaxSize)
	if err := r.ParseForm(); err != nil {
		s.showMessage(w, http.StatusBadRequest, langOf(r), "lost", "")
		return
	}
	modes := map[string]troubleMode{"off": troubleOff, "once": troubleOnce, "on": troubleOn}
	for name := range r.PostForm {
		if _, ok := modes[r.PostForm.Get(name)]; !ok || !knownToggle(Toggle(name)) {
			respond(w, http.StatusBadRequest, "text/plain; charset=utf-8", "want toggle=off|once|on")
			return
		}
	}
	for name := range r.PostForm {
		s.trouble.set(Toggle(name), modes[r.PostForm.Get(name)])
	}
	redirect(w, r, s.config.BaseURL+pathControl)
}

func (s *Sim) showFront(w http.ResponseWriter, r *http.Request) {
	v := s.view(langOf(r), "front-title")
	v.People = s.config.People
	s.show(w, http.StatusOK, "front", v)
}

func (s *Sim) showPrivacy(w http.ResponseWriter, r *http.Request) {
	v := s.view(langOf(r), "privacy-title")
	v.Problem = v.T("privacy-text")
	s.show(w, http.StatusOK, "message", v)
}

func (s *Sim) showLost(w http.ResponseWriter, r *http.Request) {
	s.showMessage(w, http.StatusNotFound, langOf(r), "lost", "")
}

func (s *Sim) serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=3600")
	respond(w, http.StatusOK, "text/css; charset=utf-8", s.pages.style)
}

func (s *Sim) serveLogo(w http.ResponseWriter, r *http.Request) {
	for _, b := range s.config.Banks {
		if r.PathValue("file") == b.ID+".svg" {
			// A logo opened by itself must not run anything.
			w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
			w.Header().Set("Cache-Control", "public, max-age=3600")
			respond(w, http.StatusOK, "image/svg+xml", b.Logo)
			return
		}
	}
	s.showLost(w, r)
}
