package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/robot"
)

// phones makes phones that share their connections: what a connection and its TLS
// cost is the proxy's business, which stands in front of the service.
type phones struct {
	service   string
	bank      string
	transport http.RoundTripper
}

func (r *rig) phones() phones {
	return phones{
		service: r.service, bank: brokersim.Banks()[0].ID,
		transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			MaxIdleConnsPerHost: 4 * r.options.Concurrency, DisableCompression: true,
		},
	}
}

// app makes the app of a phone, with a key of its own.
func (p phones) app() (*robot.App, error) {
	return robot.NewApp(p.service, appID, appReturn, &http.Client{Transport: p.transport, CheckRedirect: robot.NoRedirect})
}

// logIn logs a phone in the whole way: the app pushes its request, the browser opens
// the page, the person chooses the bank and comes back from the broker, and the app
// redeems the code.
func (p phones) logIn(ctx context.Context, app *robot.App) (robot.Tokens, error) {
	login, err := app.Start(ctx, nil)
	if err != nil {
		return robot.Tokens{}, fmt.Errorf("start: %w", err)
	}
	browser := robot.NewBrowser(p.transport, appReturn)
	page, err := browser.Open(ctx, login.AuthorizeURL)
	if err != nil || page.Status != http.StatusOK {
		return robot.Tokens{}, fmt.Errorf("the login page: status %d, %w", page.Status, err)
	}
	page, err = browser.Submit(ctx, page.URL+"/means", url.Values{"means": {p.bank}})
	if err != nil || page.App == "" {
		return robot.Tokens{}, fmt.Errorf("by way of the bank to %s: status %d, %w", page.URL, page.Status, err)
	}
	tokens, err := app.Finish(ctx, login, page.App)
	if err != nil {
		return robot.Tokens{}, fmt.Errorf("redeem: %w", err)
	}
	return tokens, nil
}
