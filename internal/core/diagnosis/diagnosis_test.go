package diagnosis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/core/diagnosis"
	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// The lines of timelines, as package attempt writes them.
const (
	opera  = "Opera 76 on Android"
	chrome = "Chrome 156 on Android"
)

func ok(step, browser string) login.Event {
	e := login.Event{Step: step, Outcome: login.OutcomeOK, Browser: browser}
	if step == login.StepChoose || step == login.StepIdentify || step == login.StepRedeem {
		e.Means, e.Broker = "nordea", "telia"
	}
	return e
}

func with(e login.Event, detail string) login.Event {
	e.Detail = detail
	return e
}

func failed(step string, reason login.Reason, browser string) login.Event {
	return login.Event{Step: step, Outcome: login.OutcomeFailed, Reason: reason, Browser: browser}
}

var expired = failed(login.StepExpire, login.ReasonAttemptExpired, "")

// attempt is a login with a timeline, one line a second.
func attempt(m login.Method, state login.State, reason login.Reason, lines ...login.Event) login.Attempt {
	a := login.Attempt{Method: m, State: state, Reason: reason, CreatedAt: start, ExpiresAt: start.Add(10 * time.Minute)}
	for i, e := range lines {
		e.At = start.Add(time.Duration(i) * time.Second)
		a.Timeline = append(a.Timeline, e)
	}
	return a
}

const (
	direct = login.MethodDirect
	link   = login.MethodLink
	qr     = login.MethodQR
	pwd    = login.MethodCredentials
)

