package server_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"avain/internal/core/provisioning"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
)

// send sends a file of people, waits until it has been taken in, and answers what was wrong.
func (w *adminWorld) send(kind, file string) (mistakes string) {
	w.Helper()
	root := "/v1/employers/" + w.a.employer + "/imports"
	sent := w.ask(ask{method: "POST", path: root, kind: kind, body: file, key: "a"})
	if sent.status != http.StatusAccepted {
		return fmt.Sprintf("%d %s", sent.status, sent.body)
	}
	id, _ := sent.json(w.T)["id"].(string)
	w.done(w.a.employer, id)
	return string(w.ask(ask{method: "GET", path: root + "/" + id + "/errors", key: "a"}).body)
}

// An id with a character that nobody sees makes nobody, and changes nobody, whichever way it
// comes; the answer names the character.
func TestThreat58NoWayInTakesInvisibleCharacters(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	w.key("scim", []operations.APIScope{operations.ScopeSCIM}, w.a.employer)
	persons, named := "/v1/employers/"+w.a.employer+"/persons", "/scim/v2/Users/"+w.a.person
	root := "/v1/employers/" + w.a.employer
	w.done(w.a.employer, w.a.imported)
	before := w.everybody(root)
	for _, number := range []rune{0x200b, 0xfeff, 0xad, 0xa0, 0x202e} {
		unseen := string(number)
		says := fmt.Sprintf("must not hold an invisible character; it holds U+%04X", number)
		text := func(s string) string {
			quoted, _ := json.Marshal(s + unseen + s) // a text can always be written
			return string(quoted)
		}
		api := func(method, path, body string) string {
			return string(w.ask(ask{method: method, path: path, body: body, key: "a"}).body)
		}
		scim := func(method, path, body string) string {
			return string(w.ask(ask{method: method, path: path, body: body, kind: "application/scim+json", key: "scim"}).body)
		}
		for how, try := range map[string]func() string{
			"CSV id":        func() string { return w.send("text/csv", "external_id\n1"+unseen+"1\n") },
			"CSV at end":    func() string { return w.send("text/csv", "external_id\n1"+unseen+"\n") },
			"CSV address":   func() string { return w.send("text/csv", "external_id,email\n1,a"+unseen+"@example.com\n") },
			"NDJSON id":     func() string { return w.send("application/x-ndjson", `{"external_id":`+text("1")+`}`) },
			"NDJSON name":   func() string { return w.send("application/x-ndjson", `{"external_id":"1","user_name":`+text("x")+`}`) },
			"POST":          func() string { return api("POST", persons, `{"external_id":`+text("1")+`}`) },
			"PATCH id":      func() string { return api("PATCH", persons+"/"+w.a.person, `{"external_id":`+text("1")+`}`) },
			"PATCH address": func() string { return api("PATCH", persons+"/"+w.a.person, `{"email":`+text("a@example.com")+`}`) },
			"SCIM POST":     func() string { return scim("POST", "/scim/v2/Users", `{"userName":`+text("second")+`}`) },
			"SCIM PUT":      func() string { return scim("PUT", named, `{"userName":"second","externalId":`+text("2")+`}`) },
			"SCIM PATCH": func() string {
				return scim("PATCH", named, `{"Operations":[{"op":"replace","path":"userName","value":`+text("second")+`}]}`)
			},
			"SCIM address": func() string {
				return scim("PUT", named, `{"userName":"second","emails":[{"value":`+text("a")+`,"primary":true}]}`)
			},
		} {
			if got := try(); !strings.Contains(got, says) {
				t.Errorf("%s with %+q: %s", how, unseen, got)
			}
		}
	}
	if after := w.everybody(root); !maps.Equal(before, after) {
		t.Errorf("before\n%v\nafter\n%v", before, after)
	}
}

// said is what an employer's record says, in one line that a table can hold.
func (w *adminWorld) said(id string) string {
	w.Helper()
	m, err := w.Inside.Store.Employments.EmploymentOf(w.Context(), w.a.employer, id)
	if err != nil {
		w.Fatal(err)
	}
	day := func(at time.Time, shift int) string { return cmp.Or(provisioning.Day(at, helsinki, shift), "..") }
	line := []string{m.UserName, m.Email, m.GivenName, m.FamilyName, m.Locale, string(m.Kind)}
	for _, b := range m.Benefits {
		held := ""
		if b.ReleasedAt.IsZero() {
			held = " held"
		}
		line = append(line, b.Kind+" "+day(b.StartsAt, 0)+"/"+day(b.EndsAt, -1)+held)
	}
	return strings.Join(line, ", ")
}

var helsinki = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		panic(err)
	}
	return zone
}()

