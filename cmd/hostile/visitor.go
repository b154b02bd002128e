package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"avain/internal/testkit/robot"
)

// visitor is an app and a browser of one person.
type visitor struct {
	app     *robot.App
	browser *robot.Browser
	close   func()
}

func newVisitor(service, app string) (*visitor, error) {
	transport := &http.Transport{}
	a, err := robot.NewApp(service, "smartumpay", app+"/return", &http.Client{Transport: transport, CheckRedirect: robot.NoRedirect})
	if err != nil {
		return nil, err
	}
	return &visitor{app: a, browser: robot.NewBrowser(transport, app), close: transport.CloseIdleConnections}, nil
}

// press presses one button after the other.
func (v *visitor) press(ctx context.Context, page robot.Page, buttons ...string) (_ robot.Page, err error) {
	for _, button := range buttons {
		if page, err = v.browser.Press(ctx, page, button, url.Values{}); err != nil {
			return page, fmt.Errorf("press %q: %w", button, err)
		}
	}
	return page, nil
}

// logIn is a whole direct login of somebody at the simulated bank.
func (v *visitor) logIn(ctx context.Context, user string) (robot.Tokens, error) {
	l, err := v.app.Start(ctx, url.Values{})
	if err != nil {
		return robot.Tokens{}, err
	}
	page, err := v.browser.Open(ctx, l.AuthorizeURL)
	if err != nil {
		return robot.Tokens{}, err
	}
	if page, err = v.press(ctx, page, "kuikka", user, "Vahvista"); err != nil {
		return robot.Tokens{}, err
	}
	return v.app.Finish(ctx, l, page.App)
}
