package discovery

import (
	"cmp"
	"context"
	"net/http"

	"avain/internal/broker"
	"avain/internal/core/availability"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/shown"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
)

// Gate knows which ways in are open: package availability.
type Gate interface {
	MethodsFor(ctx context.Context, who operations.Viewer) []availability.Way
	Means(ctx context.Context, id string) (on bool, reasons map[string]string)
	Versions() (minimum, recommended, alternative availability.Version)
}

// Notices are what the people concerned are told: package notices.
type Notices interface {
	Concerning(ctx context.Context, who operations.Viewer) []operations.Notice
}

// Clients knows the web origins of our clients: package client.
type Clients interface {
	OriginAllowed(origin string) bool
}

// Stores are where the app is to be had; each may be empty.
type Stores struct {
	AppStore   string `json:"app_store,omitempty"`
	GooglePlay string `json:"google_play,omitempty"`
	AppGallery string `json:"appgallery,omitempty"`
}

// of is the store of a platform; a web app has none.
func (s Stores) of(platform string) string {
	return map[string]string{"ios": s.AppStore, "android": s.GooglePlay, "huawei": s.AppGallery}[platform]
}

// options is the answer of /login-options. All texts are plain, in one language.
type options struct {
	Methods     []methodOption       `json:"methods"` // in the order in which to show them
	Alternative alternative          `json:"alternative_methods"`
	Minimum     availability.Version `json:"minimum_version"`
	Recommended availability.Version `json:"recommended_version"`
	Stores      Stores               `json:"stores"`
	Store       string               `json:"store,omitempty"` // of the platform that asks
	Banks       []bankOption         `json:"banks"`
	Notices     []notice             `json:"notices"`
}

type methodOption struct {
	Method login.Method `json:"method"`
	State  string       `json:"state"`            // on or off
	Reason string       `json:"reason,omitempty"` // why it is off
}

// alternative tells whether the version that asks knows the alternative methods, not
// whether one of them is on.
type alternative struct {
	Minimum   availability.Version `json:"minimum_version"`
	Available bool                 `json:"available"`
}

type bankOption struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Logo      string          `json:"logo,omitempty"` // on our own origin
	Kind      login.MeansKind `json:"kind"`           // bank or mobile
	Available bool            `json:"available"`
	Text      string          `json:"text,omitempty"` // why not, or a disturbance
}

type notice struct {
	ID       string `json:"id"`
	Date     string `json:"date,omitempty"` // of publication; what the service says by itself has none: it is now
	Title    string `json:"title,omitempty"`
	Text     string `json:"text"`
	Severity string `json:"severity"`
}

// asker is the app that asks, as far as it said.
type asker struct {
	platform string // web when it did not say
	version  availability.Version
	language string
	who      operations.Viewer // as notices are aimed
}

// options tells an app which ways of logging in are open to it now. Answers may be
// cached for 15 seconds, so that a bank that an operator switches off is off in every
// app within a minute (refresh.Fresh).
func (f *Feature) options(w http.ResponseWriter, r *http.Request) error {
	params, err := oauth.QueryParams(r)
	if err != nil {
		return err
	}
	who := f.asker(r, params)
	minimum, recommended, needed := f.d.Gate.Versions()
	knows := !who.version.Before(needed)
	methods, err := f.methods(r.Context(), who, knows)
	if err != nil {
		return err
	}
	offer := f.d.Brokers.Offer(r.Context(), who.language)
	banks, err := f.banks(r.Context(), who, offer)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=15")
	w.Header().Set("Content-Language", who.language)
	w.Header().Add("Vary", web.AgentHeaders)
	web.WriteJSON(w, http.StatusOK, options{
		Methods: methods, Alternative: alternative{needed, knows},
		Minimum: minimum, Recommended: recommended,
		Stores: f.d.Stores, Store: f.d.Stores.of(who.platform),
		Banks: banks, Notices: f.notices(r.Context(), who),
	})
	return nil
}

