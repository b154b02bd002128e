package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"sync/atomic"
	"time"

	"avain/internal/testkit/robot"
)

// measureConfirm times what a person feels after Vahvista: a login by link, whose app
// follows the event stream as it would on a phone, from the press of the button until
// the app holds its tokens. Half of the logins return by themselves, with the code in
// the address; the others bring six digits, typed in no time. The first run warms up.
func measureConfirm(ctx context.Context, r *rig) ([]figure, error) {
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	phones := r.phones()
	slowest, median := map[string][]float64{}, map[string][]float64{}
	names := []string{"confirm_told", "confirm_return", "confirm_digits"}
	for run := range r.options.Runs + 1 {
		watch := &stopwatch{took: map[string][]float64{}}
		var turn atomic.Int64
		err := r.pace(ctx, max(1, r.options.Rate/2), 2*r.options.Duration, func(ctx context.Context) error {
			return phones.confirm(ctx, turn.Add(1)%2 == 0, watch)
		})
		if err != nil {
			return nil, err
		}
		took := watch.take()
		for _, name := range names {
			if run > 0 {
				median[name] = append(median[name], percentile(took[name], 50))
				slowest[name] = append(slowest[name], percentile(took[name], 99))
			}
		}
	}
	var figures []figure
	for _, name := range names {
		figures = append(figures, of(name+"_p50", "ms", median[name]), of(name+"_p99", "ms", slowest[name]).against(below(50)))
	}
	return figures, nil
}

// confirm walks one login by link and times its end.
func (p phones) confirm(ctx context.Context, digits bool, watch *stopwatch) error {
	app, err := p.app()
	if err != nil {
		return err
	}
	if digits {
		app.RedirectURI = p.service + "/return" // the browser stays with us
	}
	login, err := app.Start(ctx, url.Values{"login_method": {"link"}})
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	waiting := *app
	stream, err := waiting.Follow(ctx, login)
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	told := make(chan heard, 1)
	go listen(stream, told)
	browser, page, err := p.untilConfirm(ctx, login)
	if err == nil {
		err = p.press(ctx, browser, page, app, login, told, watch, digits)
	}
	closing := stream.Close() // ends listen, should it be waiting still
	for range told {          // until it has ended
	}
	return errors.Join(err, closing)
}

// heard is when the app was told that its login is confirmed.
type heard struct {
	at  time.Time
	err error
}

func listen(s *robot.Stream, told chan<- heard) {
	defer close(told)
	for {
		e, err := s.Next()
		if err != nil || e.Status.State == "confirmed" {
			told <- heard{time.Now(), err}
			return
		}
	}
}

// untilConfirm goes through the bank, as far as the page that asks for Vahvista.
func (p phones) untilConfirm(ctx context.Context, login robot.Login) (*robot.Browser, robot.Page, error) {
	browser := robot.NewBrowser(p.transport, appReturn)
	page, err := browser.Open(ctx, login.LoginLink)
	if err != nil {
		return nil, page, fmt.Errorf("the link: %w", err)
	}
	if page, err = browser.Press(ctx, page, "Kirjaudu", nil); err != nil {
		return nil, page, fmt.Errorf("press Kirjaudu: %w", err)
	}
	page, err = browser.Submit(ctx, p.service+"/login/"+idOf(page.URL)+"/means", url.Values{"means": {p.bank}})
	if err != nil || page.Status != http.StatusOK {
		return nil, page, fmt.Errorf("by way of the bank to %s: status %d, %w", page.URL, page.Status, err)
	}
	return browser, page, nil
}

var attemptID = regexp.MustCompile(`/login/([^/?]+)`)

func idOf(address string) string {
	if found := attemptID.FindStringSubmatch(address); found != nil {
		return found[1]
	}
	return ""
}

var shownDigits = regexp.MustCompile(`class="digits" aria-label="(\d{6})"`)

// press presses Vahvista and does at once what app and person do then.
func (p phones) press(ctx context.Context, browser *robot.Browser, page robot.Page, app *robot.App, login robot.Login,
	told <-chan heard, watch *stopwatch, digits bool,
) error {
	began := time.Now()
	page, err := browser.Press(ctx, page, "Vahvista kirjautuminen", nil)
	if err != nil {
		return fmt.Errorf("press Vahvista: %w", err)
	}
	if !digits {
		if _, err := app.Finish(ctx, login, page.App); err != nil {
			return fmt.Errorf("redeem, from %s with status %d: %w", page.URL, page.Status, err)
		}
		watch.add("confirm_return", time.Since(began))
	}
	news := <-told
	if news.err != nil {
		return fmt.Errorf("the app was never told: %w", news.err)
	}
	watch.add("confirm_told", news.at.Sub(began))
	if !digits {
		return nil
	}
	shown := shownDigits.FindStringSubmatch(page.Body)
	if shown == nil {
		return fmt.Errorf("no digits on %s, status %d", page.URL, page.Status)
	}
	if _, err := app.Digits(ctx, login, shown[1]); err != nil {
		return fmt.Errorf("six digits: %w", err)
	}
	watch.add("confirm_digits", time.Since(began))
	return nil
}
