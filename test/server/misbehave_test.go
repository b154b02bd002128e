package server_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/core/diagnosis"
	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
	"avain/internal/domain/staff"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/robot"
)

// misbehaviour is what the person is told, and support finds.
type misbehaviour struct {
	reason login.Reason
	detail string // beginning of the machine word that support sees
}

const well = login.ReasonWentWell // the login goes through all the same

// At a bank, by the broker whose pages these are.
var bankMisbehaves = map[brokersim.Toggle]misbehaviour{
	brokersim.Disturbance:          {well, ""},
	brokersim.HostileTexts:         {well, ""},
	brokersim.MissingSplitNames:    {well, ""},
	brokersim.DuplicateNames:       {well, ""},
	brokersim.OtherBank:            {well, ""}, // OP does not tell which bank it was
	brokersim.ServerError:          {login.ReasonBrokerError, ""},
	brokersim.CancelAtSelector:     {login.ReasonCancelledAtBroker, ""},
	brokersim.CancelAtBank:         {login.ReasonCancelledAtBroker, ""},
	brokersim.WrongState:           {login.ReasonAbandonedAtBank, ""}, // for us, nobody came back
	brokersim.MissingCode:          {login.ReasonBrokerResponse, "callback"},
	brokersim.ReusedCode:           {login.ReasonBrokerError, "token"},
	brokersim.PlaintextToken:       {login.ReasonBrokerUnencrypted, "id_token.plaintext"},
	brokersim.UnsignedToken:        {login.ReasonBrokerResponse, "id_token"},
	brokersim.WeakEncryption:       {login.ReasonBrokerResponse, "id_token"},
	brokersim.WrongEncryptionKid:   {well, ""}, // the key itself is ours: roll-over tries them all
	brokersim.WrongKid:             {login.ReasonBrokerResponse, ""},
	brokersim.WrongSignature:       {login.ReasonBrokerResponse, "id_token"},
	brokersim.WrongNonce:           {login.ReasonBrokerResponse, "id_token.nonce"},
	brokersim.MissingNonce:         {login.ReasonBrokerClaimMissing, "id_token.missing:nonce"},
	brokersim.WrongAud:             {login.ReasonBrokerResponse, "id_token.aud"},
	brokersim.WrongIss:             {login.ReasonBrokerResponse, "id_token.iss"},
	brokersim.WrongACR:             {login.ReasonIdentificationWeak, ""},
	brokersim.MissingLevel:         {login.ReasonBrokerClaimMissing, "id_token.missing:acr"},
	brokersim.MissingAuthTime:      {login.ReasonBrokerClaimMissing, "id_token.missing:auth_time"},
	brokersim.SingleSignOn:         {login.ReasonIdentificationStale, ""},
	brokersim.ExpiredToken:         {login.ReasonBrokerResponse, "id_token.exp"},
	brokersim.MissingHETU:          {login.ReasonBrokerClaimMissing, "id_token.missing:personal_identity_code"},
	brokersim.InvalidHETU:          {login.ReasonIdentityIncomplete, ""},
	brokersim.ExpiredSignedJWKS:    {login.ReasonBrokerError, "jwks"},
	brokersim.RotatedSignedJWKS:    {well, ""}, // an unknown kid makes us fetch the keys again
	brokersim.WrongEntitySignature: {login.ReasonBrokerError, "jwks"},
	brokersim.StatementAsJWKS:      {login.ReasonBrokerError, "jwks.type"},
	brokersim.TokenDown:            {login.ReasonBrokerError, "token.http_503"},
	brokersim.Slow:                 {login.ReasonBrokerSlow, ""},
	brokersim.TestACR:              {well, ""}, // not in production: see package broker
	brokersim.IdentificationError:  {login.ReasonBrokerError, "callback.access_denied"},
}

// With Mobile Certificate, by the other broker.
var mobileMisbehaves = map[brokersim.Toggle]misbehaviour{
	brokersim.StaleAuthTime: {login.ReasonIdentificationStale, ""},
	brokersim.MobileTimeout: {login.ReasonBrokerTimeout, ""},
	brokersim.UnknownMethod: {well, ""}, // noted in the attempt; who it is, the code says
}

// Nobody comes back, and nothing tells why.
var bankKeepsThePerson = map[brokersim.Toggle]misbehaviour{
	brokersim.NoReturnPage: {login.ReasonAbandonedAtBank, ""},
	brokersim.ReusedJTI:    {login.ReasonAbandonedAtBank, ""},
	brokersim.Down:         {login.ReasonAbandonedAtBank, ""},
	brokersim.Drop:         {login.ReasonAbandonedAtBank, ""},
}

