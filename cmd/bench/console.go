package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// consoleCall is one thing that an agent does, from the request to the last byte of the
// last answer.
type consoleCall struct {
	name string
	do   func(ctx context.Context, c *consoleClient) error
}

// measureConsole times the pages of the support console, one call at a time, over a
// database of a million people, each with a login, an employer and an entry in the audit
// log. It begins with a new database, so it comes after the others.
func measureConsole(ctx context.Context, r *rig) ([]figure, error) {
	if r.serving != nil {
		if err := r.stop(); err != nil {
			return nil, err
		}
	}
	if err := r.newDatabase(ctx); err != nil {
		return nil, err
	}
	if err := r.oneLogin(ctx); err != nil {
		return nil, err
	}
	rows := r.options.Scale
	progress("  filling up to %d people, logins and audit entries", rows)
	sessions, err := r.fillConsole(ctx, rows)
	if err != nil {
		return nil, fmt.Errorf("fill: %w", err)
	}
	// Gigabytes that the kernel has yet to write would make every read of the run wait.
	syscall.Sync()
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	c := &consoleClient{
		rig: r, sessions: sessions, rows: rows, random: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // the same in each run
		http: &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	calls := max(20, int(40*r.options.Duration.Seconds()))
	var figures []figure
	for _, call := range consoleCalls() {
		var middle, slowest []float64
		for run := range r.options.Runs + 1 { // the first one warms up
			took := make([]float64, calls)
			for i := range took {
				began := time.Now()
				if err := call.do(ctx, c); err != nil {
					return nil, fmt.Errorf("%s: %w", call.name, err)
				}
				took[i] = milliseconds(time.Since(began))
			}
			if run > 0 {
				middle, slowest = append(middle, percentile(took, 50)), append(slowest, percentile(took, 99))
			}
		}
		figures = append(figures,
			of("console_"+call.name+"_p50", "ms", middle), of("console_"+call.name+"_p99", "ms", slowest).against(below(100)))
	}
	return append(figures, of("console_rows", "rows", []float64{float64(rows)})), r.stop()
}

func consoleCalls() []consoleCall {
	page := func(path string) func(ctx context.Context, c *consoleClient) error {
		return func(ctx context.Context, c *consoleClient) error { return c.page(ctx, c.rig.admin+"/console/"+path) }
	}
	return []consoleCall{
		{"support_code", func(ctx context.Context, c *consoleClient) error { return c.search(ctx, codeOf(c.one())) }},
		{"name", func(ctx context.Context, c *consoleClient) error {
			given, family := namesOf(c.one())
			return c.search(ctx, family[:5]+" "+given)
		}},
		{"common_name", func(ctx context.Context, c *consoleClient) error { return c.search(ctx, commonGiven+" "+commonFamily) }},
		{"email", func(ctx context.Context, c *consoleClient) error {
			return c.search(ctx, fmt.Sprintf("person%d@example.com", c.one()))
		}},
		{"employer", func(ctx context.Context, c *consoleClient) error {
			return c.search(ctx, "yritys "+letters(c.random.IntN(consoleEmployers), 3))
		}},
		{"person", func(ctx context.Context, c *consoleClient) error { return page("people/"+rowID(c.one()))(ctx, c) }},
		{"attempt", func(ctx context.Context, c *consoleClient) error { return page("attempts/"+rowID(c.one()))(ctx, c) }},
		{"overview", page("overview")},
		{"status", func(ctx context.Context, c *consoleClient) error { return c.page(ctx, c.rig.service+"/status") }},
		{"audit_newest", page("trail")},
		{"audit_actor", page("trail?actor=" + url.QueryEscape(consoleAudit))},
		{"audit_action", page("trail?action=nobody.ever")}, // the first look: nothing found
		{"audit_person", func(ctx context.Context, c *consoleClient) error { return page("trail?person="+rowID(c.one()))(ctx, c) }},
	}
}

// consoleClient is all agents, one after the other.
type consoleClient struct {
	rig      *rig
	http     *http.Client
	sessions []string
	next     int
	rows     int
	random   *rand.Rand
}

// one is somebody.
func (c *consoleClient) one() int { return c.random.IntN(c.rows) }

// search sends the form and follows to what it leads to.
func (c *consoleClient) search(ctx context.Context, typed string) error {
	c.next++
	status, to, err := c.send(ctx, http.MethodPost, c.rig.admin+"/console/search", url.Values{"q": {typed}}.Encode())
	if err != nil {
		return err
	}
	if status != http.StatusSeeOther || to == "" {
		return fmt.Errorf("searching answers %d", status)
	}
	return c.get(ctx, c.rig.admin+to)
}

// page is a page for another agent than the last.
func (c *consoleClient) page(ctx context.Context, address string) error {
	c.next++
	return c.get(ctx, address)
}

func (c *consoleClient) get(ctx context.Context, address string) error {
	status, _, err := c.send(ctx, http.MethodGet, address, "")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s answers %d", address, status)
	}
	return err
}

func (c *consoleClient) send(ctx context.Context, method, address, body string) (status int, to string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.AddCookie(&http.Cookie{Name: "avain-console", Value: c.sessions[c.next%len(c.sessions)]}) //nolint:gosec // over loopback
	answer, err := c.http.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return 0, "", err
	}
	return answer.StatusCode, answer.Header.Get("Location"), nil
}
