package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/public/help"
)

// What people answer is counted, per day, page, language and reason; without a cookie, a
// script or a login.
func TestFeedbackIsCounted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 3 {
		r.answer(t, "login", login.ReasonLinkExpired, "no")
	}
	thanks := r.answer(t, "guide", "never_heard_of", "yes")
	if page := words(r.read(thanks, "fi", "")); !strings.Contains(page, "Mukavaa") || strings.Contains(page, "never_heard_of") {
		t.Errorf("thanks: %s", page)
	}
	counts, err := r.Inside.Store.Operations.FeedbackCounts(t.Context(), time.Now().Add(-48*time.Hour))
	if err != nil || len(counts) != 2 {
		t.Fatalf("%+v, %v", counts, err)
	}
	if c := counts[0]; c.Page != "guide" || c.Reason != "" || c.Yes != 1 || c.No != 0 {
		t.Errorf("%+v", c)
	}
	if c := counts[1]; c.Page != "login" || c.Reason != login.ReasonLinkExpired || c.Yes != 0 || c.No != 3 || c.Lang != "fi" {
		t.Errorf("%+v", c)
	}
	for _, form := range []url.Values{
		{},
		{"page": {"login"}},
		{"page": {"console"}, "helped": {"yes"}},
		{"page": {"login"}, "helped": {"perhaps"}},
		{"page": {"login", "guide"}, "helped": {"yes"}},
	} {
		if status, _, _ := r.send(http.MethodPost, "/help/feedback", form, nil); status != http.StatusBadRequest {
			t.Errorf("%v: %d", form, status)
		}
	}
	if status, _, _ := r.send(http.MethodGet, "/help/feedback?page=login&helped=yes", nil, nil); status != http.StatusMethodNotAllowed && status != http.StatusNotFound {
		t.Errorf("a GET answers %d", status)
	}
	if after, err := r.Inside.Store.Operations.FeedbackCounts(t.Context(), time.Now().Add(-48*time.Hour)); err != nil || len(after) != 2 || after[1].No != 3 {
		t.Errorf("%+v, %v", after, err)
	}
}

// What somebody writes is kept without what must not lie in a database: wherever it is
// looked for afterwards, it is not there.
func TestThreat32CommentsAreCleaned(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	secrets := []string{"010190-900P", "045 123 4567", "aino@example.com", "Salasana12345", r.Service + "/login/AbCdEf123"}
	form := url.Values{
		"page": {"login"}, "helped": {"no"}, "reason": {string(login.ReasonOtherBrowser)},
		"comment": {"Ohje ei auttanut. Olen " + strings.Join(secrets, " tai ") + ". <script>alert(1)</script>"},
	}
	status, _, header := r.send(http.MethodPost, "/help/comment", form, http.Header{"Accept-Language": {"sv"}})
	if status != http.StatusSeeOther || !strings.HasPrefix(header.Get("Location"), "/help/comment/thanks?") {
		t.Fatalf("%d to %q", status, header.Get("Location"))
	}
	if page := words(r.read(header.Get("Location"), "sv", "")); !strings.Contains(page, "Tack för din respons") {
		t.Error(page)
	}
	kept, err := r.Inside.Store.Operations.FeedbackComments(t.Context(), time.Time{}, time.Now().Add(time.Hour), 10)
	if err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	c := kept[0]
	if c.Lang != "sv" || c.Page != "login" || c.Reason != login.ReasonOtherBrowser || c.Helped || !strings.HasPrefix(c.Comment, "Ohje ei auttanut. Olen […]") {
		t.Errorf("%+v", c)
	}
	for _, secret := range secrets {
		if strings.Contains(c.Comment, secret) || strings.Contains(r.log.String(), secret) {
			t.Errorf("%q was kept", secret)
		}
	}
	// Nothing but blanks, and nothing but secrets, is not worth a row.
	for _, nothing := range []string{"", "  \n ", "\u200b"} {
		form.Set("comment", nothing)
		r.send(http.MethodPost, "/help/comment", form, nil)
	}
	form.Set("comment", strings.Repeat("pitkä juttu ", 400))
	r.send(http.MethodPost, "/help/comment", form, nil)
	if kept, err = r.Inside.Store.Operations.FeedbackComments(t.Context(), time.Time{}, time.Now().Add(time.Hour), 10); err != nil || len(kept) != 2 || len([]rune(kept[0].Comment)) > 500 {
		t.Errorf("%d comments, %v", len(kept), err)
	}
}

