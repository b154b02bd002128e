package status

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"avain/internal/platform/web"
)

// pageView is what status.html reads.
type pageView struct {
	Sample         bool
	Fine           bool   // everything that is on works
	Stale          bool   // nothing is known of now
	Day, Time      string // of what is known, when Stale; empty: nothing
	Methods, Means []lineView
	Document       string
}

type lineView struct {
	line
	Blocks   []block
	Troubled []trouble // days on which something was wrong, the newest first
	Good     int       // days of Known on which everything worked
	Known    int       // days that have a state
	Width    int       // of the picture
}

// block is a run of days of one state, as a rectangle: what is wrong stands higher, so
// that it is told without colour.
type block struct {
	X, Y, Width, Height int
	State               State
}

type trouble struct {
	Day   string
	State State
}

const (
	dayWidth = 4
	tall     = 24
)

func heightOf(s State) int {
	switch s {
	case Down:
		return tall
	case Disturbed:
		return 15
	case Up:
		return 7
	default:
		return 2
	}
}

func (f *Feature) lineView(lang string, l line) lineView {
	v := lineView{line: l, Width: dayWidth * len(l.Days)}
	for i, day := range l.Days {
		if n := len(v.Blocks); n > 0 && v.Blocks[n-1].State == day.State {
			v.Blocks[n-1].Width += dayWidth
		} else {
			h := heightOf(day.State)
			v.Blocks = append(v.Blocks, block{dayWidth * i, tall - h, dayWidth, h, day.State})
		}
		if day.State == Unknown {
			continue
		}
		if v.Known++; day.State == Up {
			v.Good++
			continue
		}
		v.Troubled = append([]trouble{{f.d.Web.DayInWords(lang, day.Date), day.State}}, v.Troubled...)
	}
	return v
}

func (f *Feature) show(w http.ResponseWriter, r *http.Request) error {
	lang := f.d.Web.Language(r)
	s, err := f.standing(r.Context(), lang)
	if err != nil {
		return err
	}
	template, err := f.page()
	if err != nil {
		return err
	}
	view := pageView{Sample: f.d.Sample, Fine: !s.Stale, Stale: s.Stale, Document: DocumentPath + "?lang=" + lang}
	if s.Stale && !s.Read.IsZero() {
		read := s.Read.In(f.d.Zone)
		view.Day, view.Time = f.d.Web.DayInWords(lang, read), clock(lang, read)
	}
	for _, group := range []struct {
		lines []line
		to    *[]lineView
	}{{s.Methods, &view.Methods}, {s.Means, &view.Means}} {
		for _, l := range group.lines {
			view.Fine = view.Fine && (l.State == Up || l.State == Off)
			*group.to = append(*group.to, f.lineView(lang, l))
		}
	}
	return f.d.Web.Render(w, r, http.StatusOK, web.Page{
		Template: template, Title: "status.title", Data: view, Self: PagePath, Public: maxAge,
	})
}

// clock writes a time of day as the language does.
func clock(lang string, t time.Time) string {
	if lang == "en" {
		return t.Format("15:04")
	}
	return t.Format("15.04")
}

// document is the same for programs.
type document struct {
	AsOf    time.Time      `json:"as_of,omitzero"` // when stale: when the database last answered
	Stale   bool           `json:"stale"`          // it does not answer now, and nobody gets in
	Methods []documentLine `json:"methods"`
	Means   []documentLine `json:"means"`
}

type documentLine struct {
	ID    string        `json:"id"`
	Name  string        `json:"name"`
	State State         `json:"state"`
	Days  []documentDay `json:"days"`
}

type documentDay struct {
	Date  string `json:"date"`
	State State  `json:"state"`
}

func (f *Feature) document(w http.ResponseWriter, r *http.Request) error {
	lang := f.d.Web.Language(r)
	s, err := f.standing(r.Context(), lang)
	if err != nil {
		return err
	}
	lines := func(all []line) []documentLine {
		out := make([]documentLine, 0, len(all))
		for _, l := range all {
			one := documentLine{ID: l.ID, Name: l.Name, State: l.State, Days: make([]documentDay, 0, len(l.Days))}
			for _, d := range l.Days {
				one.Days = append(one.Days, documentDay{d.Date.In(f.d.Zone).Format(time.DateOnly), d.State})
			}
			out = append(out, one)
		}
		return out
	}
	shown := document{Stale: s.Stale, Methods: lines(s.Methods), Means: lines(s.Means)}
	if s.Stale {
		shown.AsOf = s.Read.UTC().Truncate(time.Second)
	}
	body, err := json.Marshal(shown)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Language", lang)
	h.Set("Vary", "Accept-Language, Cookie")
	h.Set("Access-Control-Allow-Origin", "*") // it is public, and says nothing about who asks
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	web.Public(w, maxAge)
	if web.NotModified(w, r, body) {
		return nil
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the caller has gone; there is nobody left to tell
	}
	return nil
}
