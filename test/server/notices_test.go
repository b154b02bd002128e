package server_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/broker"
	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/refresh"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/demo"
)

// agentTransport is a phone whose requests come from one browser.
type agentTransport struct {
	http.RoundTripper
	agent string
}

func (t agentTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", t.agent)
	return t.RoundTripper.RoundTrip(r)
}

// asBrowser is a phone app that runs in the browser, as the reference app does.
func (r *rig) asBrowser(agent string) {
	r.Helper()
	r.app, r.browser = r.phone()
	for _, client := range []*http.Client{r.app.HTTP, r.browser.HTTP} {
		client.Transport = agentTransport{client.Transport, agent}
	}
}

// told is what /login-options tells a browser.
func (r *rig) told(query, agent string) (o struct {
	Methods []struct{ Method, State, Reason string }
	Notices []struct{ ID, Date, Title, Text, Severity string }
},
) {
	r.Helper()
	status, body, header := r.send(http.MethodGet, "/login-options?"+query, nil, http.Header{"User-Agent": {agent}})
	if status != http.StatusOK || !strings.Contains(strings.Join(header.Values("Vary"), ","), "User-Agent") {
		r.Fatalf("%s: %d %v %s", query, status, header, body)
	}
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		r.Fatal(err)
	}
	return o
}

// The two news items of the article behave: with Opera on Android the person sees the
// notice about it, and the login link comes first; with others on Android only the other
// one; elsewhere neither. On /news everybody reads both.
func TestNewsOfTheArticle(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	operaMini := "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; fi) Presto/2.12.423 Version/12.16"
	for _, c := range []struct {
		query, agent, first string
		dates               []string
	}{
		{"platform=android&version=1.16.0&locale=en", operaOnAndroid, "link", []string{"2022-05-31", "2022-04-07"}},
		{"platform=android&version=1.16.0&locale=en", operaMini, "link", []string{"2022-05-31", "2022-04-07"}},
		{"platform=android&version=1.16.0&locale=en&browser=Opera+76", "okhttp/4.12", "link", []string{"2022-05-31", "2022-04-07"}}, // a native app
		{"platform=android&version=1.15.0&locale=en", operaOnAndroid, "direct", []string{"2022-05-31", "2022-04-07"}},               // too old for the link
		{"platform=android&version=1.16.0&locale=en", chromeOnAndroid, "direct", []string{"2022-04-07"}},
		{"platform=android&version=1.16.0&locale=en&browser=Chrome+130", operaOnAndroid, "direct", []string{"2022-04-07"}},
		{"platform=ios&version=1.16.0&locale=en", safariOnIPhone, "direct", nil},
		{"platform=huawei&version=1.16.0&locale=en", huaweiBrowser, "direct", nil},
	} {
		o := r.told(c.query, c.agent)
		var dates []string
		for _, n := range o.Notices {
			dates = append(dates, n.Date)
		}
		if !slices.Equal(dates, c.dates) || o.Methods[0].Method != c.first || len(o.Methods) != 4 {
			t.Errorf("%s %.60s: %v, %v", c.query, c.agent, dates, o.Methods)
		}
	}
	for lang, words := range map[string][]string{
		"fi": {"31. toukokuuta 2022", "Korjaamme vikaa!", "7. huhtikuuta 2022", "OP-mobiiliavaimen", "Koskee vain näitä: laite Android; selain Opera,"},
		"sv": {"31 maj 2022", "Vi åtgärdar felet!", "7 april 2022", "OP-mobilnyckeln"},
		"en": {"31 May 2022", "We are fixing the problem!", "7 April 2022", "OP Mobile key"},
	} {
		page := r.read("/news?lang="+lang, lang, safariOnIPhone)
		for _, word := range words {
			if !strings.Contains(page, word) {
				t.Errorf("/news in %s does not say %q", lang, word)
			}
		}
	}

	// On the page of the means and on that of the login link, too.
	for agent, sees := range map[string]bool{operaOnAndroid: true, chromeOnAndroid: false} {
		r.asBrowser(agent)
		l, err := r.app.Start(t.Context(), url.Values{"device_platform": {"android"}, "app_version": {"1.16.0"}})
		if err != nil {
			t.Fatal(err)
		}
		page := r.open(l)
		if strings.Contains(page.Body, "Opera-selain estää") != sees || strings.Contains(page.Body, "Kirjautumislinkki toimii") != sees {
			t.Errorf("%.60s on the page of the means: %s", agent, page.Body)
		}
		page = r.at(r.link(r.Service + "/return").LoginLink)
		if strings.Contains(page.Body, "Opera-selain estää") != sees {
			t.Errorf("%.60s on the page of the link: %s", agent, page.Body)
		}
	}
}

