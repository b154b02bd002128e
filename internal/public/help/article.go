package help

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"avain/internal/core/availability"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/reasons"
	"avain/internal/platform/web"
)

// articleView is what article.html reads.
type articleView struct {
	Reason  login.Reason // that brought the reader here; empty: none
	News    []newsItem
	Ways    ways
	Answer  question
	Oldest  availability.Version // that can log in at all
	Guide   string
	OnPhone bool
	OpenApp template.URL // opens the app on this phone; may be empty
}

// newsItem is a notice as it stands above the article.
type newsItem struct {
	web.Notice
	Date string // in words; empty for what the service says by itself: it is now
}

// ways are the alternative methods as they stand now, and what they need.
type ways struct {
	Version   availability.Version // that the alternative methods need
	Shops     []Shop               // that of the reader's phone first
	DirectOff string               // why the usual way is off, or that it is; empty: it is on
	Methods   []method             // in the order of the app
	Count     string               // of those that are on: none, one, two
}

// method is one alternative method.
type method struct {
	Method login.Method // link or qr
	Why    string       // why it is off; empty: it is on
}

// question is the form that asks whether a page helped.
type question struct {
	Page   string
	Reason login.Reason
}

// article shows the help article. A reason that is in the address and in the catalogue
// is answered first; any other is ignored, and nothing of the address is repeated.
func (f *Feature) article(w http.ResponseWriter, r *http.Request) error {
	reason := reasonOf(r.URL.Query().Get("reason"))
	lang, who := f.d.Web.Language(r), web.AskerOf(r)
	minimum, _, _ := f.d.Gate.Versions()
	view := articleView{
		Reason: reason, News: f.news(r.Context(), lang, who), Oldest: minimum, Guide: GuidePath, OnPhone: web.OnPhone(r),
		Answer: question{Page: "login", Reason: reason}, OpenApp: f.openApp(r),
	}
	var err error
	if view.Ways, err = f.ways(r.Context(), lang, who); err != nil {
		return err
	}
	page := web.Page{Title: "help.title", Data: view, Self: ArticlePath, Codeless: true}
	if reason != "" {
		page.Keep = url.Values{"reason": {string(reason)}}
	}
	w.Header().Add("Vary", web.AgentHeaders)
	return f.render(w, r, f.pages.article, page)
}

// reasonOf is the reason of that name, if the catalogue knows one that a person can be
// told of.
func reasonOf(name string) login.Reason {
	if reason := login.Reason(name); name != "" && reasons.Known(reason) {
		return reason
	}
	return ""
}

func (f *Feature) openApp(r *http.Request) template.URL {
	if f.d.OpenApp == "" || !web.OnPhone(r) {
		return ""
	}
	return template.URL(f.d.OpenApp) //nolint:gosec // from the operator's configuration, as package qr shows it
}

func (f *Feature) news(ctx context.Context, lang string, who operations.Viewer) []newsItem {
	all := f.d.Notices.Concerning(ctx, who)
	items := make([]newsItem, 0, len(all))
	for i, notice := range f.d.Web.Notices(lang, all) {
		item := newsItem{Notice: notice}
		if all[i].Source == "" {
			item.Date = f.d.Web.DayInWords(lang, all[i].From)
		}
		items = append(items, item)
	}
	return items
}

// ways asks the gate how things stand for the reader.
func (f *Feature) ways(ctx context.Context, lang string, who operations.Viewer) (ways, error) {
	_, _, needed := f.d.Gate.Versions()
	now := ways{Version: needed, Shops: f.shops(who.Platform), Count: "none"}
	who.AppVersion = string(needed) // whoever follows the article has it: what is first then is first here
	on := 0
	for _, way := range f.d.Gate.MethodsFor(ctx, who) {
		why, err := f.whyOff(lang, way)
		if err != nil {
			return ways{}, err
		}
		switch {
		case availability.Alternative(way.Method):
			now.Methods = append(now.Methods, method{way.Method, why})
			if way.On {
				on++
			}
		case way.Method == login.MethodDirect:
			now.DirectOff = why
		}
	}
	now.Count = []string{"none", "one", "two"}[min(on, 2)]
	return now, nil
}

// whyOff is why a way is off, in the operator's words if there are some.
func (f *Feature) whyOff(lang string, way availability.Way) (string, error) {
	if way.On {
		return "", nil
	}
	if why := strings.TrimSpace(way.Reasons[lang]); why != "" {
		return why, nil
	}
	if way.Method == login.MethodDirect {
		return f.d.Web.Text(lang, "help.direct_off")
	}
	return f.d.Web.Text(lang, "help.off")
}

// shops puts that of the reader's phone first.
func (f *Feature) shops(platform string) []Shop {
	all := slices.Clone(f.d.Shops)
	slices.SortStableFunc(all, func(x, y Shop) int {
		switch {
		case x.platform == y.platform:
			return 0
		case x.platform == platform:
			return -1
		case y.platform == platform:
			return 1
		}
		return 0
	})
	return all
}
