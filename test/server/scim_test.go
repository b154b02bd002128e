package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
)

// scim sends a request of a directory.
func (w *adminWorld) scim(method, path, body, key string) reply {
	w.Helper()
	return w.ask(ask{method: method, path: "/scim/v2" + path, body: body, kind: "application/scim+json", key: key})
}

func (w *adminWorld) mustBe(a reply, status int, says string) map[string]any {
	w.Helper()
	if a.status != status || !strings.Contains(string(a.body), says) {
		w.Errorf("%d %s; want %d and %s", a.status, a.body, status, says)
	}
	if status == http.StatusNoContent {
		return nil
	}
	if got := a.header.Get("Content-Type"); got != "application/scim+json" {
		w.Errorf("content type %q", got)
	}
	return a.json(w.T)
}

// A directory's whole acquaintance with a person, in the requests that Entra ID and Okta
// send.
func TestDirectoriesProvisionBySCIM(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	w.key("scim", []operations.APIScope{operations.ScopeSCIM}, w.a.employer)
	for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"} {
		w.mustBe(w.scim("GET", path, "", "scim"), http.StatusOK, "schemas")
	}
	find := func(filter string) map[string]any {
		return w.mustBe(w.scim("GET", "/Users?filter="+url.QueryEscape(filter), "", "scim"), http.StatusOK, "ListResponse")
	}
	if found := find(`userName eq "aino@a.example"`); found["totalResults"] != 0.0 {
		t.Errorf("found %v", found)
	}
	made := w.mustBe(w.scim("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId":"77","userName":"aino@a.example","active":true,"displayName":"Aino V","preferredLanguage":"sv-FI",
		"name":{"formatted":"Aino V","familyName":"Virtanen","givenName":"Aino"},
		"emails":[{"type":"home","value":"h@a.example"},{"primary":true,"type":"work","value":"Aino@a.example"}]}`, "scim"), http.StatusCreated, `"preferredLanguage":"sv"`)
	id, _ := made["id"].(string)
	w.mustBe(w.scim("POST", "/Users", `{"userName":"aino@a.example"}`, "scim"), http.StatusConflict, `"scimType":"uniqueness"`)
	for _, filter := range []string{`userName eq "aino@a.example"`, `emails.value eq "AINO@a.example"`, `externalId eq "77"`} {
		if found := find(filter); found["totalResults"] != 1.0 {
			t.Errorf("%s finds %v", filter, found)
		}
	}
	w.mustBe(w.scim("PATCH", "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`, "scim"), http.StatusOK, `"active":false`)
	if m, err := w.Inside.Store.Employments.EmploymentOf(t.Context(), w.a.employer, id); err != nil || m.EndedAt.IsZero() {
		t.Errorf("the employment goes on: %+v, %v", m, err)
	}
	w.mustBe(w.scim("PUT", "/Users/"+id, `{"userName":"aino@a.example","name":{"givenName":"Áilu"}}`, "scim"), http.StatusOK, `"active":false`)
	w.mustBe(w.scim("PUT", "/Users/"+id, `{"userName":"aino@a.example","name":{"givenName":"Áilu"},"active":"True"}`, "scim"), http.StatusOK, `"active":true`)
	m, err := w.Inside.Store.Employments.EmploymentOf(t.Context(), w.a.employer, id)
	if err != nil || m.Email != "" || m.GivenName != "Áilu" || m.FamilyName != "" || !m.EndedAt.IsZero() {
		t.Errorf("replaced: %+v, %v", m, err)
	}
	w.mustBe(w.scim("GET", "/Users?startIndex=1&count=1", "", "scim"), http.StatusOK, `"itemsPerPage":1`)
	w.mustBe(w.scim("DELETE", "/Users/"+id, "", "scim"), http.StatusNoContent, "")
	w.mustBe(w.scim("GET", "/Users/"+id, "", "scim"), http.StatusNotFound, `"status":"404"`)
	w.mustBe(w.scim("POST", "/Users", `{"userName":"aino@a.example","externalId":"77","active":false}`, "scim"), http.StatusCreated, `"active":false`)
	for body, word := range map[string]string{`{`: "invalidSyntax", `{"userName":1}`: "invalidValue", `{}`: "invalidValue", `{"userName":"100190-999P"}`: "invalidValue"} {
		w.mustBe(w.scim("POST", "/Users", body, "scim"), http.StatusBadRequest, word)
	}
	w.mustBe(w.scim("GET", "/Users?filter="+url.QueryEscape(`title eq "a"`), "", "scim"), http.StatusBadRequest, "invalidFilter")
	w.mustBe(w.scim("GET", "/Users?count=x", "", "scim"), http.StatusBadRequest, "invalidValue")
}