// Another site cannot answer for people, and a network cannot answer for ever.
func TestFeedbackIsHeldBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) { c.Limits.RequestsPerNetwork = config.Rate{Count: 10_000, Per: time.Minute} })
	form := url.Values{"page": {"login"}, "helped": {"yes"}}
	for name, header := range map[string]http.Header{
		"foreign origin": {"Origin": {"https://evil.example"}}, "cross-site": {"Sec-Fetch-Site": {"cross-site"}},
	} {
		for _, path := range []string{"/help/feedback", "/help/comment"} {
			if status, _, _ := r.send(http.MethodPost, path, form, header); status != http.StatusForbidden {
				t.Errorf("%s at %s: %d", name, path, status)
			}
		}
	}
	refused := 0
	for range 40 {
		status, _, header := r.send(http.MethodPost, "/help/feedback", form, nil)
		if status == http.StatusTooManyRequests {
			refused++
			if header.Get("Retry-After") == "" {
				t.Error("does not say when to come again")
			}
		}
	}
	if refused < 10 {
		t.Errorf("%d of 40 refused", refused)
	}
	r.clock.pass(time.Hour)
	r.answer(t, "login", "", "yes")
}

// Every question and every answer is a page of its own that needs no script and no
// cookie, weighs little, and leads back.
func TestQuestionsLeadToAnswers(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) { c.Limits.RequestsPerNetwork = config.Rate{Count: 100_000, Per: time.Minute} })
	seen, ends := map[string]bool{}, 0
	var walk func(path, question string)
	walk = func(path, question string) {
		for _, lang := range []string{"fi", "sv", "en"} {
			r.checkGuide(t, path, lang)
		}
		for _, c := range help.Questions()[question] {
			switch {
			case c.Answer != "" && !seen["="+c.Answer]:
				seen["="+c.Answer] = true
				ends++
				r.checkGuide(t, path+"/"+c.Key, []string{"fi", "sv", "en"}[ends%3])
			case c.Question != "" && !seen[c.Question]:
				seen[c.Question] = true
				walk(path+"/"+c.Key, c.Question)
			}
		}
	}
	walk(help.GuidePath, help.Root)
	if ends != len(help.Answers()) {
		t.Errorf("%d answers of %d", ends, len(help.Answers()))
	}
	for _, nowhere := range []string{"/nowhere", "/yes/nowhere", "/no/yes", "/no/", "//", "/yes//yes", "/" + strings.Repeat("yes/", 500)} {
		if status, _, _ := r.send(http.MethodGet, help.GuidePath+nowhere, nil, nil); status == http.StatusOK || status >= 500 {
			t.Errorf("%.40s: %d", nowhere, status)
		}
	}
}

func (r *rig) checkGuide(t *testing.T, path, lang string) {
	t.Helper()
	status, page, header := r.send(http.MethodGet, path, nil, http.Header{"Accept-Language": {lang}})
	switch {
	case status != http.StatusOK:
		t.Fatalf("%s: %d", path, status)
	case header.Get("Set-Cookie") != "":
		t.Errorf("%s sets a cookie", path)
	case scripts.MatchString(page):
		t.Errorf("%s has a script", path)
	case len(page) > 30<<10:
		t.Errorf("%s weighs %d bytes", path, len(page))
	case strings.Contains(page, "&lt;no value&gt;"), strings.Contains(page, `<strong class="code"`):
		t.Errorf("%s in %s: %s", path, lang, page)
	}
	if parent := path[:strings.LastIndexByte(path, '/')]; path != help.GuidePath && !strings.Contains(page, `<a href="`+parent+`">`) {
		t.Errorf("%s does not lead back to %s", path, parent)
	}
}

// Every link of the two pages leads somewhere.
func TestLinksOfHelpLead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, path := range []string{"/help/login", help.GuidePath, "/help/thanks?page=login&helped=no"} {
		for _, m := range hrefs.FindAllStringSubmatch(r.read(path, "fi", chromeOnAndroid), -1) {
			to := strings.ReplaceAll(m[1], "&amp;", "&")
			if strings.HasPrefix(to, "?") {
				to = path + to
			}
			if !strings.HasPrefix(to, "/") {
				continue // a store, a mail address, the top of the page
			}
			if status, _, _ := r.send(http.MethodGet, to, nil, nil); status != http.StatusOK {
				t.Errorf("%s leads to %s: %d", path, to, status)
			}
		}
	}
	if status, _, header := r.send(http.MethodGet, "/help", nil, nil); status != http.StatusSeeOther || header.Get("Location") != "/help/login" {
		t.Errorf("/help: %d to %s", status, header.Get("Location"))
	}
}
