package scim

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestFilters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Filter{
		`userName eq "aino"`:                    {UserName: "aino"},
		`USERNAME EQ "a\"b\\ and x"`:            {UserName: `a"b\ and x`},
		`emails.value eq "a@b.example"`:         {Email: "a@b.example"},
		`emails eq "a@b.example"`:               {Email: "a@b.example"},
		`externalId eq "1" and userName eq "x"`: {ExternalID: "1", UserName: "x"},
		schemaUser + `:userName eq "x"`:         {UserName: "x"},
	} {
		if got, err := ParseFilter(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		``, `userName`, `userName eq`, `userName eq x`, `userName ne "x"`, `userName eq "x" or userName eq "y"`, `userName eq "x" and`,
		`userName eq "x" and userName eq "y"`, `not (userName eq "x")`, `password eq "x"`, `userName eq ""`, `userName eq "x`, `userName pr`,
		`userName eq "` + strings.Repeat("x", maxFilter) + `"`,
	} {
		if got, err := ParseFilter(text); err == nil {
			t.Errorf("%s is read as %+v", text, got)
		}
	}
}

func TestPatches(t *testing.T) {
	t.Parallel()
	yes := flag(true)
	for body, want := range map[string]string{
		`{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`:                                  `"active":false`,
		`{"Operations":[{"op":"replace","value":{"active":false,"name.givenName":"B"}}]}`:                    `"givenName":"B"`,
		`{"Operations":[{"op":"add","path":"emails[type eq \"work\"].value","value":"n@e.example"}]}`:        `"value":"n@e.example"`,
		`{"Operations":[{"op":"remove","path":"externalId"}]}`:                                               `"userName":"aino"`,
		`{"Operations":[{"op":"replace","path":"emails","value":[{"value":"x@y.example","primary":true}]}]}`: `x@y.example`,
	} {
		u := user{UserName: "aino", ExternalID: "1", Name: name{"A", "V"}, Emails: []email{{Value: "a@b.example"}}, Active: &yes}
		if err := patchUser(&u, []byte(body)); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		text, err := json.Marshal(u)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %s, %v", body, text, err)
		}
	}
	for _, body := range []string{
		``, `{}`, `{"Operations":[]}`, `{"Operations":[{"op":"move","path":"userName","value":"x"}]}`, `{"Operations":[{"op":"remove"}]}`,
		`{"Operations":[{"op":"replace","path":"id","value":"x"}]}`, `{"Operations":[{"op":"replace","path":"password","value":"x"}]}`,
		`{"Operations":[{"op":"replace","path":"active","value":"maybe"}]}`, `{"Operations":[{"op":"replace","value":"x"}]}`,
		`{"Operations":[{"op":"remove","path":"active"}]}`,
	} {
		u := user{UserName: "aino"}
		if err := patchUser(&u, []byte(body)); err == nil {
			t.Errorf("%s makes %+v", body, u)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{`userName eq "aino"`, `emails.value eq "a@b" and externalId eq "1"`, `userName eq "\u0000"`, `x eq "`, ` eq  " "`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := ParseFilter(text)
		if chooses := filter != (Filter{}); chooses != (err == nil) {
			t.Errorf("%q chooses %+v, %v", text, filter, err)
		}
	})
}

func FuzzPatch(f *testing.F) {
	f.Add(`{"Operations":[{"op":"replace","path":"active","value":"False"},{"op":"add","value":{"name":{"givenName":"x"}}}]}`)
	f.Add(`{"Operations":[{"op":"remove","path":"emails"}]}`)
	f.Add(`{"operations":[{"OP":"ADD","path":"emails[type eq \"work\"].value","value":null}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		u := user{ID: "1", UserName: "aino", Schemas: []string{schemaUser}}
		if err := patchUser(&u, []byte(body)); err == nil && u.ID != "1" {
			t.Error("a patch changed the id")
		}
	})
}
