package broker

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"

	"avain/internal/domain/shown"

	"golang.org/x/net/html"
)

// Bounds of what a broker may put on our pages.
const (
	maxProviders = 100
	maxText      = 4000 // runes
	maxHeader    = 200
)

// lastsDisturbance is how long a disturbance notice is shown when the broker no longer
// confirms it. The list of banks lives on longer: it hardly changes.
const lastsDisturbance = time.Hour

// selectorData is one answer of OP's selector: all of it plain text.
type selectorData struct {
	providers   []provider
	texts       InfoTexts
	disturbance Disturbance
}

// provider is one bank in the selector. Its image is not taken over: a login page
// loads nothing from third parties, so logos come from our configuration.
type provider struct {
	id, name string
}

// providerID is what we accept as ftn_idp_id: it becomes part of an id of ours.
var providerID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// notices keeps, per language, what a broker says about itself. Nobody waits for
// long: callers bound their context with patience.
type notices struct {
	broker    *upstream
	selectors map[string]*cached[selectorData]
	outage    *cached[map[string]string]
}

// languages are the ones that brokers' pages and ours have.
func languages() []string { return []string{"fi", "sv", "en"} }

func newNotices(u *upstream, life *lifetime) *notices {
	n := &notices{broker: u}
	config := u.config.Selector
	if config.URL != "" {
		n.selectors = map[string]*cached[selectorData]{}
		for _, lang := range languages() {
			n.selectors[lang] = &cached[selectorData]{
				life: life, now: u.now, fresh: config.TTL, pause: 30 * time.Second, eager: true,
				fetch: func(ctx context.Context) (selectorData, error) { return u.fetchSelector(ctx, lang) },
			}
		}
	}
	if config.OutageURL != "" {
		n.outage = &cached[map[string]string]{
			life: life, now: u.now, fetch: u.fetchOutage, fresh: config.TTL, keep: lastsDisturbance,
			pause: 30 * time.Second, eager: true,
		}
	}
	return n
}

// selector answers the broker's selector for the language, as fresh as it can be had
// within ctx; false when there is none.
func (n *notices) selector(ctx context.Context, lang string) (selectorData, bool) {
	cache, ok := n.selectors[lang]
	if !ok {
		return selectorData{}, false
	}
	data, err := cache.get(ctx)
	if err != nil {
		return selectorData{}, false
	}
	if _, at, ok := cache.held(); ok && !n.broker.now().Before(at.Add(lastsDisturbance)) {
		data.disturbance = Disturbance{}
	}
	return data, true
}

// disturbance answers the notice of the selector, or else the outage text.
func (n *notices) disturbance(ctx context.Context, lang string, from selectorData) Disturbance {
	if from.disturbance != (Disturbance{}) || n.outage == nil {
		return from.disturbance
	}
	texts, err := n.outage.get(ctx)
	if err != nil {
		return Disturbance{}
	}
	return Disturbance{Text: texts[lang]}
}

// dropped reports whether the live selector, in any language that we hold, shows that
// the broker does not serve the provider any more. It waits for nothing.
func (n *notices) dropped(id string) bool {
	anything, found := n.holds(id)
	return anything && found == nil
}

// knows answers the provider with the id, from any language's copy; on a node that
// has not shown the page yet it waits for one.
func (n *notices) knows(ctx context.Context, id string) (provider, bool) {
	if _, found := n.holds(id); found != nil {
		return *found, true
	}
	if data, ok := n.selector(ctx, languages()[0]); ok {
		return data.find(id)
	}
	return provider{}, false
}

// holds looks the provider up in the copies that are there, if there are any.
func (n *notices) holds(id string) (anything bool, found *provider) {
	for _, lang := range languages() {
		cache, ok := n.selectors[lang]
		if !ok {
			continue
		}
		data, _, ok := cache.held()
		anything = anything || ok
		if p, there := data.find(id); ok && there {
			return true, &p
		}
	}
	return anything, nil
}

func (d selectorData) find(id string) (provider, bool) {
	for _, p := range d.providers {
		if p.id == id {
			return p, true
		}
	}
	return provider{}, false
}

