package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"avain/internal/core/people"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/robot"
)

// FuzzPassword: whatever somebody types as user name and password, the app's endpoint
// and our own page answer, say nothing of it, and let in only who knows the password.
func FuzzPassword(f *testing.F) {
	for _, seed := range [][2]string{
		{"hilma", "x"},
		{"hilma", ""},
		{"", "x"},
		{" HILMA ", demo.Password + " "},
		{"hilma\x00", demo.Password},
		{"hilma@example.com", "\xff\xfe"},
		{"' OR 1=1 --", "' OR 1=1 --"},
		{"eero", "x"},
		{strings.Repeat("a", 255), "x"},
		{"ä", strings.Repeat("ö", 1_024)},
		{"<script>alert(1)</script>", "<b>"},
		{"hi\u200blma", "x"},
		{"h\u0131lma", "x"},
		{"\u212aeero", "x"},
	} {
		f.Add(seed[0], seed[1])
	}
	z := newFuzzed(f)
	f.Fuzz(func(t *testing.T, name, typed string) {
		if typed == demo.Password {
			return // no guess
		}
		key, err := robot.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{
			"client_id": {"smartumpay"}, "response_type": {"code"}, "redirect_uri": {z.App + "/return"}, "scope": {"openid"}, "state": {"s"}, "nonce": {"n"},
			"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"}, "device_name": {"x"}, "device_platform": {"web"}, "app_version": {"1.16.0"},
			"username": {name}, "password": {typed},
		}
		status, text := z.post(t, key, form.Encode())
		var document struct {
			Code       string `json:"authorization_code"`
			Error      string `json:"error"`
			RequestURI string `json:"request_uri"`
		}
		if err := json.Unmarshal([]byte(text), &document); err != nil || document.Code != "" || document.Error == "" || document.RequestURI != "" || status < 400 {
			t.Errorf("%d: %s (%v)", status, text, err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, z.Service+"/me/password", strings.NewReader(url.Values{"username": {name}, "password": {typed}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.AddCookie(&http.Cookie{Name: "avain-browser", Value: strings.Repeat("A", 43)})
		status, header, body := z.send(t, r)
		if status < 400 || header.Get("Location") != "" || strings.Contains(body, "<script") || len(typed) > 12 && strings.Contains(body, typed) && !strings.Contains(name, typed) {
			t.Errorf("%d to %q: %s", status, header.Get("Location"), body)
		}
		if c, err := z.Inside.Store.People.CredentialByName(t.Context(), people.UserName(name)); err == nil && c.UserName != "hilma" && c.UserName != "eero" {
			t.Errorf("%q is %s", name, c.UserName)
		}
	})
}