// asker reads the parameters. All may be missing: then the answer is that for the
// newest app, on the web, in the operator's first language. An app that is not a web page
// names the browser in which it will open the login; else it is the one that asks.
//
// Nothing here is refused for what it says: an app that gets no answer shows no ways in. A
// version that cannot be understood is none that knows the alternative methods, as at /par.
func (f *Feature) asker(r *http.Request, p oauth.Params) asker {
	_, newest, _ := f.d.Gate.Versions()
	platform := login.PlatformOf(p.Get("platform"))
	who := asker{platform: cmp.Or(platform, "web"), version: newest, language: f.d.Web.Speaks(p.Get("locale")), who: web.AskerOf(r)}
	if p.Has("version") {
		who.version = availability.Version(login.VersionOf(p.Get("version")))
	}
	who.who.AppVersion = string(who.version)
	if platform != "" {
		who.who.Platform = platform
	}
	if p.Has("browser") {
		who.who.Browser, who.who.BrowserVersion = web.ParseBrowser(p.Get("browser"))
	}
	return who
}

func (f *Feature) methods(ctx context.Context, who asker, knowsAlternative bool) ([]methodOption, error) {
	ways := f.d.Gate.MethodsFor(ctx, who.who)
	all := make([]methodOption, 0, len(ways))
	for _, way := range ways {
		option := methodOption{Method: way.Method, State: "on"}
		var err error
		switch {
		case !way.On:
			option.State = "off"
			option.Reason, err = f.words(who, way.Reasons, "options.off")
		case availability.Alternative(way.Method) && !knowsAlternative:
			option.State = "off" // as /par would answer
			_, _, needed := f.d.Gate.Versions()
			option.Reason, err = f.d.Web.Text(who.language, "options.update", "Version", string(needed))
		}
		if err != nil {
			return nil, err
		}
		all = append(all, option)
	}
	return all, nil
}

// words are the operator's in the language, else ours.
func (f *Feature) words(who asker, reasons map[string]string, ours string) (string, error) {
	if text := reasons[who.language]; text != "" {
		return text, nil
	}
	return f.d.Web.Text(who.language, ours)
}

func (f *Feature) banks(ctx context.Context, who asker, offer broker.Offer) ([]bankOption, error) {
	all := make([]bankOption, 0, len(offer.Means))
	for _, m := range offer.Means {
		on, reasons := f.d.Gate.Means(ctx, m.ID)
		one := bankOption{ID: m.ID, Name: m.Name, Kind: m.Kind, Available: on && m.Available, Text: shown.Text(m.DisturbanceText, maxTrouble)}
		if path := f.d.Web.Asset(m.Logo); path != "" {
			one.Logo = f.d.Web.URL(path)
		}
		var err error
		switch {
		case !on:
			one.Text, err = f.words(who, reasons, "means.off_paused")
		case !m.Available && one.Text == "":
			one.Text, err = f.d.Web.Text(who.language, "means.off_down")
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// maxNotices bounds an answer that every app asks for again and again.
const maxNotices = 10

// notices are what concerns the asker, the most important first.
func (f *Feature) notices(ctx context.Context, who asker) []notice {
	all := []notice{}
	for _, n := range f.d.Notices.Concerning(ctx, who.who) {
		if len(all) == maxNotices {
			break
		}
		words := n.In(who.language, f.d.Web.Speaks())
		one := notice{ID: n.ID, Title: words.Title, Text: words.Text, Severity: string(n.Severity)}
		if one.Text == "" {
			one.Title, one.Text = "", one.Title
		}
		if n.Source == "" {
			one.Date = f.d.Web.Day(n.From)
		}
		all = append(all, one)
	}
	return all
}

// maxTrouble bounds a text that comes from a broker, in letters: an answer that every app
// asks for again and again must stay small.
const maxTrouble = 1000
