package server_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/public/help"
)

// Browsers as they call themselves.
const (
	chromeOnAndroid = "Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Mobile Safari/537.36"
	operaOnAndroid  = "Mozilla/5.0 (Linux; Android 12; SM-A525F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0.4896.127 Mobile Safari/537.36 OPR/69.3.3606.65458"
	safariOnIPhone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"
	huaweiBrowser   = "Mozilla/5.0 (Linux; Android 10; ELS-NX9; HMSCore 6.11.0.302) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 HuaweiBrowser/13.0.5.303 Mobile Safari/537.36"
)

// read fetches a page in a language and browser.
func (r *rig) read(path, lang, agent string) string {
	r.Helper()
	header := http.Header{"Accept-Language": {lang}}
	if agent != "" {
		header.Set("User-Agent", agent)
	}
	status, body, _ := r.send(http.MethodGet, path, nil, header)
	if status != http.StatusOK {
		r.Fatalf("%s: %d %s", path, status, body)
	}
	return body
}

var (
	tags    = regexp.MustCompile(`<[^>]*>`)
	spaces  = regexp.MustCompile(`\s+`)
	hrefs   = regexp.MustCompile(`href="([^"]+)"`)
	scripts = regexp.MustCompile(`(?i)<script|\son[a-z]+=|javascript:`)
)

// words is what stands on a page, as somebody hears it who cannot see it.
func words(page string) string {
	text := spaces.ReplaceAllString(tags.ReplaceAllString(page, " "), " ")
	return strings.NewReplacer("&#39;", "'", "&amp;", "&", "&#43;", "+").Replace(text)
}

