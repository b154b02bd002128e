package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/domain/staff"
)

var formField = regexp.MustCompile(`<(?:input|select|textarea)[^>]* name="([^"]+)"`)

// TestEditor walks a notice through the console: written, previewed, published, changed
// and withdrawn.
func TestEditor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	lead := r.agent(staff.RoleLead)
	say := func(got answered, status int, words ...string) {
		t.Helper()
		if got.Status != status {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		for _, word := range words {
			if !strings.Contains(got.Body, word) {
				t.Errorf("the page does not say %q:\n%s", word, got.Body)
			}
		}
	}
	say(lead.get("/console/notices"), http.StatusOK, "Opera-selain estää kirjautumisen Androidilla", "näkyvissä", "selain Opera", "Heille ensimmäisenä: kirjautumislinkki.")
	empty := lead.get("/console/notices/new")
	for _, field := range []string{"severity", "title_fi", "text_sv", "from", "until", "platform_android", "family_0", "min_0", "app_min", "method_link", "means_kuikka", "first", "off_direct"} {
		if !strings.Contains(strings.Join(formField.FindAllString(empty.Body, -1), " "), `name="`+field+`"`) {
			t.Errorf("there is no field %s", field)
		}
	}

	form := url.Values{
		"severity": {"problem"}, "title_fi": {"Häiriö"}, "text_fi": {"Rivi <b>\r\nToinen & kolmas"}, "title_en": {"Trouble"}, "text_en": {"Text"},
		"platform_android": {"android"}, "family_0": {"Opera"}, "min_0": {"60"}, "max_0": {"70"}, "app_min": {"1.9.0"}, "first": {"link"}, "off_qr": {"qr"},
		"until": {"2199-12-31T12:00"},
	}
	before := len(r.news(t))
	form.Set("do", "preview")
	say(lead.post("/console/notices/new", form), http.StatusOK,
		"Koskee vain näitä: laite Android; selain Opera 60–70; sovelluksen versio 1.9.0 tai uudempi. Ei ole heillä käytössä: QR-koodi. Heille ensimmäisenä: kirjautumislinkki.",
		"Rivi &lt;b&gt;\nToinen &amp; kolmas</p>", "Trouble", "ei käännöstä", "Opera 69 · Android", `value="2199-12-31T12:00"`, `value="60"`, "checked")
	if len(r.news(t)) != before {
		t.Fatal("a preview was published")
	}

	wrong := url.Values{"do": {"publish"}, "severity": {"loud"}, "title_fi": {strings.Repeat("a", 500)}, "title_sv": {"x"}, "family_0": {"Netscape"}, "min_0": {"x"}, "app_max": {"latest"}, "off_link": {"link"}, "first": {"link"}, "until": {"never"}, "means_kuikka": {"kuikka"}}
	say(lead.post("/console/notices/new", wrong), http.StatusBadRequest, "Korjaa nämä:", `href="#title_fi"`, `href="#text_sv"`, `href="#family_0"`, `href="#app_min"`, `href="#until"`, `href="#first"`,
		`<input aria-invalid="true" id="title_fi"`, `<textarea aria-invalid="true" id="text_sv"`, `<select aria-invalid="true" id="first"`)
	if len(r.news(t)) != before {
		t.Fatal("nonsense was published")
	}

	form.Set("do", "publish")
	made := lead.post("/console/notices/new", form)
	if made.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", made.Status, made.Body)
	}
	at := made.Header.Get("Location")
	one := lead.get(at)
	say(one, http.StatusOK, "Tiedote on julkaistu.", "näkyvissä", `value="Häiriö"`, "Tallenna muutokset")
	if o := r.told("platform=android&version=1.16.0", strings.Replace(operaOnAndroid, "OPR/69", "OPR/65", 1)); o.Notices[0].Title != "Häiriö" || o.Methods[0].Method != "link" || o.Methods[3].State == "" {
		t.Errorf("apps are told %+v", o)
	}

	// Of two who edit at once, the second is told.
	version := regexp.MustCompile(`name="changed_at" value="(\d+)"`).FindStringSubmatch(one.Body)
	if version == nil {
		t.Fatalf("no version: %s", one.Body)
	}
	form.Set("changed_at", version[1])
	form.Set("title_fi", "Häiriö jatkuu")
	if got := lead.post(at, form); got.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	if got := lead.post(at, form); got.Status != http.StatusConflict {
		t.Errorf("over another's change: %d", got.Status)
	}
	say(lead.get("/console/notices"), http.StatusOK, "Häiriö jatkuu")

	for range 2 { // pressed twice
		if got := lead.post(at+"/withdraw", nil); got.Status != http.StatusSeeOther {
			t.Errorf("withdraw: %d %s", got.Status, got.Body)
		}
	}
	say(lead.get(at), http.StatusOK, "peruttu", "Tämä on ohi.")
	if o := r.told("platform=android&version=1.16.0", strings.Replace(operaOnAndroid, "OPR/69", "OPR/65", 1)); o.Notices[0].Title == "Häiriö jatkuu" {
		t.Error("withdrawn, and still shown")
	}
	log := strings.Join(r.actions(), "\n")
	id := at[strings.LastIndexByte(at, '/')+1:]
	for _, action := range []string{"notice.publish", "notice.change", "notice.withdraw"} {
		if !strings.Contains(log, action+" notice:"+id) {
			t.Errorf("the audit log does not tell of %s", action)
		}
	}
}

// Agents read and help; what everybody is told is for leads (threat 7).
func TestThreat07OnlyLeadsPublish(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	agent := r.agent(staff.RoleAgent)
	before := len(r.news(t))
	form := url.Values{"do": {"publish"}, "severity": {"info"}, "title_fi": {"x"}, "text_fi": {"x"}}
	for _, path := range []string{"/console/notices", "/console/notices/new", "/console/notices/demo-news-opera-202205"} {
		if got := agent.get(path); got.Status != http.StatusForbidden {
			t.Errorf("GET %s: %d", path, got.Status)
		}
	}
	for _, path := range []string{"/console/notices/new", "/console/notices/demo-news-opera-202205", "/console/notices/demo-news-opera-202205/withdraw"} {
		if got := agent.post(path, form); got.Status != http.StatusForbidden {
			t.Errorf("POST %s: %d", path, got.Status)
		}
		if got := r.stranger().post(path, form); got.Status != http.StatusUnauthorized {
			t.Errorf("POST %s by nobody: %d", path, got.Status)
		}
	}
	lead := r.agent(staff.RoleLead)
	if got := lead.send(http.MethodPost, "/console/notices/new", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"); got.Status != http.StatusForbidden {
		t.Errorf("another site publishes: %d", got.Status)
	}
	if got := lead.get("/console/notices/" + login.NewID()); got.Status != http.StatusNotFound {
		t.Errorf("nothing: %d", got.Status)
	}
	if len(r.news(t)) != before {
		t.Error("something was published")
	}
}
