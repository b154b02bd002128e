package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"avain/internal/login"
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
	w.key("scim", []login.APIScope{login.ScopeSCIM}, w.a.employer)
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