// A directory of one employer knows nothing of another's people, and other keys are none.
func TestThreat25DirectoriesSeeOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	w.key("scim", []operations.APIScope{operations.ScopeSCIM}, w.a.employer)
	before := w.snapshot()
	for _, id := range []string{w.b.person, w.b.invited, login.NewID(), "%00", "..%2f"} {
		for method, body := range map[string]string{
			"GET": "", "DELETE": "", "PUT": `{"userName":"x"}`, "PATCH": `{"Operations":[{"op":"replace","path":"active","value":false}]}`,
		} {
			w.mustBe(w.scim(method, "/Users/"+id, body, "scim"), http.StatusNotFound, `"status":"404"`)
		}
	}
	for _, filter := range []string{`userName eq "second"`, `externalId eq "2"`} { // both employers have one
		found := w.mustBe(w.scim("GET", "/Users?filter="+url.QueryEscape(filter), "", "scim"), http.StatusOK, w.a.person)
		if found["totalResults"] != 1.0 {
			t.Errorf("%s finds %v", filter, found)
		}
	}
	w.mustBe(w.scim("GET", "/Users", "", ""), http.StatusUnauthorized, `"status":"401"`)
	w.mustBe(w.scim("GET", "/Users", "", "all"), http.StatusForbidden, `"status":"403"`)
	if a := w.ask(ask{method: "GET", path: "/v1/employers/" + w.a.employer, key: "scim"}); a.status != http.StatusForbidden {
		t.Errorf("a directory's key at the admin API: %d", a.status)
	}
	if after := w.snapshot(); after != before {
		t.Error("foreign requests changed something")
	}
}

// payloads are what attackers put into fields.
var payloads = []string{
	`' OR '1'='1`, `"; DROP TABLE employments; --`, `%_`, `\`, `$1`, `{{.}}`, `<script>alert(1)</script>`, `=cmd|' /C calc'!A0`,
	`http://169.254.169.254/latest/meta-data`, `../../etc/passwd`, `ä\u0000ö`, strings.Repeat("a", 100),
}

// Whatever stands in a field is only text, in every way in and out.
func TestThreat35PayloadsStayText(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	w.key("scim", []operations.APIScope{operations.ScopeSCIM}, w.a.employer)
	root := "/v1/employers/" + w.a.employer
	for _, payload := range payloads {
		quoted, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		given := w.ask(ask{method: "POST", path: root + "/persons", key: "a", body: `{"given_name":` + string(quoted) + `,"user_name":` + string(quoted) + `}`})
		if given.status == http.StatusCreated {
			if got := given.json(t)["given_name"]; got != payload {
				t.Errorf("%q came back as %q", payload, got)
			}
		}
		for _, a := range []ask{
			{method: "GET", path: root + "/persons?user_name=" + url.QueryEscape(payload) + "&email=" + url.QueryEscape(payload), key: "a"},
			{method: "GET", path: root + "/persons?cursor=" + url.QueryEscape(payload), key: "a"},
			{method: "GET", path: root + "/persons/" + url.PathEscape(payload), key: "a"},
			{method: "PUT", path: root + "/persons/" + w.a.person + "/benefits/" + url.PathEscape(payload), body: "{}", key: "a"},
			{method: "POST", path: root + "/imports", body: "external_id,given_name\n" + payload + "," + payload, kind: "text/csv", key: "a"},
			{method: "GET", path: "/scim/v2/Users?filter=" + url.QueryEscape(`userName eq `+string(quoted)), key: "scim"},
		} {
			if answer := w.ask(a); answer.status >= http.StatusInternalServerError {
				t.Errorf("%s %s: %d %s", a.method, a.path, answer.status, answer.body)
			}
		}
	}
}

// done waits until an import is done.
func (w *adminWorld) done(employer, id string) employment.Import {
	w.Helper()
	var i employment.Import
	w.eventually("an import is done", func() bool {
		var err error
		if i, err = w.Inside.Store.Employments.ImportOf(w.Context(), employer, id); err != nil {
			w.Fatal(err)
		}
		return i.State != employment.ImportRunning
	})
	return i
}

// A file with identity codes leaves none behind: not in the rows that wait, not in the
// report, not in the log.
func TestThreat08ImportsKeepNoIdentityCodes(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	root := "/v1/employers/" + w.a.employer
	file := "external_id,email,hetu\n51,a@b.example,100190-999P\n52,,100190-999X\n100190Y999P,,\n"
	made := w.ask(ask{method: "POST", path: root + "/imports?invite=true", body: file, kind: "text/csv", key: "a"})
	id, _ := made.json(t)["id"].(string)
	i := w.done(w.a.employer, id)
	if i.Created != 1 || i.Failed != 2 || i.Invited != 1 || i.Rows != 3 {
		t.Errorf("%+v", i)
	}
	for _, format := range []string{"csv", "ndjson"} {
		report := w.ask(ask{method: "GET", path: root + "/imports/" + id + "/errors?format=" + format, key: "a"})
		if !strings.Contains(string(report.body), "hetu") || strings.Contains(string(report.body), "100190") {
			t.Errorf("the report: %s", report.body)
		}
	}
	found, err := w.Inside.Store.Employments.Employments(t.Context(), w.a.employer, store.EmploymentFilter{ExternalID: "51"}, 2)
	if err != nil || len(found) != 1 || len(found[0].Lookup) == 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if strings.Contains(w.log.String(), "100190") || strings.Contains(w.log.String(), w.keys["a"].Reveal()) {
		t.Error("the log holds an identity code or a key")
	}
	files, err := filepath.Glob(filepath.Join(w.Data, "avain.db*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no database found: the test is blind")
	}
	for _, path := range files {
		dump, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for what, canary := range map[string]string{"identity code": "100190-999P", "key": w.keys["a"].Reveal()} {
			if strings.Contains(string(dump), canary) {
				t.Errorf("%s holds the %s", path, what)
			}
		}
	}
}