// A notice switches a method off for its audience, without an update of the app: the app
// is told, and a login that begins all the same is refused. For others nothing changes,
// and nobody can open by a claim what a switch has closed.
func TestNoticeActs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	publish := func(act operations.Act) operations.Notice {
		t.Helper()
		n, err := r.Inside.Notices.Publish(t.Context(), "system", operations.Notice{
			Severity: operations.SeverityProblem, Act: act, Words: map[string]operations.NoticeWords{"fi": {Title: "Ei Operassa", Text: "Teksti."}, "sv": {Title: "Inte i Opera", Text: "Text."}},
			Audience: operations.Audience{Platforms: []string{"android"}, Browsers: []operations.BrowserRange{{Family: "Opera", Max: 80}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	android := url.Values{"device_platform": {"android"}, "app_version": {"1.16.0"}}
	r.asBrowser(operaOnAndroid)
	begun, err := r.app.Start(t.Context(), android)
	if err != nil {
		t.Fatal(err)
	}
	n := publish(operations.Act{Off: []login.Method{login.MethodDirect}, First: login.MethodLink})
	o := r.told("platform=android&version=1.16.0&locale=sv", operaOnAndroid)
	if o.Methods[0].Method != "link" || o.Methods[1].Method != "direct" || o.Methods[1].State != "off" || o.Methods[1].Reason != "Inte i Opera" {
		t.Errorf("Opera is told %+v", o.Methods)
	}
	if _, err := r.app.Start(t.Context(), android); refusal(err).Reason != string(login.ReasonMeansUnavailable) || refusal(err).Status != http.StatusForbidden {
		t.Errorf("a direct login in Opera: %v", err)
	}
	if err := r.startBy("link", android); err != nil {
		t.Errorf("the link in Opera: %v", err)
	}
	// The app could not know: it said nothing of a browser, and the login arrives in Opera.
	page := r.open(begun)
	if !strings.Contains(page.Body, "Tämä kirjautumistapa ei toimi nyt tässä selaimessa") || strings.Contains(page.Body, `class="choice`) {
		t.Errorf("in Opera the page of the means is: %s", page.Body)
	}
	status, body, header := r.send(http.MethodPost, "/login/"+r.attempt(begun.SupportCode).ID+"/means", url.Values{"means": {"kuikka"}}, http.Header{"Origin": {r.Service}})
	if status != http.StatusSeeOther || header.Get("Location") != "/login/"+r.attempt(begun.SupportCode).ID {
		t.Errorf("a form from before the notice: %d %s %s", status, header.Get("Location"), body)
	}
	for _, agent := range []string{chromeOnAndroid, strings.Replace(operaOnAndroid, "OPR/69", "OPR/81", 1), safariOnIPhone, ""} {
		r.asBrowser(agent)
		if _, err := r.app.Start(t.Context(), android); err != nil {
			t.Errorf("%.90s: %v", agent, err)
		}
	}
	if err := r.Inside.Notices.Withdraw(t.Context(), "system", n.ID); err != nil {
		t.Fatal(err)
	}
	r.asBrowser(operaOnAndroid)
	if _, err := r.app.Start(t.Context(), android); err != nil {
		t.Errorf("withdrawn: %v", err)
	}

	// What a switch has closed stays closed, whatever notice is published and whoever says
	// to be whom.
	publish(operations.Act{First: login.MethodLink})
	r.byOperator(operations.Switch{Name: operations.MethodSwitch(login.MethodLink)})
	r.clock.pass(refresh.Fresh)
	if o := r.told("platform=android&version=1.16.0", operaOnAndroid); o.Methods[0].Method != "direct" || o.Methods[1].State != "off" {
		t.Errorf("switched off: %+v", o.Methods)
	}
	if e := refusal(r.startBy("link", android)); e.Reason != string(login.ReasonMeansUnavailable) {
		t.Errorf("switched off, and begun: %+v", e)
	}
	actions := r.actions()
	for _, action := range []string{"notice.publish notice:" + n.ID, "notice.withdraw notice:" + n.ID} {
		if !slices.Contains(actions, action) {
			t.Errorf("the audit log does not tell of %s: %v", action, actions)
		}
	}
}

// oneBroker leaves the banks to one broker and Mobile Certificate to the other, and lets
// the first failure open a circuit.
func oneBroker(c *config.Config) {
	for i := range c.Brokers {
		c.Brokers[i].Circuit.Failures = 1
		c.Brokers[i].Means = slices.DeleteFunc(slices.Clone(c.Brokers[i].Means), func(m broker.Means) bool {
			return (m.Kind == string(login.MeansMobile)) != (c.Brokers[i].ID == "telia")
		})
	}
}

// A broker that cannot be reached becomes a notice by itself, for those whose banks they
// are, in three languages; it ends by itself and stays among the news.
func TestOpenCircuitIsANotice(t *testing.T) {
	t.Parallel()
	r := newRig(t, oneBroker)
	about := func(query string) (texts []string) {
		for _, n := range r.told(query, "").Notices {
			if n.Date == "" {
				texts = append(texts, n.Title+": "+n.Text)
			}
		}
		return texts
	}
	if err := r.OP.Misbehave(brokersim.TokenDown); err != nil {
		t.Fatal(err)
	}
	r.press(r.open(r.start()), bank...)
	r.eventually("a broker that is down becomes a notice", func() bool { return len(about("locale=fi")) > 0 })
	for lang, want := range map[string]string{"fi": "Näillä ei juuri nyt voi kirjautua: Kuikka Pankki, ", "sv": "Det går inte att logga in med dessa just nu: Kuikka Pankki, ", "en": "You cannot log in with these right now: Kuikka Pankki, "} {
		if got := about("locale=" + lang); len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%s: %q", lang, got)
		}
	}
	if page := r.open(r.start()); strings.Count(page.Body, "Häiriö tunnistautumisessa") != 1 {
		t.Errorf("on the page of the means: %s", page.Body)
	}
	if page := r.read("/news?lang=fi", "fi", ""); !strings.Contains(page, "Häiriö tunnistautumisessa") {
		t.Errorf("/news: %s", page)
	}
	if err := r.OP.Behave(brokersim.TokenDown); err != nil {
		t.Fatal(err)
	}
	r.clock.pass(time.Minute) // the cool-down
	r.eventually("a broker that is back is found", func() bool { return r.options("").available("kuikka") })
	r.eventually("the notice ends", func() bool { r.clock.pass(10 * time.Second); return len(about("locale=fi")) == 0 })
	if page := r.read("/news?lang=fi", "fi", ""); strings.Count(page, "Häiriö tunnistautumisessa") != 1 || !strings.Contains(page, `class="news over"`) {
		t.Errorf("/news afterwards: %s", page)
	}
	if published := strings.Count(strings.Join(r.actions(), "\n"), "notice.publish"); published != len(demo.News()) {
		t.Errorf("somebody is said to have published it: %v", r.actions())
	}
}

// What a broker writes is text on the page of news and in the feed (threats 23, 35).
func TestThreat23HostileBrokerIsNewsOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if err := r.OP.Misbehave(brokersim.Disturbance, brokersim.HostileTexts); err != nil {
		t.Fatal(err)
	}
	r.eventually("the disturbance becomes news", func() bool { return strings.Contains(r.read("/news?lang=fi", "fi", ""), "Häiriötiedote") })
	page := r.read("/news?lang=fi", "fi", "")
	if scripts.MatchString(page) || strings.Contains(page, "<img src=x") || strings.Contains(page, "<b>") {
		t.Errorf("markup of the broker's: %s", page)
	}
	status, feed, header := r.send(http.MethodGet, "/news.atom", nil, nil)
	if status != http.StatusOK || header.Get("ETag") == "" {
		t.Fatalf("%d %v", status, header)
	}
	decoder := xml.NewDecoder(strings.NewReader(feed))
	entries := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v: %s", err, feed)
		}
		if start, ok := token.(xml.StartElement); ok {
			if start.Name.Local == "entry" {
				entries++
			}
			if !slices.Contains([]string{"feed", "id", "title", "updated", "author", "name", "link", "entry", "published", "category", "summary"}, start.Name.Local) {
				t.Errorf("an element of the broker's: %s", start.Name.Local)
			}
		}
	}
	if entries != len(r.news(t)) {
		t.Errorf("%d entries, %d notices", entries, len(r.news(t)))
	}
}

func (r *rig) news(t *testing.T) []operations.Notice {
	t.Helper()
	current, past := r.Inside.Notices.Everybody(t.Context())
	return slices.Concat(current, past)
}
