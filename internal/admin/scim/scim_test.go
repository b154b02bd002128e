package scim

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/employment"
)

// aino is whom filters and patches are tried on.
func aino() user {
	return userOf(employment.Employment{
		ID: "1", ExternalID: "77", UserName: "Aino@e.example", GivenName: "Aino", FamilyName: "Virtanen", Email: "a@e.example", Locale: "fi",
		CreatedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), UpdatedAt: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC),
		Addresses: []employment.Address{{Value: "a@e.example", Type: "work", Primary: true}, {Value: "h@e.example", Type: "home"}},
	}, Root)
}

func TestFilters(t *testing.T) {
	t.Parallel()
	for filter, want := range map[string]bool{
		`userName eq "AINO@E.example"`:                                     true,
		`USERNAME EQ "aino@e.example"`:                                     true,
		schemaUser + `:userName eq "aino@e.example"`:                       true,
		`externalId eq "77"`:                                               true,
		`externalId eq "77" and userName eq "x"`:                           false,
		`emails eq "H@e.example"`:                                          true,
		`emails.value eq "h@e.example"`:                                    true,
		`emails[type eq "work"].value eq "A@e.example"`:                    true,
		`emails[type eq "work"].value eq "h@e.example"`:                    false,
		`emails[type eq "work" and value co "@e.example"]`:                 true,
		`emails[type eq "work" and value eq "h@e.example"]`:                false,
		`emails[type eq "home" and not (primary eq true)]`:                 true,
		`emails.type eq "work" and emails.value eq "h@e.example"`:          true, // not of one and the same
		`emails[primary eq true].value sw "a@"`:                            true,
		`active eq true`:                                                   true,
		`active eq "True"`:                                                 true,
		`active eq false or active ne true`:                                false,
		`not (active eq true)`:                                             false,
		`not(active eq false)and(externalId pr)`:                           true,
		`userName eq "x" or userName pr and active eq true`:                true,
		`active eq true or userName eq "x" and userName eq "y"`:            true, // and binds closer
		`(active eq true or userName eq "x") and userName eq "y"`:          false,
		`((((name.familyName ew "nen"))))`:                                 true,
		`name.givenName sw "AI" and name.familyName co "irta"`:             true,
		`meta.lastModified gt "2026-05-31T23:59:59Z"`:                      true,
		`meta.lastModified ge "2026-06-01T03:00:00+03:00"`:                 true,
		`meta.created lt "2026-01-01T00:00:00Z"`:                           false,
		`meta.resourceType eq "User"`:                                      true,
		`preferredLanguage eq null`:                                        false,
		`preferredLanguage ne null`:                                        true,
		`userName ge "aino"`:                                               true,
		`userName eq "a\"b\\ \u00e4 and x"`:                                false,
		`id eq "1"`:                                                        true,
		`externalId ne "78" and schemas eq "` + schemaUser + `"`:           true,
		`userName eq ""`:                                                   false,
		`emails[type eq "other"].value pr or (emails[type eq "home"] ) `:   true,
		`emails[type eq "other"] or (emails[type eq "home" and value pr])`: true,
	} {
		f, err := parseFilter(filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
		} else if got := f.matches(aino()); got != want {
			t.Errorf("%s: %v", filter, got)
		}
	}
	for _, filter := range []string{
		``, `userName`, `userName eq`, `userName eq x`, `userName eq "x" and`, `userName eq "x" userName eq "y"`, `not userName eq "x"`,
		`password eq "x"`, `title pr`, `userName eq "x`, `userName is "x"`, `(userName pr`, `userName pr)`, `emails[type eq "work"`,
		`emails[userName eq "x"]`, `emails[emails[type pr]]`, `name[givenName pr]`, `active gt true`, `active eq "maybe"`, `active co "t"`, `meta.created gt "then"`,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "x"`, `userName co null`, `userName eq "\x"`,
		`userName eq "` + strings.Repeat("x", maxFilter) + `"`, strings.Repeat("(", maxDepth+1) + `id pr` + strings.Repeat(")", maxDepth+1),
	} {
		if f, err := parseFilter(filter); err == nil {
			t.Errorf("%s is read as %+v", filter, f)
		}
	}
}

// What finds a few by an index must find everybody whom the filter chooses.
func TestFiltersAreNarrowedSafely(t *testing.T) {
	t.Parallel()
	for filter, want := range map[string]Lookup{
		`userName eq "x"`:                              {UserName: "x"},
		`externalId eq "1" and (userName eq "x")`:      {ExternalID: "1", UserName: "x"},
		`emails[type eq "work"].value eq "x"`:          {Email: "x"},
		`emails[type eq "work" and value eq "x"]`:      {Email: "x"},
		`active eq true and emails eq "x"`:             {Email: "x"},
		`id eq "x"`:                                    {ID: "x"},
		`userName eq "x" or externalId eq "1"`:         {},
		`not (userName eq "x")`:                        {},
		`userName ne "x"`:                              {},
		`emails[not (value eq "x")]`:                   {},
		`emails[value eq "x" or type eq "work"]`:       {},
		`userName eq "x" and (id eq "1" or id eq "2")`: {UserName: "x"},
	} {
		f, err := parseFilter(filter)
		if err != nil {
			t.Fatalf("%s: %v", filter, err)
		}
		if got := narrow(f); got != want {
			t.Errorf("%s: %+v", filter, got)
		}
	}
}

// patched is what becomes of Aino.
func patched(body string) (string, error) {
	u := aino()
	if err := patchUser(&u, []byte(body)); err != nil {
		return "", err
	}
	var emails []string
	for _, e := range u.Emails {
		word := e.Type + "=" + e.Value
		if e.Primary {
			word += "!"
		}
		emails = append(emails, word)
	}
	active := "active"
	if !bool(*u.Active) {
		active = "left"
	}
	return strings.Join(slices.Concat([]string{u.ExternalID, u.UserName, u.Name.Given, u.Name.Family, u.Language, active}, emails), " "), nil
}

func TestPatches(t *testing.T) {
	t.Parallel()
	const before = "77 Aino@e.example Aino Virtanen fi "
	const emails = "active work=a@e.example! home=h@e.example"
	const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	for ops, want := range map[string]string{
		// A name's other parts stay.
		`{"op":"replace","path":"name","value":{"familyName":"Meri"}}`:                             "77 Aino@e.example Aino Meri fi " + emails,
		`{"op":"replace","value":{"name":{"familyName":"Meri"}}}`:                                  "77 Aino@e.example Aino Meri fi " + emails,
		`{"op":"Add","path":"name","value":{"familyName":"Meri","formatted":"x"}}`:                 "77 Aino@e.example Aino Meri fi " + emails,
		`{"op":"add","value":{"name.familyName":"Meri","displayName":"x"}}`:                        "77 Aino@e.example Aino Meri fi " + emails,
		`{"op":"Replace","path":"name.familyName","value":"Meri"}`:                                 "77 Aino@e.example Aino Meri fi " + emails,
		`{"op":"replace","path":"` + schemaUser + `:name.familyName","value":"Meri"}`:              "77 Aino@e.example Aino Meri fi " + emails,
		`{"op":"replace","value":{"` + schemaUser + `":{"name":{"familyName":"Meri"}}}}`:           "77 Aino@e.example Aino Meri fi " + emails,
		`{"op":"replace","path":"name","value":{"familyName":null}}`:                               "77 Aino@e.example Aino  fi " + emails,
		`{"op":"remove","path":"name.familyName"}`:                                                 "77 Aino@e.example Aino  fi " + emails,
		`{"op":"remove","path":"name"}`:                                                            "77 Aino@e.example   fi " + emails,
		`{"op":"replace","path":"name.formatted","value":"x"},{"op":"remove","path":"externalId"}`: " Aino@e.example Aino Virtanen fi " + emails,

		// Addresses that a path chooses.
		`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"n@e.example"}`:                                              before + "active work=n@e.example! home=h@e.example",
		`{"op":"Add","path":"emails[type eq \"work\"].value","value":"n@e.example"}`:                                                  before + "active work=n@e.example! home=h@e.example",
		`{"op":"replace","path":"emails[primary eq true].value","value":"n@e.example"}`:                                               before + "active work=n@e.example! home=h@e.example",
		`{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"n@e.example","primary":true}}`:                           before + "active work=n@e.example! home=h@e.example",
		`{"op":"replace","path":"emails[type eq \"work\"]","value":[{"type":"work","value":"n@e.example"}]}`:                          before + "active work=n@e.example home=h@e.example",
		`{"op":"add","path":"emails[type eq \"home\"]","value":{"value":"n@e.example"}}`:                                              before + "active work=a@e.example! home=n@e.example",
		`{"op":"replace","path":"emails[type eq \"home\" and value eq \"h@e.example\"].primary","value":"True"}`:                      before + "active work=a@e.example home=h@e.example!",
		`{"op":"add","path":"emails[type eq \"other\"].value","value":"o@e.example"}`:                                                 before + emails + " other=o@e.example",
		`{"op":"remove","path":"emails[type eq \"work\"]"}`:                                                                           before + "active home=h@e.example",
		`{"op":"remove","path":"emails[type eq \"work\"].value"}`:                                                                     before + "active home=h@e.example",
		`{"op":"replace","path":"emails[type eq \"work\"].value","value":""}`:                                                         before + "active home=h@e.example",
		`{"op":"remove","path":"emails[type eq \"other\"]"}`:                                                                          before + emails,
		`{"op":"remove","path":"emails"}`:                                                                                             before + "active",
		`{"op":"remove","path":"emails"},{"op":"add","path":"emails.value","value":"n@e.example"}`:                                    before + "active work=n@e.example!",
		`{"op":"replace","path":"emails.value","value":"n@e.example"}`:                                                                before + "active work=n@e.example! home=n@e.example",
		`{"op":"add","path":"emails","value":[{"type":"home","value":"n@e.example","primary":true}]}`:                                 before + "active work=a@e.example home=h@e.example home=n@e.example!",
		`{"op":"add","value":{"emails":[{"type":"other","value":"o@e.example"}]}}`:                                                    before + emails + " other=o@e.example",
		`{"op":"add","path":"emails","value":{"type":"home","value":"H@e.example"}}`:                                                  before + emails,
		`{"op":"replace","path":"emails","value":[{"type":"work","value":"n@e.example","primary":true}]}`:                             before + "active work=n@e.example!",
		`{"op":"replace","value":{"emails":[]}}`:                                                                                      before + "active",
		`{"op":"replace","path":"emails[type eq \"work\"].display","value":"x"}`:                                                      before + emails,
		`{"op":"replace","path":"userName","value":[{"$ref":null,"value":"b"}]},{"op":"add","path":"preferredLanguage","value":"sv"}`: "77 b Aino Virtanen sv " + emails,

		// Whoever leaves leaves, whatever stands beside it.
		`{"op":"Replace","path":"active","value":"False"}`:                                                          before + strings.Replace(emails, "active", "left", 1),
		`{"op":"replace","value":{"active":false}}`:                                                                 before + strings.Replace(emails, "active", "left", 1),
		`{"op":"Replace","path":"active","value":[{"$ref":null,"value":"False"}]}`:                                  before + strings.Replace(emails, "active", "left", 1),
		`{"op":"add","path":"` + schemaUser + `:active","value":false}`:                                             before + strings.Replace(emails, "active", "left", 1),
		`{"op":"replace","value":{"id":"1","schemas":[],"meta":{"x":1},"active":false,"groups":[],"userType":"x"}}`: before + strings.Replace(emails, "active", "left", 1),
		`{"op":"Replace","path":"title","value":"x"},{"op":"Add","path":"` + enterprise + `:department","value":"IT"},
			{"op":"Add","path":"` + enterprise + `:manager","value":"9"},{"op":"remove","path":"` + enterprise + `:manager.value"},
			{"op":"Replace","path":"phoneNumbers[type eq \"mobile\"].value","value":"1"},
			{"op":"Add","path":"addresses[type eq \"work\"].streetAddress","value":"x"},{"op":"add","path":"schemas","value":["` + enterprise + `"]},
			{"op":"Replace","path":"urn:example:2.0:Other","value":{"a":[1]}},{"op":"replace","value":{"` + enterprise + `":{"costCenter":"1"}}},
			{"op":"Add","path":"roles[primary eq \"True\"].value","value":"x"},{"op":"replace","path":"password","value":"x"},
			{"op":"replace","path":"locale","value":"sv-FI"},{"op":"Add","path":"manager"},{"op":"Replace","path":"active","value":false}`: before + strings.Replace(emails, "active", "left", 1),
	} {
		if got, err := patched(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + ops + `]}`); err != nil || got != want {
			t.Errorf("%s:\n got %s, %v\nwant %s", ops, got, err, want)
		}
	}
}

func TestPatchesThatAreRefused(t *testing.T) {
	t.Parallel()
	for ops, word := range map[string]string{
		``: "invalidValue",
		`{"op":"move","path":"userName","value":"x"}`: "invalidSyntax",
		`{"op":"remove"}`:                                                                                      "noTarget",
		`{"op":"replace","path":"id","value":"x"}`:                                                             "mutability",
		`{"op":"replace","value":{"id":"x"}}`:                                                                  "mutability",
		`{"op":"remove","path":"meta"}`:                                                                        "mutability",
		`{"op":"remove","path":"userName"}`:                                                                    "mutability",
		`{"op":"replace","path":"userName","value":null}`:                                                      "mutability",
		`{"op":"replace","path":"userName","value":7}`:                                                         "invalidValue",
		`{"op":"replace","path":"externalId"}`:                                                                 "invalidValue",
		`{"op":"replace"}`:                                                                                     "invalidValue",
		`{"op":"replace","path":"userName"}`:                                                                   "invalidValue",
		`{"op":"replace","path":"active","value":"maybe"}`:                                                     "invalidValue",
		`{"op":"replace","path":"active","value":null}`:                                                        "invalidValue",
		`{"op":"replace","value":{"active":null}}`:                                                             "invalidValue",
		`{"op":"remove","path":"active"}`:                                                                      "invalidValue",
		`{"op":"replace","value":"x"}`:                                                                         "invalidValue",
		`{"op":"replace","path":"name","value":"x"}`:                                                           "invalidValue",
		`{"op":"replace","path":"emails","value":"x"}`:                                                         "invalidValue",
		`{"op":"replace","path":"emails[type eq \"other\"].value","value":"x@e.example"}`:                      "noTarget",
		`{"op":"add","path":"emails[type sw \"oth\"].value","value":"x@e"}`:                                    "noTarget",
		`{"op":"replace","path":"emails[type is \"work\"].value","value":"x"}`:                                 "invalidFilter",
		`{"op":"replace","path":"emails[userName eq \"work\"].value","value":"x"}`:                             "invalidFilter",
		`{"op":"replace","path":"emails[type eq \"work\"","value":"x"}`:                                        "invalidFilter",
		`{"op":"replace","path":"emails[type eq \"work\"]value","value":"x"}`:                                  "invalidPath",
		`{"op":"replace","path":"name[type eq \"work\"].givenName","value":"x"}`:                               "invalidPath",
		`{"op":"replace","path":"userName.value","value":"x"}`:                                                 "invalidPath",
		`{"op":"replace","path":"/userName","value":"x"}`:                                                      "invalidPath",
		`{"op":"replace","path":"emails","value":[{"value":"a","primary":true},{"value":"b","primary":true}]}`: "invalidValue",
	} {
		got, err := patched(`{"Operations":[` + ops + `]}`)
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %s, %v; want %s", ops, got, err, word)
		}
	}
	for _, body := range []string{``, `{`, `[]`, `{"Operations":{}}`} {
		if got, err := patched(body); err == nil {
			t.Errorf("%s makes %s", body, got)
		}
	}
}

// Letters go to work, to the primary address where work has several or none, and nowhere
// else as long as that one is there.
func TestWhichAddressLettersGoTo(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		`[]`:                            "",
		`[{"value":"a"}]`:               "a",
		`[{"value":"a"},{"value":"b"}]`: "a",
		`[{"value":"a"},{"value":"b","primary":true}]`:                                          "b",
		`[{"value":"a","type":"work"},{"value":"b","type":"home","primary":true}]`:              "a",
		`[{"value":"a","type":"work"},{"value":"b","type":"WORK","primary":"True"}]`:            "b",
		`[{"value":"a","type":"home"},{"value":"b","type":"work"},{"value":"c","type":"work"}]`: "b",
		`{"value":"a","type":"work"}`:                                                           "a",
		`[null,{"type":"work"},{"value":"a","type":"home"}]`:                                    "a",
	} {
		var all emails
		if err := json.Unmarshal([]byte(list), &all); err != nil || all.address() != want {
			t.Errorf("%s: %q, %v; want %q", list, all.address(), err, want)
		}
	}
	m := employment.Employment{Email: "new@e.example", Addresses: []employment.Address{{Value: "h@e.example", Type: "home"}, {Value: "w@e.example", Type: "work"}}}
	if got := emailsOf(m); got.address() != "new@e.example" || got[0].Value != "h@e.example" || m.Addresses[1].Value != "w@e.example" {
		t.Errorf("another way has changed the address: %+v", got)
	}
}

func TestPartsOfAnAnswer(t *testing.T) {
	t.Parallel()
	all := func(names string) []string { return strings.FieldsFunc(names, func(r rune) bool { return r == ',' }) }
	for _, one := range []struct{ only, without, want string }{
		{"userName", "", `{"id":"1","schemas":["` + schemaUser + `"],"userName":"Aino@e.example"}`},
		{"NAME.familyname," + schemaUser + ":active,title", "", `{"active":true,"id":"1","name":{"familyName":"Virtanen"},"schemas":["` + schemaUser + `"]}`},
		{"emails.type", "", `{"emails":[{"type":"work"},{"type":"home"}],"id":"1","schemas":["` + schemaUser + `"]}`},
		{"", "id,emails.value,emails.primary,name,meta,active,externalId,preferredLanguage", `{"emails":[{"type":"work"},{"type":"home"}],"id":"1","schemas":["` + schemaUser + `"],"userName":"Aino@e.example"}`},
	} {
		p, err := newParts(all(one.only), all(one.without))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := p.of(aino())
		if err != nil {
			t.Fatal(err)
		}
		if text, err := json.Marshal(doc); err != nil || string(text) != one.want {
			t.Errorf("%+v:\n got %s, %v\nwant %s", one, text, err, one.want)
		}
	}
	if _, err := newParts([]string{"id"}, []string{"name"}); err == nil {
		t.Error("both are taken")
	}
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "aino"`, `emails.value eq "a@b" and externalId eq "1"`, `userName eq "\u0000"`, `x eq "`, ` eq  " "`, `emails[type eq "work"].value pr`,
		`not (active eq true or (id pr)) and meta.created gt "2026-01-01T00:00:00Z"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := parseFilter(text)
		if (filter == nil) != (err != nil) && err == nil {
			t.Errorf("%q: %+v, %v", text, filter, err)
		}
		if err != nil {
			return
		}
		// Whom it chooses has what it is looked up by.
		u := aino()
		if l := narrow(filter); filter.matches(u) &&
			(l.ID != "" && l.ID != u.ID || l.ExternalID != "" && l.ExternalID != u.ExternalID || l.UserName != "" && !strings.EqualFold(l.UserName, u.UserName)) {
			t.Errorf("%q is looked up by %+v", text, l)
		}
	})
}

func FuzzPatch(f *testing.F) {
	f.Add(`{"Operations":[{"op":"replace","path":"active","value":"False"},{"op":"add","value":{"name":{"givenName":"x"}}}]}`)
	f.Add(`{"Operations":[{"op":"remove","path":"emails"}]}`)
	f.Add(`{"operations":[{"OP":"ADD","path":"emails[type eq \"work\"].value","value":null}]}`)
	f.Add(`{"Operations":[{"op":"replace","path":"emails[primary eq true]","value":[{"value":"x","primary":true}]}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		u := aino()
		if err := patchUser(&u, []byte(body)); err == nil && (u.ID != "1" || u.UserName == "" || u.Active == nil) {
			t.Errorf("a patch made %+v", u)
		}
	})
}
