package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"avain/internal/brokersim"
	"avain/internal/config"
	"avain/internal/login"
	"avain/internal/robot"
)

// Every way in which the simulated broker can misbehave: the person is told the
// right thing, support finds the right reason, and nobody is logged in; or, where a
// broker is merely imperfect, the login goes through all the same.
func TestMisbehavingBroker(t *testing.T) {
	t.Parallel()
	const well = login.Reason("") // the login goes through
	for toggle, want := range map[brokersim.Toggle]struct {
		reason login.Reason
		detail string // beginning of the machine word that support sees
	}{
		brokersim.Disturbance:          {well, ""},
		brokersim.HostileTexts:         {well, ""},
		brokersim.MissingSplitNames:    {well, ""},
		brokersim.ServerError:          {login.ReasonBrokerError, ""},
		brokersim.CancelAtSelector:     {login.ReasonCancelledAtBroker, ""},
		brokersim.CancelAtBank:         {login.ReasonCancelledAtBroker, ""},
		brokersim.WrongState:           {login.ReasonAttemptUnknown, ""},
		brokersim.MissingCode:          {login.ReasonBrokerResponse, "callback"},
		brokersim.ReusedCode:           {login.ReasonBrokerError, "token"},
		brokersim.PlaintextToken:       {login.ReasonBrokerResponse, "id_token"},
		brokersim.UnsignedToken:        {login.ReasonBrokerResponse, "id_token"},
		brokersim.WeakEncryption:       {login.ReasonBrokerResponse, "id_token"},
		brokersim.WrongEncryptionKid:   {well, ""}, // the key itself is ours: roll-over tries them all
		brokersim.WrongKid:             {login.ReasonBrokerResponse, ""},
		brokersim.WrongSignature:       {login.ReasonBrokerResponse, "id_token"},
		brokersim.WrongNonce:           {login.ReasonBrokerResponse, "id_token.nonce"},
		brokersim.MissingNonce:         {login.ReasonBrokerResponse, "id_token.nonce"},
		brokersim.WrongAud:             {login.ReasonBrokerResponse, "id_token.aud"},
		brokersim.WrongIss:             {login.ReasonBrokerResponse, "id_token.iss"},
		brokersim.WrongACR:             {login.ReasonIdentificationWeak, ""},
		brokersim.ExpiredToken:         {login.ReasonBrokerResponse, "id_token.exp"},
		brokersim.MissingHETU:          {login.ReasonIdentityIncomplete, ""},
		brokersim.InvalidHETU:          {login.ReasonIdentityIncomplete, ""},
		brokersim.ExpiredSignedJWKS:    {login.ReasonBrokerError, "jwks"},
		brokersim.RotatedSignedJWKS:    {well, ""}, // an unknown kid makes us fetch the keys again
		brokersim.WrongEntitySignature: {login.ReasonBrokerError, "jwks"},
		brokersim.TokenDown:            {login.ReasonBrokerError, "token.http_503"},
		brokersim.Slow:                 {login.ReasonBrokerSlow, ""},
		brokersim.TestACR:              {well, ""}, // not in production: see package broker
	} {
		t.Run(string(toggle), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(c *config.Config) {
				if toggle == brokersim.Slow {
					c.Brokers[0].Timeout = time.Second
				}
			})
			l := r.start()
			page := r.open(l)
			if err := r.OP.Misbehave(toggle); err != nil {
				t.Fatal(err)
			}
			for _, button := range bank {
				if page.App != "" || strings.HasPrefix(page.URL, r.Service) && button != "kuikka" {
					break // the broker has sent us back before the bank was done
				}
				page = r.press(page, button)
			}
			a := r.attempt(l.SupportCode)
			if want.reason == well {
				if _, err := r.app.Finish(t.Context(), l, page.App); err != nil {
					t.Fatalf("%v, reasons %v:\n%s", err, a.Timeline, page.Body)
				}
				return
			}
			if page.App != "" || r.sessions() != 0 {
				t.Fatalf("somebody is logged in: %s", page.App)
			}
			if want.reason != login.ReasonAttemptUnknown { // nobody can know whose login that was
				last := a.Timeline[len(a.Timeline)-1]
				if last.Reason != want.reason || !strings.HasPrefix(last.Detail, want.detail) {
					t.Errorf("support reads %s %q, want %s %q", last.Reason, last.Detail, want.reason, want.detail)
				}
				r.mustTell(page, `role="alert"`, l.SupportCode)
			}
			if page.Status >= http.StatusInternalServerError {
				t.Errorf("status %d", page.Status)
			}
			r.mustTell(page)
		})
	}
}

// Mobile Certificate is served by the other broker, whose single sign-on must not
// answer for the person.
func TestMisbehavingMobileBroker(t *testing.T) {
	t.Parallel()
	for toggle, want := range map[brokersim.Toggle]login.Reason{
		brokersim.StaleAuthTime: login.ReasonIdentificationStale,
		brokersim.MobileTimeout: login.ReasonBrokerTimeout,
	} {
		t.Run(string(toggle), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if err := r.Telia.Misbehave(toggle); err != nil {
				t.Fatal(err)
			}
			l := r.start()
			page := r.mobile(r.press(r.open(l), "mobile"))
			if toggle == brokersim.MobileTimeout {
				r.clock.pass(6 * time.Minute)
				var err error
				if page, err = r.browser.Open(t.Context(), page.URL); err != nil {
					t.Fatal(err)
				}
				page = r.press(page, "Palaa")
			}
			a := r.attempt(l.SupportCode)
			last := a.Timeline[len(a.Timeline)-1]
			if last.Reason != want || page.App != "" || r.sessions() != 0 {
				t.Fatalf("support reads %s %q, want %s; app %q", last.Reason, last.Detail, want, page.App)
			}
			r.mustTell(page, `role="alert"`, l.SupportCode)
		})
	}
}

// A broker that shows a page of its own without a way back, or that is down, loses
// no login: the person goes back in the browser and tries again, or another way.
func TestBrokerThatLetsNobodyBack(t *testing.T) {
	t.Parallel()
	for _, toggle := range []brokersim.Toggle{brokersim.NoReturnPage, brokersim.ReusedJTI, brokersim.Down, brokersim.Drop} {
		t.Run(string(toggle), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			l := r.start()
			means := r.open(l)
			if err := r.OP.Misbehave(toggle); err != nil {
				t.Fatal(err)
			}
			stuck, err := r.browser.Press(t.Context(), means, "kuikka", nil)
			if err == nil && (!strings.HasPrefix(stuck.URL, r.Banks) || stuck.Status < http.StatusBadRequest) {
				t.Fatalf("%d %s", stuck.Status, stuck.URL)
			}
			if a := r.attempt(l.SupportCode); a.State != login.StateOpened {
				t.Fatalf("state %s", a.State)
			}
			if err := r.OP.Behave(); err != nil {
				t.Fatal(err)
			}
			var again robot.Page
			for range 3 {
				r.clock.pass(2 * time.Second) // the broker is not asked again within a second of a failure
				if again = r.press(r.open(l), bank...); again.App != "" {
					break // a fetch of its keys may still have been failing: the person tries again
				}
			}
			if _, err := r.app.Finish(t.Context(), l, again.App); err != nil {
				t.Error(err)
			}
		})
	}
}
