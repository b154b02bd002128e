package server_test

import (
	"errors"
	"strings"
	"testing"

	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/robot"
)

// Two people who share everything that is not the verified code stay two people:
// the same name and e-mail address, and codes that differ in the separator alone.
func TestThreat10OnlyTheVerifiedCodeJoinsAccounts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	twin := func(code string) login.Person {
		t.Helper()
		parsed, err := hetu.Parse(code, hetu.Artificial)
		if err != nil {
			t.Fatal(err)
		}
		p, isNew, err := r.Inside.People.Add(t.Context(), parsed, login.Person{
			GivenName: "Kim", FamilyName: "Laine", Name: "Kim Laine", Email: "kim@example.com", Locale: "fi",
		})
		if err != nil || !isNew {
			t.Fatalf("%v, new: %v", err, isNew)
		}
		return p
	}
	a, b := twin("010190-900P"), twin("010190Y900P")
	if a.ID == b.ID || a.Subject == b.Subject {
		t.Error("two people became one")
	}
	subjects := map[any]string{}
	for _, user := range []string{"matti", "maija"} { // codes that differ in the separator
		r.app, r.browser = r.phone()
		l := r.start()
		page := r.press(r.open(l), "kuikka", user, "Vahvista")
		tokens, err := r.app.Finish(t.Context(), l, page.App)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := r.app.UserInfo(t.Context(), tokens.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := subjects[claims["sub"]]; taken {
			t.Errorf("%s and %s have the same sub", other, user)
		}
		subjects[claims["sub"]] = user
	}
}

// A locked person is out on every path: no new login by any method, and none of the old
// tokens.
func TestThreat13LockedPersonIsOutEverywhere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tokens, app := r.login(), r.app
	for _, user := range []string{"aino", "hilma"} {
		if err := r.Inside.Store.People.LockPerson(t.Context(), r.person(user).ID, r.clock.now()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); code(err) != "invalid_grant" {
		t.Errorf("refresh: %v", err)
	}
	if _, err := r.app.UserInfo(t.Context(), tokens.AccessToken); code(err) != "invalid_token" {
		t.Errorf("userinfo: %v", err)
	}
	denied := func(name, supportCode string) {
		t.Helper()
		if a := r.attempt(supportCode); a.State != login.StateDenied || a.Reason != login.ReasonPersonLocked {
			t.Errorf("%s: %s, %s", name, a.State, a.Reason)
		}
	}
	for name, buttons := range map[string][]string{"bank": bank, "Mobile Certificate": {"mobile"}} {
		r.app, r.browser = r.phone()
		l := r.start()
		page := r.press(r.open(l), buttons...)
		if name != "bank" {
			page = r.mobile(page)
		}
		if page.App != "" {
			t.Fatalf("%s: logged in", name)
		}
		r.mustTell(page, l.SupportCode)
		denied(name, l.SupportCode)
	}
	r.app, r.browser = r.phone()
	l := r.link(r.Service + "/return")
	page := r.press(r.walkLink(l), "Vahvista kirjautuminen")
	r.mustTell(page, l.SupportCode)
	denied("link", l.SupportCode)

	_, code, refused := r.knock("hilma", demo.Password)
	if code != "" || refused.Reason != "person_locked" {
		t.Errorf("password in the app: %+v", refused)
	}
	denied("password in the app", refused.SupportCode)
	if _, _, wrong := r.knock("hilma", wrongPassword); wrong.Reason != "password_wrong" {
		t.Errorf("whoever does not know the password learns of the lock: %+v", wrong)
	}
	r.mustTell(r.onWeb("hilma", demo.Password))
	if signedIn := r.at(r.Service + "/me"); !strings.Contains(signedIn.Body, "/me/password") {
		t.Error("a password signs a locked person in to our own pages")
	}
	if r.sessions() != 0 {
		t.Errorf("%d sessions, want none: the lock has ended the old one", r.sessions())
	}
	if err := r.Inside.Store.People.UnlockPerson(t.Context(), r.person("aino").ID, r.clock.now()); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Refresh(t.Context(), tokens.RefreshToken); reason(err) != login.ReasonSessionEnded {
		t.Errorf("a session from before the lock, after it: %v", err)
	}
}

// A code that was scanned before the lock leads nowhere after it: the page is signed
// out, and the phone is not let in.
func TestThreat13LockedPersonGetsNoQRLogin(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.signIn()
	page := r.showQR()
	s := r.scan(page)
	if err := r.Inside.Store.People.LockPerson(t.Context(), r.person("aino").ID, r.clock.now()); err != nil {
		t.Fatal(err)
	}
	if now := r.seen(page); strings.Contains(now.Body, "Kirjaudu puhelimella") {
		t.Errorf("the page still asks for the number: %s", now.Body)
	}
	if tokens, err := r.app.CollectAndRedeem(t.Context(), s); err == nil {
		t.Errorf("logged in: %v", tokens.Scope)
	}
}

// person finds a sample person in the service's database.
func (r *rig) person(user string) login.Person {
	r.Helper()
	for _, p := range brokersim.People() {
		if p.UserID == user {
			known, err := r.Inside.People.Identify(r.Context(), login.Identity{HETU: p.HETU})
			if err != nil {
				r.Fatal(err)
			}
			person, err := r.Inside.Store.People.PersonByID(r.Context(), known.ID)
			if err != nil {
				r.Fatal(err)
			}
			return person
		}
	}
	r.Fatalf("no person %s", user)
	return login.Person{}
}

// Foreign and made-up handles get the same answer, wherever they are tried.
func TestThreat26ForeignHandlesAreUnknown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	victim := r.login()
	r.app, r.browser = r.phone()
	own := r.login()
	for name, try := range map[string]func(token string) error{
		"refresh": func(token string) error { _, err := r.app.Refresh(t.Context(), token); return err },
		"code":    func(token string) error { _, err := r.app.Redeem(t.Context(), robot.Login{}, token); return err },
	} {
		foreign, isForeign := errors.AsType[*robot.Refusal](try(victim.RefreshToken))
		madeUp, isMadeUp := errors.AsType[*robot.Refusal](try(login.NewID()))
		if !isForeign || !isMadeUp || foreign.Status != madeUp.Status || foreign.Code != madeUp.Code {
			t.Errorf("%s: a foreign handle answers %v, a made-up one %v", name, foreign, madeUp)
		}
	}
	if err := r.app.Revoke(t.Context(), "made-up"); err != nil {
		t.Errorf("revoking what does not exist is a success: %v", err)
	}
	if _, err := r.app.Refresh(t.Context(), own.RefreshToken); err != nil {
		t.Error(err)
	}
}
