package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"avain/internal/config"
	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// directory is an employer whose people a directory keeps.
type directory struct {
	*adminWorld
	employer string
}

func newDirectory(t *testing.T, changes ...func(*config.Config)) directory {
	t.Helper()
	w := newAdminWorld(t, changes...)
	w.key("scim", []operations.APIScope{operations.ScopeSCIM}, w.a.employer)
	return directory{w, w.a.employer}
}

// made adds a user and answers its id.
func (d directory) made(body string) string {
	d.Helper()
	id, _ := d.mustBe(d.scim("POST", "/Users", body, "scim"), http.StatusCreated, `"id"`)["id"].(string)
	return id
}

func (d directory) patch(id, operations string, status int, says string) {
	d.Helper()
	d.mustBe(d.scim("PATCH", "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+operations+`]}`, "scim"), status, says)
}

// record is what is kept of a user.
func (d directory) record(id string) employment.Employment {
	d.Helper()
	m, err := d.Inside.Store.Employments.EmploymentOf(d.Context(), d.employer, id)
	if err != nil {
		d.Fatal(err)
	}
	return m
}

// With the mapping that Entra ID starts with, a leaver's department, phone and manager come
// with the news that they leave, and none of it may hold that up.
func TestThreat59LeaversLeaveWithWhatWeDoNotKeep(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	id := d.made(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId":"0a21","userName":"Aino@a.example","active":true,"displayName":"Aino V","title":"Cook","preferredLanguage":"sv_FI",
		"emails":[{"primary":true,"type":"work","value":"aino@a.example"}],"meta":{"resourceType":"User"},
		"name":{"formatted":"Aino V","familyName":"Virtanen","givenName":"Aino"},"roles":[],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Kitchen","manager":{"value":"9"}}}`)
	d.patch(id, `{"op":"Replace","path":"name","value":{"familyName":"Meri"}}`, http.StatusOK, `"givenName":"Aino"`)
	d.patch(id, `{"op":"Add","path":"emails","value":[{"type":"home","value":"home@a.example"}]}`, http.StatusOK, "home@a.example")
	if m := d.record(id); m.Email != "aino@a.example" || m.FamilyName != "Meri" || m.GivenName != "Aino" || m.Locale != "sv" {
		t.Errorf("%+v", m)
	}
	d.patch(id, `{"op":"Replace","path":"emails[type eq \"work\"].value","value":"meri@a.example"}`, http.StatusOK, "meri@a.example")
	d.patch(id, `{"op":"Replace","path":"emails[type eq \"other\"].value","value":"x@a.example"}`, http.StatusBadRequest, `"noTarget"`)
	if m := d.record(id); m.Email != "meri@a.example" {
		t.Errorf("letters go to %s", m.Email)
	}
	d.patch(id, `{"op":"Replace","path":"title","value":"Chef"},
		{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Hall"},
		{"op":"Replace","path":"phoneNumbers[type eq \"mobile\"].value","value":"+358401234567"},
		{"op":"Replace","path":"active","value":"False"}`, http.StatusOK, `"active":false`)
	if m := d.record(id); m.EndedAt.IsZero() {
		t.Error("the leaver stays")
	}
	// Removing what letters go to leaves the other one; and nothing is half done.
	d.patch(id, `{"op":"Replace","path":"active","value":true},{"op":"Replace","path":"userName","value":"second"}`, http.StatusConflict, `"uniqueness"`)
	d.patch(id, `{"op":"Replace","path":"active","value":true},{"op":"Replace","path":"emails[type eq \"work\"].value","value":"nonsense"}`, http.StatusBadRequest, `"invalidValue"`)
	if m := d.record(id); m.EndedAt.IsZero() || m.UserName != "Aino@a.example" {
		t.Errorf("half done: %+v", m)
	}
	d.patch(id, `{"op":"Remove","path":"emails[type eq \"work\"]"}`, http.StatusOK, "home@a.example")
	if m := d.record(id); m.Email != "home@a.example" {
		t.Errorf("letters go to %s", m.Email)
	}
}

// What rules say today must not keep somebody employed who was added under yesterday's.
func TestThreat59OlderRulesKeepNobodyIn(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	m := employment.Employment{
		ID: login.NewID(), Employer: d.employer, Kind: employment.UserSmartumPlus, UserName: "131052-308T", Email: "not an address", CreatedAt: d.clock.now(),
	}
	if err := d.Inside.Store.Employments.AddEmployment(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	d.patch(m.ID, `{"op":"replace","value":{"active":false}}`, http.StatusOK, `"active":false`)
	if d.record(m.ID).EndedAt.IsZero() {
		t.Error("the leaver stays")
	}
}

// A PUT is one transaction, and does not bring back who has left.
func TestThreat59PutBringsNobodyBack(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	id := d.made(`{"userName":"aino","name":{"givenName":"Aino"},"emails":[{"type":"work","value":"aino@a.example"},{"type":"home","value":"h@a.example"}]}`)
	d.mustBe(d.scim("PUT", "/Users/"+id, `{"userName":"SECOND","name":{"givenName":"X"},"active":false}`, "scim"), http.StatusConflict, `"uniqueness"`)
	if m := d.record(id); m.GivenName != "Aino" || !m.EndedAt.IsZero() {
		t.Errorf("half done: %+v", m)
	}
	d.mustBe(d.scim("PUT", "/Users/"+id, `{"name":{"givenName":"X"}}`, "scim"), http.StatusBadRequest, `"invalidValue"`)
	d.mustBe(d.scim("PUT", "/Users/"+id, `{"userName":"AINO","active":false}`, "scim"), http.StatusOK, `"userName":"AINO"`)
	d.mustBe(d.scim("PUT", "/Users/"+id, `{"userName":"aino","active":null}`, "scim"), http.StatusOK, `"active":false`)
	if m := d.record(id); m.Email != "" || m.EndedAt.IsZero() || len(m.Addresses) != 0 {
		t.Errorf("replaced: %+v", m)
	}
	before := d.record(id).UpdatedAt
	d.clock.pass(1e9)
	d.patch(id, `{"op":"replace","path":"active","value":false},{"op":"replace","path":"title","value":"x"}`, http.StatusOK, `"active":false`)
	if at := d.record(id).UpdatedAt; !at.Equal(before) {
		t.Errorf("nothing was changed at %v (RFC 7644 §3.5.2.1)", at)
	}
}

// A user name is one in any case of letters, to find and to be alone with it.
func TestUserNamesAreOneInAnyCase(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	id := d.made(`{"userName":"Äiti@A.example","emails":[{"type":"work","value":"w@a.example","primary":true},{"type":"home","value":"h@a.example"}]}`)
	for _, again := range []string{"Äiti@A.example", "äITI@a.EXAMPLE"} {
		d.mustBe(d.scim("POST", "/Users", `{"userName":"`+again+`"}`, "scim"), http.StatusConflict, `"uniqueness"`)
	}
	for filter, want := range map[string]float64{
		`userName eq "ÄITI@a.example"`:                               1,
		`emails[type eq "work"].value eq "W@a.example"`:              1,
		`emails[type eq "work"].value eq "h@a.example"`:              0,
		`emails[type eq "home" and value eq "h@a.example"]`:          1,
		`(userName sw "äiti" or userName eq "x") and active eq true`: 1,
		`active eq false`: 0,
		`not (active eq true) or externalId eq "2"`: 1,
		`active eq true`:     2,
		`id eq "` + id + `"`: 1,
		`id eq "x"`:          0,
		`userName eq "second" and meta.created gt "2020-01-01T00:00:00Z"`: 1,
	} {
		for how, found := range map[string]map[string]any{
			"GET":     d.mustBe(d.scim("GET", "/Users/?filter="+url.QueryEscape(filter), "", "scim"), http.StatusOK, "ListResponse"),
			"search":  d.mustBe(d.scim("POST", "/Users/.search", fmt.Sprintf(`{"filter":%q,"sortBy":"userName"}`, filter), "scim"), http.StatusOK, "ListResponse"),
			"at root": d.mustBe(d.scim("POST", "/.search", fmt.Sprintf(`{"filter":%q}`, filter), "scim"), http.StatusOK, "ListResponse"),
		} {
			if found["totalResults"] != want {
				t.Errorf("%s %s finds %v", how, filter, found)
			}
		}
	}
}

// Pages at their edges (RFC 7644 §3.4.2.4), and answers in part (§3.9).
func TestPagesAndParts(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	id := d.made(`{"userName":"aino","externalId":"x"}`)
	for query, want := range map[string][2]float64{ // how many in the page, the first one's number
		"":                           {2, 1},
		"count=0":                    {0, 1},
		"count=-5":                   {0, 1},
		"count=999999999999":         {2, 1},
		"startIndex=0&count=1":       {1, 1},
		"startIndex=-3":              {2, 1},
		"startIndex=2":               {1, 2},
		"startIndex=3":               {0, 3},
		"filter=userName+pr&count=1": {1, 1},
		"filter=userName+pr&count=0": {0, 1},
		"filter=userName+pr&startIndex=2&count=9": {1, 2},
		"filter=userName+pr&startIndex=9":         {0, 9},
		"sortBy=userName&sortOrder=descending":    {2, 1},
	} {
		page := d.mustBe(d.scim("GET", "/Users?"+query, "", "scim"), http.StatusOK, `"Resources":[`)
		if page["totalResults"] != 2.0 || page["itemsPerPage"] != want[0] || page["startIndex"] != want[1] || len(page["Resources"].([]any)) != int(want[0]) {
			t.Errorf("%s: %v", query, page)
		}
	}
	for _, query := range []string{"startIndex=x", "count=1.5", "attributes=userName&excludedAttributes=name"} {
		d.mustBe(d.scim("GET", "/Users?"+query, "", "scim"), http.StatusBadRequest, `"invalidValue"`)
	}
	for _, a := range []reply{
		d.scim("GET", "/Users/"+id+"?attributes=userName", "", "scim"),
		d.scim("GET", "/Users?attributes=userName&filter="+url.QueryEscape(`id eq "`+id+`"`), "", "scim"),
		d.scim("POST", "/Users/.search", `{"attributes":["userName"],"filter":"externalId eq \"x\""}`, "scim"),
		d.scim("PATCH", "/Users/"+id+"?attributes=userName", `{"Operations":[{"op":"replace","path":"userName","value":"aino2"}]}`, "scim"),
		d.scim("PUT", "/Users/"+id+"?excludedAttributes=meta,externalId,active", `{"userName":"aino2","externalId":"x"}`, "scim"),
	} {
		d.mustBe(a, http.StatusOK, `"userName":"aino`)
		if !strings.Contains(string(a.body), id) || strings.Contains(string(a.body), "meta") || strings.Contains(string(a.body), "externalId") {
			t.Errorf("%s", a.body)
		}
	}
}

// Whatever goes wrong below the root is told in SCIM's own form (RFC 7644 §3.12).
func TestEveryFailureIsSCIMs(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	id := d.made(`{"userName":"aino"}`)
	for _, one := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "", "", http.StatusNotFound},
		{"GET", "/", "", http.StatusNotFound},
		{"GET", "/Nothing", "", http.StatusNotFound},
		{"POST", "/Users/" + id + "/more", "{}", http.StatusNotFound},
		{"GET", "/Users/nobody", "", http.StatusNotFound},
		{"GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group", "", http.StatusNotFound},
		{"GET", "/ResourceTypes/Group", "", http.StatusNotFound},
		{"GET", "/Groups/1", "", http.StatusNotFound},
		{"DELETE", "/Users", "", http.StatusMethodNotAllowed},
		{"POST", "/Users/" + id, "{}", http.StatusMethodNotAllowed},
		{"GET", "/Users/.search", "", http.StatusMethodNotAllowed},
		{"POST", "/Schemas", "{}", http.StatusMethodNotAllowed},
		{"PUT", "/ServiceProviderConfig", "{}", http.StatusMethodNotAllowed},
		{"POST", "/Groups", `{"displayName":"x"}`, http.StatusNotImplemented},
		{"POST", "/Bulk", "{}", http.StatusNotImplemented},
		{"GET", "/Me", "", http.StatusNotImplemented},
		{"PATCH", "/Me/", "{}", http.StatusNotImplemented},
		{"GET", "/Schemas?filter=id+pr", "", http.StatusForbidden},
		{"POST", "/.search", `{"count":"x"}`, http.StatusBadRequest},
		{"POST", "/Users", `{"userName":"x","emails":{"value":7}}`, http.StatusBadRequest},
		{"POST", "/Users", strings.Repeat(" ", 65<<10), http.StatusRequestEntityTooLarge},
		{"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","path":"active","value":null}]}`, http.StatusBadRequest},
	} {
		a := d.scim(one.method, one.path, one.body, "scim")
		doc := d.mustBe(a, one.status, "urn:ietf:params:scim:api:messages:2.0:Error")
		if doc["status"] != fmt.Sprint(one.status) || one.status == http.StatusMethodNotAllowed && a.header.Get("Allow") == "" {
			t.Errorf("%s %s: %v, allowed %q", one.method, one.path, doc, a.header.Get("Allow"))
		}
		d.mustBe(d.scim(one.method, one.path, one.body, ""), http.StatusUnauthorized, "urn:ietf:params:scim:api:messages:2.0:Error")
	}
	// There are no groups, and to look for them is no failure.
	for _, path := range []string{"/Groups", "/Groups/?count=100&startIndex=1", `/Groups?excludedAttributes=members&filter=displayName+eq+%22x%22`} {
		if found := d.mustBe(d.scim("GET", path, "", "scim"), http.StatusOK, `"Resources":[]`); found["totalResults"] != 0.0 {
			t.Errorf("%s: %v", path, found)
		}
	}
	if types := d.mustBe(d.scim("GET", "/ResourceTypes/", "", "scim"), http.StatusOK, `"/Users"`); types["totalResults"] != 1.0 {
		t.Errorf("%v", types)
	}
	for _, path := range []string{"/Users/" + id, "/Users/" + id + "/"} {
		if a := d.scim("GET", path, "", "scim"); a.status != http.StatusOK || a.header.Get("Location") != "/scim/v2/Users/"+id {
			t.Errorf("%s: %d, Location %q", path, a.status, a.header.Get("Location"))
		}
	}
}

// Behind a proxy, the address of a user is the proxy's.
func TestLocationsAreThoseOfTheProxy(t *testing.T) {
	t.Parallel()
	const base = "https://api.example.com"
	d := newDirectory(t, func(c *config.Config) { c.Admin.BaseURL = base })
	made := d.scim("POST", "/Users", `{"userName":"aino"}`, "scim")
	location := made.header.Get("Location")
	d.mustBe(made, http.StatusCreated, `"location":"`+base+`/scim/v2/Users/`)
	if !strings.HasPrefix(location, base+"/scim/v2/Users/") {
		t.Errorf("Location %q", location)
	}
	d.mustBe(d.scim("GET", strings.TrimPrefix(location, base+"/scim/v2"), "", "scim"), http.StatusOK, `"location":"`+location+`"`)
	d.mustBe(d.scim("GET", "/Users", "", "scim"), http.StatusOK, `"location":"`+location+`"`)
	for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes/User", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"} {
		d.mustBe(d.scim("GET", path, "", "scim"), http.StatusOK, `"location":"`+base+`/scim/v2`+path)
	}
}

