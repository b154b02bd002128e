package broker

import (
	"context"
	"net/url"
	"strings"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

func (t *SetupTest) checkSelector(ctx context.Context) {
	u := t.u
	if u.config.Selector.OutageURL != "" {
		const about = "the broker's outage text"
		switch texts, err := u.fetchOutage(ctx); {
		case err != nil:
			t.add(about, VerdictNote, "not to be had (%s): logins work without it", detailOf(err))
		case texts["en"] == "":
			t.add(about, VerdictOK, "none at present")
		default:
			t.add(about, VerdictNote, "%s", texts["en"])
		}
	}
	if u.config.Selector.URL == "" {
		return
	}
	const about = "the broker's list of banks"
	data, err := u.fetchSelector(ctx, "fi")
	if err != nil {
		t.add(about, VerdictNote, "not to be had (%s): only the configured banks are shown, without the texts that must be shown", detailOf(err))
		return
	}
	t.listed = data
	for _, p := range data.providers {
		t.add(about, VerdictOK, "%s: ftn_idp_id %s, to be chosen with --means %s", p.name, p.id, t.meansFor(p))
	}
	for _, m := range u.config.Means {
		if _, there := data.find(m.Value); !there {
			t.add(about, VerdictNote, "means %s is not shown: its value %q is not in the list", m.ID, m.Value)
		}
	}
	if d := data.disturbance; d != (Disturbance{}) {
		t.add(about, VerdictNote, "disturbance notice: %s %s", d.Header, d.Text)
	}
}

// meansFor is our id of a bank in OP's list.
func (t *SetupTest) meansFor(p provider) string {
	for _, m := range t.u.config.Means {
		if m.Value == p.id {
			return m.ID
		}
	}
	return t.u.config.newcomer(p).ID
}

// means finds what is to be chosen: the id as people are offered it, or as the broker
// lists it; without one the first that people would be offered.
func (t *SetupTest) means(ctx context.Context) (Means, bool) {
	u, id := t.u, t.start.Means
	if id == "" {
		for _, m := range u.config.Means {
			if served, ok := u.serves(ctx, m.ID); ok {
				return served, true
			}
		}
		if len(t.listed.providers) > 0 {
			return u.config.newcomer(t.listed.providers[0]), true
		}
	}
	if p, listed := t.listed.find(id); listed {
		return u.config.newcomer(p), true
	}
	return u.serves(ctx, id)
}

// checkRequest makes the request that a login would send, and pushes it where that is how
// it goes. The report has it decoded, and without what is a secret while the test lasts.
func (t *SetupTest) checkRequest(ctx context.Context) {
	const about = "the request"
	u := t.u
	means, ok := t.means(ctx)
	if !ok {
		t.Report.Findings = append(t.Report.Findings, failure(about, fault.New(fault.NotFound, login.ReasonMeansUnavailable, nil).WithDetail("means.unknown")))
		return
	}
	t.start.Means, t.began = means.ID, u.now()
	found, err := u.endpoints(ctx)
	if err != nil {
		t.failed(about, err)
		return
	}
	object, err := u.sign(u.requestClaims(t.start, means))
	if err != nil {
		t.failed(about, err)
		return
	}
	t.Report.Request = &SentRequest{Header: headerOf(object), Claims: payloadOf(object)}
	for _, secret := range []string{"state", "nonce", "code_challenge", "jti"} {
		if value, there := t.Report.Request.Claims[secret]; there {
			t.Report.Request.Claims[secret] = masked(value)
		}
	}
	redirect, err := u.carry(ctx, found, object)
	if err != nil {
		t.failed(about, err)
		return
	}
	t.address = redirect.URL
	if redirect.Fields != nil { // a form; a test goes by its address, which brokers take too
		t.address = withQuery(redirect.URL, redirect.Fields)
	}
	t.Report.Request.Address = withoutSecrets(t.address)
	t.add(about, VerdictOK, "made for means %s by transport %s; its address has %d characters", means.ID, u.config.Request.Transport, len(t.address))
	if len(t.address) > longAddress {
		t.add(about, VerdictNote, "an address of more than %d characters is too long for some proxies", longAddress)
	}
}

// longAddress is what nginx takes by default as a request line, less some room.
const longAddress = 8000

// withoutSecrets cuts the request object, or the reference to it, out of an address.
func withoutSecrets(address string) string {
	endpoint, query, _ := strings.Cut(address, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return endpoint
	}
	for _, name := range []string{"request", "request_uri"} {
		if values.Has(name) {
			values.Set(name, "…")
		}
	}
	return endpoint + "?" + strings.ReplaceAll(values.Encode(), url.QueryEscape("…"), "…")
}
