package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"avain/internal/testkit/robot"

	"golang.org/x/net/html"
)

const kilobyte = 1000 // as the bar counts

// measurePage weighs the login page as a browser with an empty cache gets it: the
// page, its style sheet and every picture, bodies as they come over the wire and the
// headers of the answers with them.
func measurePage(ctx context.Context, r *rig) ([]figure, error) {
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	phones := r.phones()
	app, err := phones.app()
	if err != nil {
		return nil, err
	}
	login, err := app.Start(ctx, nil)
	if err != nil {
		return nil, err
	}
	opened, err := robot.NewBrowser(phones.transport, appReturn).Open(ctx, login.AuthorizeURL)
	if err != nil {
		return nil, err
	}
	body, weight, err := r.fetch(ctx, opened.URL)
	if err != nil {
		return nil, err
	}
	parts, err := partsOf(opened.URL, body)
	if err != nil {
		return nil, err
	}
	total := weight
	for _, part := range parts {
		if !strings.HasPrefix(part, r.service+"/") {
			return nil, fmt.Errorf("the page loads %s from somebody else", part)
		}
		_, one, err := r.fetch(ctx, part)
		if err != nil {
			return nil, err
		}
		progress("  %d bytes: %s", one, part)
		total += one
	}
	return []figure{
		of("login_page", "kB", []float64{float64(total) / kilobyte}).against(below(30)),
		of("login_page_html", "kB", []float64{float64(weight) / kilobyte}),
		of("login_page_requests", "requests", []float64{float64(1 + len(parts))}),
	}, nil
}

// fetch gets what a browser would and returns the text and its weight in bytes.
func (r *rig) fetch(ctx context.Context, address string) (text []byte, weight int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept-Encoding", "gzip") // by hand: net/http leaves the body as it comes
	answer, err := r.http.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("%s: %s", address, answer.Status)
	}
	wire, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, 0, err
	}
	var head bytes.Buffer
	if err := answer.Header.Write(&head); err != nil {
		return nil, 0, err
	}
	weight = len(wire) + head.Len()
	if answer.Header.Get("Content-Encoding") != "gzip" {
		return wire, weight, nil
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(wire))
	if err != nil {
		return nil, 0, err
	}
	text, err = io.ReadAll(unpacked)
	return text, weight, err
}

// partsOf lists what a browser loads by itself with a page, each address once.
func partsOf(address string, page []byte) ([]string, error) {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	var parts []string
	known := map[string]bool{}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			loads := a.Key == "src" || a.Key == "href" && n.Data == "link"
			if n.Type != html.ElementNode || !loads || strings.HasPrefix(a.Val, "data:") {
				continue
			}
			part, err := base.Parse(a.Val)
			if err != nil {
				return nil, err
			}
			if full := part.String(); !known[full] {
				known[full] = true
				parts = append(parts, full)
			}
		}
	}
	return parts, nil
}
