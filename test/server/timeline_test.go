package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/domain/staff"
)

// opera is a browser that says it is of that version.
func opera(major int) string {
	return fmt.Sprintf("Mozilla/5.0 (Linux; Android 12; CPH2211) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/110.0.0.0 Mobile Safari/537.36 OPR/%d.0.0.0", major)
}

// Whoever started a login loads its pages in each of its states, hundreds of times, as
// ever another browser, with the person's cookies (a page that is shown) and without (a
// refusal). Support reads all the same who came in and what was let out, and the six
// digits go on working.
func TestThreat47RepetitionHidesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.link(r.Service + "/return")
	r.app.RedirectURI = r.Service + "/return"
	link, id := strings.TrimPrefix(l.LoginLink, r.Service), r.attempt(l.SupportCode).ID
	version := 0
	load := func(agent string, cookies http.CookieJar, path string) {
		t.Helper()
		browser := *r.browser
		client := *r.browser.HTTP
		client.Jar = cookies
		browser.HTTP, browser.Agent = &client, agent
		if page, err := browser.Open(t.Context(), r.Service+path); err != nil || page.Status >= 500 {
			t.Fatalf("%s: %d, %v", path, page.Status, err)
		}
	}
	flood := func(loads int, paths ...string) {
		t.Helper()
		for n := range loads {
			version++
			path := paths[n%len(paths)]
			load(opera(version), nil, path) // refused: another browser
			load(opera(version), r.browser.HTTP.Jar, path)
		}
	}

	page, err := r.browser.Open(t.Context(), l.LoginLink)
	if err != nil {
		t.Fatal(err)
	}
	flood(50, link)
	means := r.press(page, "Kirjaudu")
	flood(500, link, "/login/"+id)
	for range 30 { // chosen, and chosen again
		r.press(means, "kuikka")
	}
	confirm := r.press(means, bank...)
	flood(50, link, "/login/"+id, "/login/"+id+"/confirm")
	back := r.press(confirm, "Vahvista kirjautuminen")
	digits := digitsOn(t, back)
	flood(50, link, "/login/"+id, "/login/"+id+"/digits", "/login/"+id+"/confirm")
	for n := range 2 {
		if _, err := r.app.Digits(t.Context(), l, otherDigits(digits, n)); code(err) != "insufficient_authorization" {
			t.Errorf("wrong digits: %v", err)
		}
	}
	if again, err := r.browser.Open(t.Context(), back.URL); err != nil || digitsOn(t, again) != digits {
		t.Errorf("the browser shows other digits (%v)", err)
	}
	if _, err := r.app.Digits(t.Context(), l, digits); err != nil {
		t.Errorf("the right digits: %v", err)
	}
	mustRead(t, r.attempt(l.SupportCode), "open ok", "identify ok", "confirm ok", "digits refused", "digits ok", "redeem ok")
	if page := r.agent(staff.RoleAgent).get("/console/attempts/" + id).Body; !strings.Contains(page, "2 kertaa") || !strings.Contains(page, "Ensimmäisen kerran ") {
		t.Errorf("the console does not say that two digits were wrong:\n%s", page)
	}
}

// mustRead checks that the lines are in the timeline in this order, and that it is one
// that a person can read.
func mustRead(t *testing.T, a login.Attempt, want ...string) {
	t.Helper()
	var all, read []string
	for _, e := range a.Timeline {
		line := e.Step + " " + e.Outcome
		if all = append(all, line); len(read) < len(want) && line == want[len(read)] {
			read = append(read, line)
		}
	}
	if !slices.Equal(read, want) || len(all) > 80 {
		t.Errorf("of %v support reads only %v, in %d lines:\n%s", want, read, len(all), strings.Join(all, "\n"))
	}
}