// ways are how an employer says something of the person whose external id is X: a file in
// either form, the admin API (a PATCH of the record, or PUT of a benefit), a directory.
func (w *adminWorld) ways(id string) map[string]func(string) string {
	persons := "/v1/employers/" + w.a.employer + "/persons/" + id
	answer := func(a reply) string {
		if a.status >= http.StatusBadRequest {
			return string(a.body)
		}
		return ""
	}
	return map[string]func(string) string{
		"CSV":    func(s string) string { return w.send("text/csv", s) },
		"NDJSON": func(s string) string { return w.send("application/x-ndjson", s) },
		"PATCH":  func(s string) string { return answer(w.ask(ask{method: "PATCH", path: persons, body: s, key: "a"})) },
		"PUT lunch": func(s string) string {
			return answer(w.ask(ask{method: "PUT", path: persons + "/benefits/lunch", body: s, key: "a"}))
		},
		"PUT sports": func(s string) string {
			return answer(w.ask(ask{method: "PUT", path: persons + "/benefits/sports", body: s, key: "a"}))
		},
		"SCIM PATCH": func(s string) string {
			return answer(w.ask(ask{method: "PATCH", path: "/scim/v2/Users/" + id, body: s, kind: "application/scim+json", key: "scim"}))
		},
		"SCIM PUT": func(s string) string {
			return answer(w.ask(ask{method: "PUT", path: "/scim/v2/Users/" + id, body: s, kind: "application/scim+json", key: "scim"}))
		},
	}
}

