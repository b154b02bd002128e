package broker

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/login"
)

// patience is how long the selection page waits for a broker's first answer. After
// that it shows the configured list.
const patience = 400 * time.Millisecond

// Offer is what the selection page shows.
type Offer struct {
	Means   []OfferedMeans // banks in order, then Mobile Certificate
	Brokers []Info         // the brokers behind them, those that have something to say
}

// OfferedMeans is one button.
type OfferedMeans struct {
	login.Means
	Available       bool   // false: every broker that serves it is down
	DisturbanceText string // of the broker that serves it now; plain text, may be empty
}

// Info is what one broker obliges us, or asks us, to show.
type Info struct {
	Broker      string
	Name        string
	Texts       InfoTexts
	Disturbance Disturbance
}

// InfoTexts are OP's four obligatory texts: plain, with \n as line break. All are
// empty for other brokers, and while OP's selector has never been reached.
type InfoTexts struct {
	ProviderInfo      string // isbProviderInfo
	Consent           string // isbConsent
	PrivacyNotice     string // privacyNoticeText: the text of the link
	PrivacyNoticeLink string // an https URL, or empty
}

// Disturbance is a broker's notice that something does not work; plain text.
type Disturbance struct {
	Header string
	Text   string
}

// Offer tells what a person can choose between, in their language. It answers from
// memory; only when a broker has never answered yet does it wait, and not for long.
func (r *Registry) Offer(ctx context.Context, locale string) Offer {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if !slices.Contains(languages(), locale) {
		locale = "fi"
	}
	var offer Offer
	for _, u := range r.brokers {
		u.probeInBackground()
		data, _ := u.notices.selector(ctx, locale)
		info := Info{
			Broker: u.config.ID, Name: u.config.Name, Texts: data.texts,
			Disturbance: u.notices.disturbance(ctx, locale, data),
		}
		if info.Texts != (InfoTexts{}) || info.Disturbance != (Disturbance{}) {
			offer.Brokers = append(offer.Brokers, info)
		}
	}
	for _, id := range r.meansIDs(ctx, locale) {
		if one, ok := r.offered(ctx, id, locale, offer.Brokers); ok {
			offer.Means = append(offer.Means, one)
		}
	}
	offer.Means = distinct(offer.Means)
	return offer
}

// distinct leaves one button of each name: nobody can choose between two that look the
// same. OP's list may hold one bank twice ("op", "op-saml2"), and a bank that another
// broker serves under an id of ours. Ours stays; else the first.
func distinct(all []OfferedMeans) []OfferedMeans {
	name := func(m OfferedMeans) string { return strings.ToLower(strings.Join(strings.Fields(m.Name), " ")) }
	taken := map[string]bool{}
	for _, m := range all {
		taken[name(m)] = taken[name(m)] || !isUnlisted(m.ID)
	}
	shown := map[string]bool{}
	return slices.DeleteFunc(all, func(m OfferedMeans) bool {
		again := isUnlisted(m.ID) && (taken[name(m)] || shown[name(m)])
		shown[name(m)] = true
		return again
	})
}

// meansIDs lists every means once: banks in the order of the file, then banks that
// only a selector knows, then Mobile Certificate.
func (r *Registry) meansIDs(ctx context.Context, locale string) []string {
	var banks, mobile []string
	for _, u := range r.brokers {
		for _, m := range u.config.Means {
			if m.Kind == string(login.MeansMobile) {
				mobile = append(mobile, m.ID)
			} else {
				banks = append(banks, m.ID)
			}
		}
	}
	for _, u := range r.brokers {
		for _, m := range u.unlisted(ctx, locale) {
			banks = append(banks, m.ID)
		}
	}
	seen, ids := map[string]bool{}, []string{}
	for _, id := range append(banks, mobile...) {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

// offered describes one means as the broker serves it that is first in line and up.
func (r *Registry) offered(ctx context.Context, id, locale string, infos []Info) (OfferedMeans, bool) {
	routes := r.routes(ctx, id)
	if len(routes) == 0 {
		return OfferedMeans{}, false
	}
	best := routes[0]
	available := false
	for _, route := range routes {
		if route.broker.circuit.lets() {
			best, available = route, true
			break
		}
	}
	one := OfferedMeans{Available: available, Means: login.Means{
		ID: id, Kind: login.MeansKind(best.means.Kind), Name: best.means.Name, Logo: best.means.Logo, Broker: best.broker.config.ID,
	}}
	if name := best.means.Names[locale]; name != "" {
		one.Name = name
	}
	for _, info := range infos {
		if info.Broker == one.Broker {
			one.DisturbanceText = cmp.Or(info.Disturbance.Header, info.Disturbance.Text)
		}
	}
	return one, true
}

// route is one way of reaching a means.
type route struct {
	broker *upstream
	means  Means
}

// patientRoutes is routes for callers whose context is not bounded yet.
func (r *Registry) patientRoutes(ctx context.Context, id string) []route {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return r.routes(ctx, id)
}

// routes is the means' ordered list of brokers.
func (r *Registry) routes(ctx context.Context, id string) []route {
	var routes []route
	for _, u := range r.brokers {
		if means, ok := u.serves(ctx, id); ok {
			routes = append(routes, route{u, means})
		}
	}
	slices.SortStableFunc(routes, func(a, b route) int { return cmp.Compare(a.means.Rank, b.means.Rank) })
	return routes
}

// serves answers the means as this broker serves it. A configured bank that the
// broker's live selector has dropped is not served any more.
func (u *upstream) serves(ctx context.Context, id string) (Means, bool) {
	for _, m := range u.config.Means {
		if m.ID != id {
			continue
		}
		return m, m.Value == "" || !u.notices.dropped(m.Value)
	}
	value, ok := strings.CutPrefix(id, u.config.ID+".")
	if !ok || !providerID.MatchString(value) {
		return Means{}, false
	}
	p, ok := u.notices.knows(ctx, value)
	if !ok {
		return Means{}, false // or a visitor could put any ftn_idp_id into our signed request
	}
	return u.config.newcomer(p), true
}

// unlisted are the banks of the live selector that the configuration does not know:
// a new bank needs neither an app update nor a new configuration.
func (u *upstream) unlisted(ctx context.Context, locale string) []Means {
	data, ok := u.notices.selector(ctx, locale)
	if !ok {
		return nil
	}
	var out []Means
	for _, p := range data.providers {
		known := slices.ContainsFunc(u.config.Means, func(m Means) bool { return m.Value == p.id })
		if !known {
			out = append(out, u.config.newcomer(p))
		}
	}
	return out
}

// newcomer is a bank that only the broker's list knows. The dot in its id is no id of
// the configuration.
func (c Config) newcomer(p provider) Means {
	return Means{ID: c.ID + "." + p.id, Kind: string(login.MeansBank), Name: p.name, Value: p.id}
}

func isUnlisted(id string) bool { return strings.Contains(id, ".") }