// The timelines that logins really leave, and what they come to.
func TestOf(t *testing.T) {
	t.Parallel()
	begin := ok(login.StepStart, "other")
	page, choose := ok(login.StepPage, opera), ok(login.StepChoose, opera)
	identify, confirm := ok(login.StepIdentify, opera), ok(login.StepConfirm, opera)
	open, scan := ok(login.StepOpen, opera), ok(login.StepClaim, "")
	withDigits := with(confirm, "digits")
	gave := func(detail string) login.Event {
		return with(login.Event{Step: login.StepCancel, Outcome: login.OutcomeRefused, Reason: login.ReasonCancelledByPerson}, detail)
	}
	dead := func(m login.Method, lines ...login.Event) login.Attempt {
		return attempt(m, login.StateExpired, login.ReasonAttemptExpired, append(lines, expired)...)
	}
	given := func(m login.Method, lines ...login.Event) login.Attempt {
		return attempt(m, login.StateDenied, login.ReasonCancelledByPerson, append(lines, gave("app"))...)
	}
	elsewhere := failed(login.StepReturn, login.ReasonOtherBrowser, chrome)
	bankFailed := failed(login.StepReturn, login.ReasonBrokerError, opera)
	for name, c := range map[string]struct {
		a    login.Attempt
		want login.Reason
	}{
		"went well":                      {attempt(direct, login.StateRedeemed, "", begin, page, choose, identify, confirm, ok(login.StepRedeem, "")), login.ReasonWentWell},
		"went well at the second bank":   {attempt(direct, login.StateRedeemed, "", begin, page, choose, bankFailed, choose, identify, confirm, ok(login.StepRedeem, "")), login.ReasonWentWell},
		"code came twice":                {attempt(direct, login.StateRedeemed, "", begin, page, choose, identify, confirm, ok(login.StepRedeem, ""), failed(login.StepRedeem, login.ReasonCodeReplayed, "")), login.ReasonCodeReplayed},
		"never opened":                   {dead(direct, begin), login.ReasonNotOpened},
		"link never opened":              {dead(link, begin), login.ReasonLinkNotOpened},
		"nothing chosen":                 {dead(direct, begin, page), login.ReasonAbandonedAtPage},
		"link opened, nothing chosen":    {dead(link, begin, open), login.ReasonAbandonedAtPage},
		"abandoned at the bank":          {dead(direct, begin, page, choose), login.ReasonAbandonedAtBank},
		"abandoned, page shown again":    {dead(direct, begin, page, choose, ok(login.StepPage, chrome)), login.ReasonAbandonedAtBank},
		"abandoned at the second bank":   {dead(direct, begin, page, choose, bankFailed, choose), login.ReasonAbandonedAtBank},
		"bank failed, then nothing":      {dead(direct, begin, page, choose, bankFailed), login.ReasonBrokerError},
		"bank down":                      {dead(direct, begin, page, failed(login.StepChoose, login.ReasonBrokerDown, opera)), login.ReasonBrokerDown},
		"came back elsewhere":            {dead(direct, begin, page, choose, elsewhere), login.ReasonOtherBrowser},
		"cancelled at the bank":          {dead(direct, begin, page, choose, failed(login.StepReturn, login.ReasonCancelledAtBroker, opera)), login.ReasonCancelledAtBroker},
		"cancelled on the page":          {attempt(direct, login.StateDenied, login.ReasonCancelledByPerson, begin, page, gave("")), login.ReasonCancelledByPerson},
		"refused as somebody else's":     {attempt(link, login.StateDenied, login.ReasonCancelledByPerson, begin, gave("not_started_by_me")), login.ReasonNotMine},
		"given up in the app":            {given(direct, begin, page, choose), login.ReasonCancelledByPerson},
		"given up, never opened":         {given(direct, begin), login.ReasonNotOpened},
		"given up, redirect lost":        {given(direct, begin, page, choose, identify, confirm), login.ReasonRedirectLost},
		"given up, digits shown":         {given(link, begin, open, choose, identify, withDigits), login.ReasonDigitsNotTyped},
		"given up, in two browsers":      {given(direct, begin, page, choose, elsewhere), login.ReasonOtherBrowser},
		"link given up in the app":       {given(link, begin), login.ReasonCancelledByPerson},
		"redirect lost":                  {dead(direct, begin, page, choose, identify, confirm), login.ReasonRedirectLost},
		"redirect lost, digits shown":    {dead(direct, begin, page, choose, identify, confirm, withDigits), login.ReasonDigitsNotTyped},
		"link confirmed, no digits":      {dead(link, begin, open, page, choose, identify, withDigits), login.ReasonDigitsNotTyped},
		"link not confirmed":             {dead(link, begin, open, page, choose, identify), login.ReasonNotConfirmed},
		"link confirmed late":            {attempt(link, login.StateFailed, login.ReasonConfirmLate, begin, open, choose, identify, failed(login.StepConfirm, login.ReasonConfirmLate, opera)), login.ReasonConfirmLate},
		"digits wrong, then nothing":     {dead(link, begin, open, choose, identify, withDigits, failed(login.StepDigits, login.ReasonDigitsWrong, "")), login.ReasonDigitsWrong},
		"digits right, never redeemed":   {dead(link, begin, open, choose, identify, withDigits, ok(login.StepDigits, "")), login.ReasonAppGone},
		"we stopped it":                  {dead(direct, begin, page, choose, identify), login.ReasonInternal},
		"redeemed too late":              {dead(direct, begin, page, choose, identify, confirm, failed(login.StepRedeem, login.ReasonCodeExpired, "")), login.ReasonCodeExpired},
		"redeemed with another key":      {dead(direct, begin, page, choose, identify, confirm, failed(login.StepRedeem, login.ReasonKeyWrong, "")), login.ReasonKeyWrong},
		"in two browsers":                {attempt(link, login.StateBurned, login.ReasonLinkReused, begin, open, failed(login.StepOpen, login.ReasonLinkReused, chrome)), login.ReasonLinkReused},
		"no benefits":                    {attempt(direct, login.StateFailed, login.ReasonNoBenefits, begin, page, choose, failed(login.StepIdentify, login.ReasonNoBenefits, opera)), login.ReasonNoBenefits},
		"QR never approved":              {attempt(qr, login.StateExpired, login.ReasonApprovalLate, begin, scan, failed(login.StepExpire, login.ReasonApprovalLate, "")), login.ReasonApprovalLate},
		"QR never approved, purged":      {dead(qr, begin, scan), login.ReasonApprovalLate},
		"QR approved, never collected":   {dead(qr, begin, scan, ok(login.StepApprove, chrome)), login.ReasonAppGone},
		"QR collected, never redeemed":   {dead(qr, begin, scan, ok(login.StepApprove, chrome), ok(login.StepConfirm, "")), login.ReasonAppGone},
		"QR scanned by two":              {attempt(qr, login.StateBurned, login.ReasonQRReused, begin, scan, failed(login.StepClaim, login.ReasonQRReused, ""), failed(login.StepClaim, login.ReasonQRUsed, "")), login.ReasonQRReused},
		"password wrong":                 {attempt(pwd, login.StateFailed, login.ReasonPasswordWrong, begin, failed(login.StepPassword, login.ReasonPasswordWrong, "")), login.ReasonPasswordWrong},
		"SmartumPlus with a password":    {attempt(pwd, login.StateFailed, login.ReasonStrongRequired, begin, failed(login.StepPassword, login.ReasonStrongRequired, "")), login.ReasonStrongRequired},
		"password right, never redeemed": {dead(pwd, begin, ok(login.StepPassword, "")), login.ReasonAppGone},
		"ended by a restored backup":     {attempt(direct, login.StateBurned, login.ReasonAttemptEnded, begin, page), login.ReasonAttemptEnded},
		"ended by a word of tomorrow":    {attempt(direct, login.StateFailed, "word_of_tomorrow", begin, page), login.ReasonInternal},
		"nothing in the timeline":        {attempt(direct, login.StateConfirmed, ""), login.ReasonStillRunning},
		"running":                        {attempt(direct, login.StateOpened, "", begin, page, choose), login.ReasonStillRunning},
		"running after a failure":        {attempt(direct, login.StateOpened, "", begin, page, choose, bankFailed), login.ReasonBrokerError},
		"running, chosen again":          {attempt(direct, login.StateOpened, "", begin, page, choose, bankFailed, choose), login.ReasonStillRunning},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := diagnosis.Of(c.a, start.Add(time.Minute)); d.Reason != c.want {
				t.Errorf("it comes to %s, want %s", d.Reason, c.want)
			}
		})
	}
}