// What employers say of a person whom we know, whichever way: what they do not say stays, a
// list of kinds ends those that it leaves out, and no day breaks anything but its own row.
// The command line reads the same files (cmd/avain/testdata/script/employers.txtar).
func TestWhatIsNotSaidOfAPersonStays(t *testing.T) {
	t.Parallel()
	const (
		who    = "aino, aino@a.example, Aino, Virtanen, sv, smartum"
		lunch  = ", lunch 2026-01-01/2026-12-31"
		sports = ", sports ../.. held"
		whole  = who + lunch + sports
		day    = "must be a day such as 2026-12-31, from the year 1970 on"
	)
	w := newAdminWorld(t)
	w.key("scim", []operations.APIScope{operations.ScopeSCIM}, w.a.employer)
	root := "/v1/employers/" + w.a.employer + "/persons"
	for i, c := range []struct{ how, says, want, mistake string }{
		// Absent.
		{"CSV", "external_id\nX\n", whole, ""},
		{"CSV", "external_id;benefits\nX;\n", whole, ""},
		{"CSV", "external_id;user_name;email;given_name;family_name;locale;kind;hetu;benefits\nX;;;;;;;;\n", whole, ""},
		{"NDJSON", `{"external_id":"X"}`, whole, ""},
		{"NDJSON", `{"external_id":"X","user_name":null,"email":null,"given_name":null,"family_name":null,"locale":null,"kind":null,"hetu":null,"benefits":null}`, whole, ""},
		{"NDJSON", `{"external_id":"X","user_name":"","email":"","given_name":"","family_name":"","locale":"","kind":"","hetu":""}`, whole, ""},
		{"PATCH", `{}`, whole, ""},
		{"PUT lunch", `{}`, whole, ""},
		{"PUT sports", `{}`, whole, ""},
		{"SCIM PATCH", `{"Operations":[{"op":"replace","path":"userName","value":"aino"}]}`, whole, ""},
		// One member.
		{"CSV", "external_id;given_name\nX;Áilu\n", strings.Replace(whole, "Aino", "Áilu", 1), ""},
		{"NDJSON", `{"external_id":"X","email":"a@b.example"}`, strings.Replace(whole, "aino@a.example", "a@b.example", 1), ""},
		{"NDJSON", `{"external_id":"X","locale":"et"}`, strings.Replace(whole, "sv", "", 1), ""}, // the employer's
		{"PATCH", `{"locale":"en"}`, strings.Replace(whole, "sv", "en", 1), ""},
		{"PATCH", `{"email":"","family_name":""}`, "aino, , Aino, , sv, smartum" + lunch + sports, ""},
		{"PATCH", `{"email":null}`, whole, "must not be or hold null"},
		{"PATCH", `null`, whole, "one JSON object"},
		{"SCIM PATCH", `{"Operations":[{"op":"replace","path":"name.givenName","value":"Áilu"}]}`, strings.Replace(whole, "Aino", "Áilu", 1), ""},
		// A directory's PUT is the whole of what a directory knows (RFC 7644 §3.5.1), which is nothing of benefits.
		{"SCIM PUT", `{"userName":"aino","externalId":"X","name":{"givenName":"Aino","familyName":"Virtanen"},"preferredLanguage":"sv"}`, strings.Replace(whole, "aino@a.example", "", 1), ""},
		// Kinds without anything else.
		{"CSV", "external_id;benefits\nX;lunch sports\n", whole, ""},
		{"CSV", "external_id;benefits\nX;lunch\n", who + lunch, ""},
		{"CSV", "external_id;benefits\nX;sports bicycle\n", who + ", bicycle ../.." + sports, ""},
		{"CSV", "external_id;benefits\nX;none\n", who, ""},
		{"NDJSON", `{"external_id":"X","benefits":["lunch","sports"]}`, whole, ""},
		{"NDJSON", `{"external_id":"X","benefits":["lunch"]}`, who + lunch, ""},
		{"NDJSON", `{"external_id":"X","benefits":[{"kind":"sports"},{"kind":"bicycle","released":null}]}`, who + ", bicycle ../.." + sports, ""},
		{"NDJSON", `{"external_id":"X","benefits":[{"kind":"lunch","starts_on":"","ends_on":null},"sports"]}`, whole, ""},
		{"NDJSON", `{"external_id":"X","benefits":[]}`, who, ""},
		// Period and hold, when they are said.
		{"CSV", "external_id;benefits\nX;lunch:../.. sports:released\n", who + ", lunch ../.., sports ../..", ""},
		{"CSV", "external_id;benefits\nX;lunch:unreleased sports:2026-02-01/..\n", who + lunch + " held, sports 2026-02-01/.. held", ""},
		{"NDJSON", `{"external_id":"X","benefits":[{"kind":"lunch","ends_on":"2027-06-30"},{"kind":"sports","released":true}]}`, who + ", lunch 2026-01-01/2027-06-30, sports ../..", ""},
		{"NDJSON", `{"external_id":"X","benefits":[{"kind":"lunch","starts_on":"..","released":false},"sports"]}`, who + ", lunch ../2026-12-31 held" + sports, ""},
		{"PUT lunch", `{"ends_on":"2027-06-30"}`, who + ", lunch 2026-01-01/2027-06-30" + sports, ""},
		{"PUT lunch", `{"starts_on":"","ends_on":""}`, who + ", lunch ../.." + sports, ""},
		{"PUT lunch", `{"released":false}`, who + lunch + " held" + sports, ""},
		{"PUT sports", `{"starts_on":"2026-02-01"}`, who + lunch + ", sports 2026-02-01/.. held", ""},
		{"PUT sports", `{"released":true}`, who + lunch + ", sports ../..", ""},
		// Until further notice, as other systems write it.
		{"CSV", "external_id;benefits\nX;lunch:2026-01-01/9999-12-31 sports\n", who + ", lunch 2026-01-01/.." + sports, ""},
		{"NDJSON", `{"external_id":"X","benefits":[{"kind":"lunch","ends_on":"9999-12-31"},"sports"]}`, who + ", lunch 2026-01-01/.." + sports, ""},
		{"PUT lunch", `{"ends_on":"9999-12-31"}`, who + ", lunch 2026-01-01/.." + sports, ""},
		{"PUT lunch", `{"ends_on":"9998-12-31"}`, who + ", lunch 2026-01-01/9998-12-31" + sports, ""},
		// Days that are none, or that nobody lives to see: a mistake of their row.
		{"CSV", "external_id;benefits\nX;lunch:0001-01-01/.. sports\n", whole, day},
		{"CSV", "external_id;benefits\nX;lunch:9999-12-31/9999-12-31 sports\n", whole, day},
		{"CSV", "external_id;benefits\nX;lunch:2026-01-01/10000-01-01 sports\n", whole, day},
		{"CSV", "external_id;benefits\nX;lunch:2026-02-01/2026-01-01 sports\n", whole, "must not be before starts_on"},
		// The second row alone, beside what the first has written.
		{
			"NDJSON", `{"external_id":"X","benefits":[{"kind":"lunch","starts_on":"..","ends_on":"2025-12-31"}]}` + "\n" +
				`{"external_id":"X","email":"a@b.example","benefits":[{"kind":"lunch","starts_on":"2026-02-01"}]}`,
			who + ", lunch ../2025-12-31", "must not be before starts_on",
		},
		{"NDJSON", `{"external_id":"X","benefits":[{"kind":"lunch","starts_on":"2026-02-30"}]}`, whole, day},
		{"NDJSON", `{"external_id":"X","benefits":[{"kind":"lunch","ends_on":"2025-12-31"}]}`, whole, "must not be before starts_on"},
		{"NDJSON", `{"external_id":"X","benefits":[{"kind":"lunch","ends_on":"292277026596-12-04"}]}`, whole, day},
		{"PUT lunch", `{"ends_on":"0001-01-01"}`, whole, day},
		{"PUT lunch", `{"ends_on":"2026-02-30"}`, whole, day},
		{"PUT lunch", `{"ends_on":"2025-12-31"}`, whole, "must not be before starts_on"},
		{"PUT lunch", `{"starts_on":"9999-12-31"}`, whole, day},
		{"PUT lunch", `{"starts_on":"10000-01-01"}`, whole, day},
	} {
		x := fmt.Sprintf("X%d", i) // each case has a person of its own
		made := w.ask(ask{
			method: "POST", path: root, key: "a", body: `{"external_id":"` + x + `","user_name":"aino","email":"aino@a.example","given_name":"Aino",
				"family_name":"Virtanen","locale":"sv","kind":"smartum","benefits":[{"kind":"lunch","starts_on":"2026-01-01","ends_on":"2026-12-31"},{"kind":"sports","released":false}]}`,
		})
		id, _ := made.json(t)["id"].(string)
		if before := w.said(id); before != whole {
			t.Fatalf("%s %s", made.body, before)
		}
		mistake := w.ways(id)[c.how](strings.NewReplacer("X", x).Replace(c.says))
		if (mistake == "") != (c.mistake == "") || !strings.Contains(mistake, c.mistake) {
			t.Errorf("%s %s: %s, want %q", c.how, c.says, mistake, c.mistake)
		}
		if after := w.said(id); after != c.want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.how, c.says, after, c.want)
		}
		if err := w.Inside.Store.Employments.ForgetEmployment(t.Context(), w.a.employer, id, w.clock.now()); err != nil {
			t.Fatal(err) // the user name is free again
		}
	}
}

