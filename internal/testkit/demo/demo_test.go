package demo_test

import (
	"net/http"
	"sync"
	"testing"

	"avain/internal/testkit/demo"
	"avain/internal/testkit/loopback"
	"avain/internal/testkit/robot"
)

// sharedKeys are made once: they take most of a demo's start-up time.
var sharedKeys = sync.OnceValues(demo.NewKeys)

func start(t *testing.T, o demo.Options) *demo.Demo {
	t.Helper()
	keys, err := sharedKeys()
	if err != nil {
		t.Fatal(err)
	}
	o.Keys = &keys
	d, err := demo.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestLoginThroughEveryPart(t *testing.T) {
	t.Parallel()
	d := start(t, demo.Options{})
	app, err := robot.NewApp(d.Service, "smartumpay", d.App+"/return", loopback.Client(t))
	if err != nil {
		t.Fatal(err)
	}
	browser := robot.NewBrowser(loopback.Transport(t), d.App)
	login, err := app.Start(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	page, err := browser.Open(t.Context(), login.AuthorizeURL)
	for _, button := range []string{"kuikka", "aino", "Vahvista"} {
		if err != nil || page.Status != http.StatusOK {
			t.Fatalf("before pressing %s: %d, %v", button, page.Status, err)
		}
		page, err = browser.Press(t.Context(), page, button, nil)
	}
	if err != nil || page.App == "" {
		t.Fatalf("not back in the app: %v, %s", err, page.Body)
	}
	tokens, err := app.Finish(t.Context(), login, page.App)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := app.UserInfo(t.Context(), tokens.AccessToken)
	if err != nil || claims["name"] != "Aino Maria Virtanen" || claims["benefits"] == nil {
		t.Fatalf("userinfo %v, %v", claims, err)
	}
	if _, err := app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
		t.Fatal(err)
	}
}