// The help article of the app says these things. Each is true of the software: it stands
// on the page in three languages, and what it claims holds, here, over HTTP, or in the
// named test of a real browser.
func TestArticleIsTrue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	article := map[string]string{}
	for _, lang := range []string{"fi", "sv", "en"} {
		article[lang] = words(r.read("/help/login", lang, chromeOnAndroid))
	}
	for _, s := range []struct {
		says       string
		fi, sv, en string           // on the page
		holds      func(*testing.T) // what it claims
		journey    string           // or the test that proves it
	}{
		{
			says: "it is for SmartumPlus users whose login by bank or Mobile Certificate does not work",
			fi:   "ohje on SmartumPlus-käyttäjille", sv: "för SmartumPlus-användare", en: "for SmartumPlus users",
			journey: "TestDirectLoginThatDoesNotComeBack",
		},
		{
			says: "SmartumPlus users cannot use Smartum credentials",
			fi:   "SmartumPlus-käyttäjät eivät voi kirjautua Smartum-tunnuksilla", sv: "SmartumPlus-användare kan inte logga in med Smartum-uppgifter", en: "SmartumPlus users can't log in with Smartum credentials",
			journey: "TestSmartumPlusGoesOnWithTheBank",
		},
		{
			says: "the e-mail says which kind of user one is",
			fi:   "siinä lukee, kumpi olet", sv: "där står det", en: "it says which kind of user you are",
			journey: "TestInvitationMail",
		},
		{
			says: "alternative methods need version 1.16.0 or newer",
			fi:   "versiosta 1.16.0 alkaen", sv: "version 1.16.0", en: "version 1.16.0 or newer",
			holds: func(t *testing.T) {
				for version, state := range map[string]string{"1.15.9": "off", "1.9.0": "off", "1.16.0": "on", "1.17.0": "on"} {
					for _, m := range []login.Method{login.MethodLink, login.MethodQR} {
						if got := r.options("platform=android&version=" + version).state(m); got != state {
							t.Errorf("%s in version %s: %s, want %s", m, version, got, state)
						}
					}
				}
			},
		},
		{
			says: "the app can be updated and downloaded from App Store, Google Play or AppGallery",
			fi:   "Voit päivittää sovelluksen täällä: Google Play App Store AppGallery", sv: "uppdatera appen här: Google Play App Store AppGallery", en: "update the app here: Google Play App Store AppGallery",
			holds: r.storesLead,
		},
		{
			says: "the link to the alternative methods is at the bottom of the starting screen",
			fi:   "alareunassa ”Vaihtoehtoiset kirjautumistavat”", sv: "”Alternativa inloggningssätt” längst ner", en: "“Alternative login methods” at the bottom",
			journey: "TestEveryScreen",
		},
		{
			says: "there are two",
			fi:   "Näet kaksi vaihtoehtoista kirjautumistapaa", sv: "Du ser två alternativa inloggningssätt", en: "You see two alternative login methods",
			holds: func(t *testing.T) {
				on := 0
				for _, m := range []login.Method{login.MethodLink, login.MethodQR} {
					if r.options("platform=android&version=1.16.0").state(m) == "on" {
						on++
					}
				}
				if on != 2 {
					t.Errorf("there are %d", on)
				}
			},
		},
		{
			says: "the login link logs in with the browser, which is worth trying when the direct way failed",
			fi:   "vaikka niillä kirjautuminen ei aiemmin onnistunut", sv: "även om det inte gick", en: "worth trying even though",
			journey: "TestLoginLinkInAnotherBrowser",
		},
		{
			says: "press Log in, and a page opens; press Log in there, and authenticate",
			fi:   "Paina sivulla ”Kirjaudu” ja tunnistaudu", sv: "Tryck på ”Logga in” på sidan", en: "Press “Log in” on the page and authenticate",
			journey: "TestLoginLinkInEachLanguage",
		},
		{
			says: "confirm by pressing Confirm login",
			fi:   "”Vahvista kirjautuminen”", sv: "”Bekräfta inloggningen”", en: "“Confirm login”",
			journey: "TestLoginLinkThatReturnsByItself",
		},
		{
			says: "then the app is logged in",
			fi:   "Olet nyt kirjautunut", sv: "Du är nu inloggad", en: "You are now logged in",
			journey: "TestLoginLinkInEachLanguage",
		},
		{
			says: "the QR code stands on the page that says that the benefits are active",
			fi:   "”SmartumPlus työsuhde-edut ovat aktivoituneet ja käytössäsi!”", sv: "”SmartumPlus-personalförmånerna är aktiverade och redo att användas!”", en: "“SmartumPlus benefits are now activated and ready for use!”",
			journey: "TestActivation",
		},
		{
			says: "the app's scanner reads it",
			fi:   "”Skannaa QR-koodi” ja skannaa", sv: "”Skanna QR-koden” i appen och skanna", en: "“Scan the QR code” in the app and scan",
			journey: "TestQRLogin",
		},
		{
			says: "signing in gives the code",
			fi:   "Kirjaudu ja hae koodi", sv: "Logga in och hämta koden", en: "Sign in to get the code",
			journey: "TestActivationPage",
		},
		{
			says: "there is another article for employees",
			fi:   "Työntekijä: en pääse kirjautumaan", sv: "Anställd: jag kan inte logga in", en: "Employee: I can't log in",
			holds: func(t *testing.T) { r.read(help.GuidePath, "fi", "") },
		},
		{
			says: "it asks whether it helped",
			fi:   "Oliko tästä apua?", sv: "Fick du svar på din fråga?", en: "Did this answer your question?",
			holds: func(t *testing.T) { r.answer(t, "login", "", "yes") },
		},
		{
			says: "news of 7 April 2022: logging in has become easier, and no update is needed",
			fi:   "Tiedote 7. huhtikuuta 2022", sv: "Meddelande 7 april 2022", en: "News 7 April 2022",
			journey: "TestBankIsSwitchedWhileTheServiceRuns",
		},
		{
			says: "news of 7 April 2022: whoever is logged in has nothing to do",
			fi:   "Sovellusta ei tarvitse päivittää", sv: "Du behöver inte uppdatera appen", en: "There is no need to update the app",
			journey: "TestServerRestartedInTheMiddle",
		},
		{
			says: "news of 31 May 2022: Opera on Android is told of, and the login link comes first there",
			holds: func(t *testing.T) {
				for agent, concerned := range map[string]bool{operaOnAndroid: true, chromeOnAndroid: false, safariOnIPhone: false, huaweiBrowser: false, "": false} {
					page := words(r.read("/help/login", "en", agent))
					if told := strings.Contains(page, "News 31 May 2022"); told != concerned {
						t.Errorf("%s is told: %v", agent, told)
					}
				}
			},
		},
	} {
		t.Run(s.says, func(t *testing.T) {
			for lang, text := range map[string]string{"fi": s.fi, "sv": s.sv, "en": s.en} {
				if !strings.Contains(article[lang], text) {
					t.Errorf("in %s the article does not say %q:\n%s", lang, text, article[lang])
				}
			}
			switch {
			case s.holds != nil:
				s.holds(t)
			case !testNamed(t, s.journey):
				t.Errorf("there is no test %q", s.journey)
			}
		})
	}
}

// testNamed reports whether there is a test of that name, in a browser, over HTTP or of
// the notices.
func testNamed(t *testing.T, name string) bool {
	t.Helper()
	for _, pattern := range []string{"../browser/*_test.go", "*_test.go", "../../internal/core/notices/*_test.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range paths {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(source), "\nfunc "+name+"(t *testing.T) {") {
				return true
			}
		}
	}
	return false
}