// Okta's way: it lists to test the connection, looks before it makes, replaces as a whole,
// and ends and brings back by a PATCH without a path.
func TestOktaProvisions(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	const whole = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"test.user@okta.example","name":{"givenName":%q,"familyName":"User"},
		"emails":[{"primary":true,"value":"test.user@okta.example","type":"work"},{"primary":false,"value":"own@okta.example","type":"secondary"}],
		"displayName":"Test User","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7","groups":[],"password":"1mz050nq","active":true}`
	d.mustBe(d.scim("GET", "/Users?startIndex=1&count=2", "", "scim"), http.StatusOK, `"Resources":[{`)
	d.mustBe(d.scim("GET", "/Groups?startIndex=1&count=100", "", "scim"), http.StatusOK, "ListResponse")
	look := "/Users?startIndex=1&count=100&filter=" + url.QueryEscape(`userName eq "test.user@okta.example"`)
	d.mustBe(d.scim("GET", look, "", "scim"), http.StatusOK, `"totalResults":0`)
	id := d.made(fmt.Sprintf(whole, "Test"))
	d.mustBe(d.scim("POST", "/Users", fmt.Sprintf(whole, "Test"), "scim"), http.StatusConflict, `"uniqueness"`)
	d.mustBe(d.scim("GET", look, "", "scim"), http.StatusOK, id)
	d.mustBe(d.scim("PUT", "/Users/"+id, fmt.Sprintf(whole, "Toinen"), "scim"), http.StatusOK, `"givenName":"Toinen"`)
	d.patch(id, `{"op":"replace","value":{"active":false}}`, http.StatusOK, `"active":false`)
	d.mustBe(d.scim("GET", "/Users/"+id, "", "scim"), http.StatusOK, `"active":false`)
	d.mustBe(d.scim("GET", look, "", "scim"), http.StatusOK, `"active":false`)
	d.patch(id, `{"op":"replace","value":{"active":true}}`, http.StatusOK, `"active":true`)
	m := d.record(id)
	if m.Email != "test.user@okta.example" || len(m.Addresses) != 2 || !m.EndedAt.IsZero() {
		t.Errorf("%+v", m)
	}
	changed := url.QueryEscape(`meta.lastModified ge "` + m.UpdatedAt.Format("2006-01-02T15:04:05Z") + `"`)
	d.mustBe(d.scim("GET", "/Users?filter="+changed, "", "scim"), http.StatusOK, id)
	if strings.Contains(d.log.String(), "1mz050nq") {
		t.Error("the log holds a password that Okta sent")
	}
}

// What the validator of Entra ID sends beside what Entra ID itself does: attributes in
// other letters, and paths as names in an object.
func TestEntrasValidator(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	id := d.made(`{"UserName":"UserName123","Active":true,"DisplayName":"BobIsAmazing","schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],
		"externalId":"22fbc523-6032-4c5f-939d-5d4850cf3e52","name":{"formatted":"Ryan Leenay","familyName":"Leenay","givenName":"Ryan"},
		"emails":[{"Primary":true,"type":"work","value":"testing@bob.example"},{"Primary":false,"type":"home","value":"home@bob.example"}]}`)
	d.mustBe(d.scim("GET", "/Users?filter="+url.QueryEscape(`userName eq "uSERnAME123"`), "", "scim"), http.StatusOK, `"totalResults":1`)
	d.patch(id, `{"op":"replace","value":{"displayName":"x","emails[type eq \"work\"].value":"new@bob.example","emails[type eq \"work\"].primary":true,
		"name.givenName":"Kkom","name.familyName":"Unua","addresses[type eq \"work\"].formatted":"x","phoneNumbers[type eq \"fax\"].value":"1",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber":"Aklq"}}`, http.StatusOK, `"familyName":"Unua"`)
	d.patch(id, `{"op":"add","value":{"Name.GivenName":"Ryan","roles[primary eq \"True\"].display":"x","emails[type eq \"other\"].value":"o@bob.example"}}`, http.StatusOK, "o@bob.example")
	if m := d.record(id); m.Email != "new@bob.example" || m.GivenName != "Ryan" || m.FamilyName != "Unua" || len(m.Addresses) != 3 {
		t.Errorf("%+v", m)
	}
	d.patch(id, `{"op":"Replace","path":"userName","value":"5b50642d@bob.example"}`, http.StatusOK, "5b50642d@bob.example")
	d.patch(id, `{"op":"Replace","path":"active","value":false}`, http.StatusOK, `"active":false`)
	d.mustBe(d.scim("GET", "/Users?filter="+url.QueryEscape(`userName eq "5b50642d@bob.example"`), "", "scim"), http.StatusOK, `"active":false`)
	d.mustBe(d.scim("DELETE", "/Users/"+id, "", "scim"), http.StatusNoContent, "")
}

// Filters that no index serves read everybody of the employer: a directory that sends them
// without end is slowed, and what directories live by goes on.
func TestWalksAreBounded(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	walk := "/Users?filter=" + url.QueryEscape(`userName co "x"`)
	for range 500 {
		if a := d.scim("GET", walk, "", "scim"); a.status == http.StatusTooManyRequests {
			d.mustBe(a, http.StatusTooManyRequests, "urn:ietf:params:scim:api:messages:2.0:Error")
			if a.header.Get("Retry-After") == "" {
				t.Error("nobody says when to come again")
			}
			d.mustBe(d.scim("GET", "/Users?filter="+url.QueryEscape(`userName eq "second"`), "", "scim"), http.StatusOK, d.a.person)
			return
		}
	}
	t.Error("walks go on without end")
}