func (u *upstream) fetchSelector(ctx context.Context, lang string) (selectorData, error) {
	uri := withQuery(u.config.Selector.URL, url.Values{"lang": {lang}})
	raw, err := u.document(ctx, "selector", uri, "application/json", maxSelector)
	if err != nil {
		return selectorData{}, err
	}
	data, err := parseSelector(raw)
	if f, ok := asFault(err); ok {
		// The configured list is shown instead, so nobody would notice otherwise.
		u.log.Warn("broker's list of banks is unusable", "detail", f.word)
		u.observe("selector", strings.TrimPrefix(f.word, "selector."), 0)
	}
	return data, err
}

// parseSelector reads OP's selector JSON. What we cannot use of it is left out; a
// selector without a single usable bank is an error, and the configured list is shown.
func parseSelector(raw []byte) (selectorData, error) {
	var doc struct {
		Providers []struct {
			ID   string `json:"ftn_idp_id"`
			Name string `json:"name"`
		} `json:"identityProviders"`
		ProviderInfo string `json:"isbProviderInfo"`
		Consent      string `json:"isbConsent"`
		PrivacyText  string `json:"privacyNoticeText"`
		PrivacyLink  string `json:"privacyNoticeLink"`
		Disturbance  *struct {
			Header string `json:"header"`
			Text   string `json:"text"`
		} `json:"disturbanceInfo"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return selectorData{}, &brokerError{word: "selector.format"}
	}
	data := selectorData{texts: InfoTexts{
		ProviderInfo: plainText(doc.ProviderInfo, maxText), Consent: plainText(doc.Consent, maxText),
		PrivacyNotice: plainText(doc.PrivacyText, maxText), PrivacyNoticeLink: webLink(doc.PrivacyLink),
	}}
	if doc.Disturbance != nil {
		data.disturbance = Disturbance{
			Header: oneLine(doc.Disturbance.Header), Text: plainText(doc.Disturbance.Text, maxText),
		}
	}
	seen := map[string]bool{}
	for _, p := range doc.Providers {
		name := oneLine(p.Name)
		if !providerID.MatchString(p.ID) || name == "" || seen[p.ID] || len(data.providers) == maxProviders {
			continue
		}
		seen[p.ID] = true
		data.providers = append(data.providers, provider{id: p.ID, name: name})
	}
	if len(data.providers) == 0 {
		return selectorData{}, &brokerError{word: "selector.empty"}
	}
	return data, nil
}

// fetchOutage reads Telia's outage text: three languages in one line, split by "|";
// usually empty.
func (u *upstream) fetchOutage(ctx context.Context) (map[string]string, error) {
	raw, err := u.document(ctx, "outage", u.config.Selector.OutageURL, "text/plain", maxOutage)
	if err != nil {
		return nil, err
	}
	return parseOutage(string(raw)), nil
}

func parseOutage(raw string) map[string]string {
	texts := map[string]string{}
	parts := strings.SplitN(strings.TrimSpace(raw), "|", len(languages()))
	for i, lang := range languages() {
		if i < len(parts) {
			texts[lang] = plainText(parts[i], maxText)
		}
		if texts[lang] == "" {
			texts[lang] = texts["fi"]
		}
	}
	return texts
}

// plainText turns what a broker wrote, which can hold HTML and \r\n, into plain text
// with line breaks. The result is data, not markup: templates escape it again.
func plainText(raw string, most int) string {
	var out strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(raw))
	for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
		token := tokens.Token()
		switch {
		case kind == html.TextToken:
			out.WriteString(token.Data)
		case token.Data == "br", token.Data == "p" && kind == html.EndTagToken, token.Data == "li" && kind == html.EndTagToken:
			out.WriteByte('\n')
		case kind == html.StartTagToken && (token.Data == "script" || token.Data == "style"):
			tokens.Next() // its raw text is nothing to read
		}
	}
	return shown.Text(out.String(), most)
}

func oneLine(raw string) string { return shown.Line(plainText(raw, maxHeader), maxHeader) }

// webLink accepts https links only: a javascript: link would run on our page.
func webLink(raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname()))) {
		return ""
	}
	return u.String()
}