// storesLead holds the links to the stores against the configuration: that of the
// reader's phone comes first.
func (r *rig) storesLead(t *testing.T) {
	t.Helper()
	for agent, first := range map[string]string{chromeOnAndroid: "Google Play", safariOnIPhone: "App Store", huaweiBrowser: "AppGallery", "": "App Store"} {
		page := r.read("/help/login", "en", agent)
		at := strings.Index(page, `<ul class="stores"><li>`)
		if at < 0 || !strings.HasPrefix(words(page[at:]), " "+first) {
			t.Errorf("%s: not %s first", agent, first)
		}
		if n := strings.Count(page, `rel="external noopener noreferrer"`); n != 6 {
			t.Errorf("%d links to stores", n)
		}
	}
}

// answer says whether a page helped, as its form does.
func (r *rig) answer(t *testing.T, page string, reason login.Reason, helped string) string {
	t.Helper()
	form := url.Values{"page": {page}, "helped": {helped}}
	if reason != "" {
		form.Set("reason", string(reason))
	}
	status, body, header := r.send(http.MethodPost, "/help/feedback", form, nil)
	if status != http.StatusSeeOther || header.Get("Set-Cookie") != "" {
		t.Fatalf("%d %s, cookie %q", status, body, header.Get("Set-Cookie"))
	}
	return header.Get("Location")
}

// What is off is not offered, and why, in the operator's words; and nothing is said of
// what does not exist here.
func TestArticleFollowsTheSwitches(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) {
		c.App.AlternativeVersion, c.App.MinimumVersion = "2.3.0", "2.3.0"
		c.Methods.Order = []login.Method{login.MethodQR, login.MethodLink, login.MethodDirect}
		c.Brand.Stores = config.Stores{}
	})
	page := words(r.read("/help/login", "en", ""))
	if qr, link := strings.Index(page, "QR code"), strings.Index(page, "Login link"); qr < 0 || link < qr {
		t.Errorf("not in the configured order: %d, %d", qr, link)
	}
	for _, want := range []string{"version 2.3.0 or newer", "your phone's app store"} {
		if !strings.Contains(page, want) {
			t.Errorf("does not say %q", want)
		}
	}
	if strings.Contains(page, "App Store") || strings.Contains(page, "cannot be used for logging in at all") {
		t.Error("names a store that is not there, or the same version twice")
	}
	r.byOperator(operations.Switch{Name: operations.MethodSwitch(login.MethodQR), Reasons: map[string]string{"en": "We are mending <b>it</b>."}})
	r.byOperator(operations.Switch{Name: operations.MethodSwitch(login.MethodDirect)})
	r.clock.pass(time.Minute)
	raw := r.read("/help/login", "en", "")
	page = words(raw)
	for _, want := range []string{"You see one alternative login method", "The usual way of logging in is not available right now."} {
		if !strings.Contains(page, want) {
			t.Errorf("does not say %q", want)
		}
	}
	if !strings.Contains(raw, "We are mending &lt;b&gt;it&lt;/b&gt;.") || strings.Contains(page, "“Scan the QR code”") {
		t.Error("still explains what is off, or not why")
	}
	r.byOperator(operations.Switch{Name: operations.MethodSwitch(login.MethodLink)})
	r.clock.pass(time.Minute)
	if page = words(r.read("/help/login", "en", "")); !strings.Contains(page, "The alternative methods are not available right now.") {
		t.Errorf("says nothing: %s", page)
	}
}

// Whoever comes from a failure reads the answer to it first. The address names a reason
// and nothing else, and repeats nothing that the catalogue does not know (threat 23, 32).
func TestFailuresLeadToTheirAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	r.clock.pass(11 * time.Minute)
	failed := r.open(l)
	var found string
	for _, m := range hrefs.FindAllStringSubmatch(failed.Body, -1) {
		if strings.HasPrefix(m[1], "/help/login?") {
			found = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if !strings.HasPrefix(found, "/help/login?reason=") || strings.Contains(found, l.SupportCode) {
		t.Fatalf("leads to %q", found)
	}
	reason := strings.TrimPrefix(found, "/help/login?reason=")
	page := r.read(found, "fi", "")
	if box := strings.Index(page, `<section class="banner"`); box < 0 || box > strings.Index(page, "ohje on SmartumPlus") {
		t.Errorf("%s is not answered first", reason)
	}
	if !strings.Contains(page, "lang=sv&amp;reason="+reason) && !strings.Contains(page, "reason="+reason+"&amp;lang=sv") {
		t.Error("another language forgets the reason")
	}
	for _, reason := range login.Reasons() {
		if page := r.read("/help/login?reason="+string(reason), "sv", ""); !strings.Contains(page, `<section class="banner"`) {
			t.Errorf("%s is not answered", reason)
		}
	}
	plain := r.read("/help/login", "fi", "")
	for _, strange := range []string{"nobody_knows", "<script>alert(1)</script>", strings.Repeat("x", 5000), "link_expired%00", "K7Q-4TM"} {
		if page := r.read("/help/login?code=K7Q-4TM&reason="+url.QueryEscape(strange), "fi", ""); page != plain {
			t.Errorf("%.40q changes the page", strange)
		}
	}
}