// A login whose time is over, and that housekeeping has not met yet, comes to the same
// as one that it has.
func TestOfDoesNotWaitForHousekeeping(t *testing.T) {
	t.Parallel()
	a := attempt(direct, login.StateOpened, "", ok(login.StepStart, ""), ok(login.StepPage, opera), ok(login.StepChoose, opera))
	if d := diagnosis.Of(a, a.ExpiresAt.Add(-time.Millisecond)); !d.Running || d.Reason != login.ReasonStillRunning {
		t.Errorf("before the end: %+v", d)
	}
	if d := diagnosis.Of(a, a.ExpiresAt); d.Running || d.Reason != login.ReasonAbandonedAtBank {
		t.Errorf("at the end: %+v", d)
	}
}

// A diagnosis names where and when it happened: browsers, bank, broker, step, word.
func TestOfNamesWhereAndWhen(t *testing.T) {
	t.Parallel()
	returned := failed(login.StepReturn, login.ReasonBrokerError, opera)
	returned.Detail, returned.Means, returned.Broker = "token.http_503", "nordea", "telia"
	a := attempt(direct, login.StateOpened, "", ok(login.StepStart, "Chrome 1 on Linux"), ok(login.StepPage, opera), ok(login.StepChoose, opera),
		failed(login.StepReturn, login.ReasonOtherBrowser, chrome), returned, ok(login.StepPage, chrome))
	d := diagnosis.Of(a, start.Add(time.Hour))
	if !d.At.Equal(start.Add(4*time.Second)) || d.Step != login.StepReturn || d.Detail != "token.http_503" ||
		d.Means != "nordea" || d.Broker != "telia" || d.Browser != opera || d.Began != "" {
		t.Errorf("%+v", d)
	}
	if !slices.Equal(d.Earlier, []login.Reason{login.ReasonOtherBrowser}) {
		t.Errorf("earlier: %v", d.Earlier)
	}

	a.Timeline = a.Timeline[:4]
	d = diagnosis.Of(a, start.Add(time.Hour))
	if d.Reason != login.ReasonOtherBrowser || d.Browser != chrome || d.Began != opera || d.Means != "nordea" {
		t.Errorf("in another browser: %+v", d)
	}

	a.Timeline = a.Timeline[:1] // the app is no browser
	if d = diagnosis.Of(a, start.Add(time.Hour)); d.Browser != "" || !d.At.Equal(start) {
		t.Errorf("never opened: %+v", d)
	}
}

func TestReplyNamesBrowserAndBank(t *testing.T) {
	t.Parallel()
	brand := diagnosis.Brand{App: "SmartumPay", Company: "Smartum", Version: "1.16.0", Bank: func(lang, means string) string {
		return strings.ToUpper(means) + " " + lang
	}}
	d := diagnosis.Diagnosis{Entry: reasons.Of(login.ReasonRedirectLost), Browser: "Samsung Internet 20 on Android", Means: "nordea"}
	reply, err := diagnosis.Reply(d, "fi", brand)
	if err != nil || !strings.Contains(reply, "selaimesi (Samsung Internet)") {
		t.Errorf("%v: %s", err, reply)
	}
	d.Entry, d.Browser = reasons.Of(login.ReasonAbandonedAtBank), "other on Android"
	words, err := diagnosis.Say(d, "sv", brand)
	if err != nil || !strings.Contains(words.Reply, "(NORDEA sv)") || strings.Contains(words.Cause, "other") {
		t.Errorf("%v: %+v", err, words)
	}
}

// Activating and signing in on our own pages involve no app.
func TestOfOurOwnPages(t *testing.T) {
	t.Parallel()
	a := attempt(direct, login.StateExpired, login.ReasonAttemptExpired, ok(login.StepStart, chrome), ok(login.StepPage, chrome), ok(login.StepChoose, chrome), expired)
	a.Client = login.WebClient
	if d := diagnosis.Of(a, start.Add(time.Hour)); !d.Web || d.Reason != login.ReasonAbandonedAtBank {
		t.Errorf("%+v", d)
	}
}