// Every toggle of the simulator leads to an entry of the catalogue: a new one needs a
// row, and is played by the tests below.
func TestEveryMisbehaviourIsDiagnosed(t *testing.T) {
	t.Parallel()
	for _, toggle := range brokersim.Toggles() {
		rows := 0
		for _, played := range []map[brokersim.Toggle]misbehaviour{bankMisbehaves, mobileMisbehaves, bankKeepsThePerson} {
			if want, ok := played[toggle.Name]; ok {
				rows++
				if !reasons.Known(want.reason) {
					t.Errorf("%s leads to %q, which the catalogue does not know", toggle.Name, want.reason)
				}
			}
		}
		if rows != 1 {
			t.Errorf("%s stands in %d of the tables: %s", toggle.Name, rows, toggle.Description)
		}
	}
}

// mustComeTo checks what support reads of a login: now, and when its time is over.
func (r *rig) mustComeTo(code string, want misbehaviour) {
	r.Helper()
	a := r.attempt(code)
	later := diagnosis.Of(a, a.ExpiresAt.Add(time.Second))
	if now := diagnosis.Of(a, r.clock.now()); now.Running && now.Reason != later.Reason && now.Reason != login.ReasonStillRunning {
		r.Errorf("support reads %s now, and %s later", now.Reason, later.Reason)
	}
	if later.Reason != want.reason || !strings.HasPrefix(later.Detail, want.detail) {
		r.Errorf("support reads %s %q, want %s %q; timeline %+v", later.Reason, later.Detail, want.reason, want.detail, a.Timeline)
	}
	if later.Means == "" || later.Broker == "" || later.Browser == "" && !later.Good {
		r.Errorf("it does not say where: %+v", later)
	}
}

// Every way in which the simulated broker can misbehave at a bank: the person is told
// the right thing, support finds the right reason, and nobody is logged in; or, where a
// broker is merely imperfect, the login goes through all the same.
func TestMisbehavingBroker(t *testing.T) {
	t.Parallel()
	for toggle, want := range bankMisbehaves {
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
			if toggle == brokersim.IdentificationError {
				page = r.press(page, "Palaa palveluun")
			}
			if want.reason == well {
				if _, err := r.app.Finish(t.Context(), l, page.App); err != nil {
					t.Fatalf("%v:\n%s", err, page.Body)
				}
				r.mustComeTo(l.SupportCode, want)
				return
			}
			if page.App != "" || r.sessions() != 0 {
				t.Fatalf("somebody is logged in: %s", page.App)
			}
			r.mustComeTo(l.SupportCode, want)
			if toggle == brokersim.WrongState { // nobody can know whose login that was: the page's own code tells
				r.mustTell(page)
				if d, ok := diagnosis.OfCode(footerCode(t, page), r.clock.now()); !ok || d.Reason != login.ReasonAttemptUnknown {
					t.Errorf("the code on the page reads %s, %v", d.Reason, ok)
				}
			} else {
				r.mustTell(page, `role="alert"`, l.SupportCode)
			}
			if page.Status >= http.StatusInternalServerError {
				t.Errorf("status %d", page.Status)
			}
		})
	}
}

// Mobile Certificate is served by the other broker, whose single sign-on must not
// answer for the person.
func TestMisbehavingMobileBroker(t *testing.T) {
	t.Parallel()
	for toggle, want := range mobileMisbehaves {
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
			if want.reason == well {
				if _, err := r.app.Finish(t.Context(), l, page.App); err != nil {
					t.Fatalf("%v:\n%s", err, page.Body)
				}
				r.mustComeTo(l.SupportCode, want)
				r.mustShow(l.SupportCode, "tuntematon tapa (valittu: Mobiilivarmenne)")
				return
			}
			if page.App != "" || r.sessions() != 0 {
				t.Fatalf("somebody is logged in: %s", page.App)
			}
			r.mustComeTo(l.SupportCode, want)
			r.mustTell(page, `role="alert"`, l.SupportCode)
		})
	}
}

// mustShow checks what support reads in the timeline of an attempt.
func (r *rig) mustShow(code, want string) {
	r.Helper()
	page := r.agent(staff.RoleOperator).get("/console/attempts/" + r.attempt(code).ID)
	if page.Status != http.StatusOK || !strings.Contains(page.Body, want) {
		r.Errorf("the console does not show %q: %d\n%s", want, page.Status, page.Body)
	}
}

// A broker that shows a page of its own without a way back, or that is down, loses
// no login: the person goes back in the browser and tries again, or another way.
func TestBrokerThatLetsNobodyBack(t *testing.T) {
	t.Parallel()
	for toggle, want := range bankKeepsThePerson {
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
			r.mustComeTo(l.SupportCode, want)
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

var inFooter = regexp.MustCompile(`class="code"[^>]*>([2-9A-Z]{3}-[2-9A-Z]{3})<`)

// footerCode is the support code that a page shows at its foot.
func footerCode(t *testing.T, page robot.Page) string {
	t.Helper()
	found := inFooter.FindStringSubmatch(page.Body)
	if found == nil {
		t.Fatalf("no support code at the foot of %s", page.URL)
	}
	return found[1]
}