// The days of a new person are those of one that is known, and a bad one stops no other row.
func TestNoDayBreaksAFile(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	root := "/v1/employers/" + w.a.employer
	var file strings.Builder
	days := []string{"9999-12-31", "9998-12-31", "10000-01-01", "0001-01-01", "2026-02-30", "-292277022399-01-01", "2026-12-31T00:00:00Z", `\ud800`}
	for i, ends := range days {
		fmt.Fprintf(&file, `{"external_id":"day %d","benefits":[{"kind":"lunch","ends_on":"%s"}]}`+"\n", i, ends)
		for _, body := range []string{
			`{"benefits":[{"kind":"lunch","ends_on":"` + ends + `"}]}`, `{"benefits":[{"kind":"lunch","starts_on":"` + ends + `"}]}`,
		} {
			if a := w.ask(ask{method: "POST", path: root + "/persons", body: body, key: "a"}); a.status != http.StatusCreated && a.status != http.StatusBadRequest {
				t.Errorf("POST %s: %d %s", body, a.status, a.body)
			}
		}
	}
	mistakes := w.send("application/x-ndjson", file.String())
	if n := strings.Count(mistakes, "must be a day"); n != len(days)-2 {
		t.Errorf("%d of %d days are mistakes:\n%s", n, len(days), mistakes)
	}
	for i, want := range []string{"lunch ../..", "lunch ../9998-12-31"} {
		found, err := w.Inside.Store.Employments.Employments(t.Context(), w.a.employer, store.EmploymentFilter{ExternalID: fmt.Sprintf("day %d", i)}, 2)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %+v, %v", days[i], found, err)
		}
		if got := w.said(found[0].ID); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s", days[i], got)
		}
		if kept, err := w.Inside.Store.People.PersonalData(t.Context(), found[0].ID); err != nil {
			t.Error(err)
		} else if _, err := json.Marshal(kept); err != nil {
			t.Errorf("%s: what is kept of a person cannot be handed out: %v", days[i], err)
		}
	}
}

// A file that begins with a byte order mark loses nobody, and one that is UTF-16 is refused
// with words that say so.
func TestFilesBeginWithTheirFirstPerson(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	files := map[string]string{"text/csv": "external_id\n%s\nlast\n", "application/x-ndjson": `{"external_id":"%s"}` + "\n" + `{"external_id":"last"}` + "\n"}
	for kind, form := range files {
		file := fmt.Sprintf(form, "first of "+kind)
		if mistakes := w.send(kind, "\ufeff"+file); mistakes != "" {
			t.Errorf("%s: %s", kind, mistakes)
		}
		found, err := w.Inside.Store.Employments.Employments(t.Context(), w.a.employer, store.EmploymentFilter{ExternalID: "first of " + kind}, 2)
		if err != nil || len(found) != 1 {
			t.Errorf("%s: %+v, %v", kind, found, err)
		}
		for _, mark := range []string{"\xff\xfe", ""} {
			wide := []byte(mark)
			for _, b := range []byte(file) {
				wide = append(wide, b, 0)
			}
			if got := w.send(kind, string(wide)); !strings.Contains(got, "400 ") || !strings.Contains(got, "the file is UTF-16; save it as UTF-8") {
				t.Errorf("%s as UTF-16: %s", kind, got)
			}
		}
	}
}
