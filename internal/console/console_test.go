package console

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/staff"
	"avain/internal/platform/web"
	"avain/internal/secret"
)

var noon = time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC)

// staffRoom keeps sessions in memory, and nothing else.
type staffRoom struct {
	StaffStore
	PasskeyStore
	SessionStore
	ReplayStore
	signed map[secret.Hash]signed
}

func newRoom() staffRoom { return staffRoom{signed: map[secret.Hash]signed{}} }

type signed struct {
	session staff.Session
	staff   staff.Member
}

func (s staffRoom) StaffBySession(_ context.Context, token secret.Hash) (staff.Session, staff.Member, error) {
	found, ok := s.signed[token]
	if !ok {
		return staff.Session{}, staff.Member{}, fault.ErrNotFound
	}
	return found.session, found.staff, nil
}

func (staffRoom) PasskeysSince(context.Context, time.Time) ([]staff.MemberPasskey, error) {
	return nil, nil
}

func (s staffRoom) UseStaffSession(_ context.Context, used staff.Session, idleUntil time.Time) error {
	one := s.signed[used.Token]
	one.session.IdleUntil = idleUntil
	s.signed[used.Token] = one
	return nil
}

// enter signs somebody in and answers their cookie.
func (s staffRoom) enter(role staff.Role, change func(*signed)) string {
	token := secret.New()
	in := signed{
		staff.Session{Token: token.Hash(), Staff: "x", IdleUntil: noon.Add(Idle), EndsAt: noon.Add(Longest)},
		staff.Member{ID: "x", Name: "Sanna", Role: role},
	}
	if change != nil {
		change(&in)
	}
	s.signed[token.Hash()] = in
	return token.Reveal()
}

func newConsole(t *testing.T, room staffRoom) *Console {
	t.Helper()
	base := &url.URL{Scheme: "http", Host: "localhost:9090"}
	kit, err := web.New(web.Config{BaseURL: base, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Deps{Staff: room, Passkeys: room, Sessions: room, Replays: room, Web: kit, Now: func() time.Time { return noon }, BaseURL: base.String(), Name: "SmartumPay"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func send(c *Console, method, path, cookie string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, "http://localhost:9090"+path, nil)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: cookieSession, Value: cookie})
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, r)
	return w
}

func TestRolesDecideWhoReachesARoute(t *testing.T) {
	t.Parallel()
	room := newRoom()
	c := newConsole(t, room)
	for _, least := range append(staff.Roles(), "", "wizard") {
		for mount, method := range map[string]func(string, staff.Role, Handler){"g": c.Get, "p": c.Post} {
			method(fmt.Sprintf("try/%s%s", mount, least), least, func(w http.ResponseWriter, _ *http.Request, who Agent) error {
				_, err := fmt.Fprint(w, "in as ", who.Role)
				return err
			})
		}
	}
	rank := map[staff.Role]int{staff.RoleAgent: 1, staff.RoleLead: 2, staff.RoleOperator: 3}
	for _, role := range append(staff.Roles(), "", "wizard") {
		cookie := room.enter(role, nil)
		for _, route := range c.Routes() {
			if !strings.HasPrefix(route.Pattern, Root+"try/") {
				continue
			}
			in := rank[role] > 0 && rank[route.Least] > 0 && rank[role] >= rank[route.Least]
			w := send(c, route.Method, route.Pattern, cookie)
			if got := strings.HasPrefix(w.Body.String(), "in as"); got != in {
				t.Errorf("%q at %s %s for %q: in %v, want %v (%d)", role, route.Method, route.Pattern, route.Least, got, in, w.Code)
			}
			if !in && w.Code != http.StatusForbidden {
				t.Errorf("%q at %s %s: %d", role, route.Method, route.Pattern, w.Code)
			}
			if body := send(c, route.Method, route.Pattern, "").Body.String(); strings.HasPrefix(body, "in as") {
				t.Errorf("anybody gets in at %s %s", route.Method, route.Pattern)
			}
		}
	}
}

// A page that loads itself again is shown, and keeps nobody signed in.
func TestPageOnAnEmptyDeskKeepsNobodySignedIn(t *testing.T) {
	t.Parallel()
	room := newRoom()
	c := newConsole(t, room)
	show := func(w http.ResponseWriter, _ *http.Request, _ Agent) error {
		_, err := fmt.Fprint(w, "the picture")
		return err
	}
	c.Get("picture", staff.RoleAgent, show)
	c.Post("act", staff.RoleAgent, show)
	soon := noon.Add(time.Minute)
	for _, one := range []struct {
		method, path string
		kept         bool
	}{
		{http.MethodGet, "picture", true}, {http.MethodGet, "picture" + ByItself, false}, {http.MethodPost, "act" + ByItself, true},
	} {
		cookie := room.enter(staff.RoleAgent, func(s *signed) { s.session.IdleUntil = soon })
		if w := send(c, one.method, Root+one.path, cookie); w.Body.String() != "the picture" {
			t.Errorf("%s %s: %d", one.method, one.path, w.Code)
		}
		if kept := room.signed[secret.Of(cookie).Hash()].session.IdleUntil.After(soon); kept != one.kept {
			t.Errorf("%s %s: kept signed in %v", one.method, one.path, kept)
		}
	}
}

func TestWhoIsNotSignedInStaysOut(t *testing.T) {
	t.Parallel()
	room := newRoom()
	c := newConsole(t, room)
	c.Get("secret", staff.RoleAgent, func(w http.ResponseWriter, _ *http.Request, _ Agent) error {
		_, err := fmt.Fprint(w, "the secret")
		return err
	})
	other := room.enter(staff.RoleOperator, nil)
	for name, cookie := range map[string]string{
		"no cookie": "", "garbage": "x", "unknown": secret.New().Reveal(),
		"idle":          room.enter(staff.RoleOperator, func(s *signed) { s.session.IdleUntil = noon }),
		"too long":      room.enter(staff.RoleOperator, func(s *signed) { s.session.EndsAt = noon }),
		"disabled":      room.enter(staff.RoleOperator, func(s *signed) { s.staff.DisabledAt = noon.Add(-time.Hour) }),
		"another's row": room.enter(staff.RoleOperator, func(s *signed) { s.session.Token = secret.Of(other).Hash() }),
	} {
		w := send(c, http.MethodGet, "/console/secret", cookie)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/console/sign-in?next=%2Fconsole%2Fsecret" {
			t.Errorf("%s: %d to %q", name, w.Code, w.Header().Get("Location"))
		}
	}
	if w := send(c, http.MethodGet, "/console/secret", other); w.Body.String() != "the secret" {
		t.Errorf("%d: who is signed in stays out", w.Code)
	}
	if w := send(c, http.MethodGet, "/console/secret", other, "Cookie", cookieSession+"="+other+"; "+cookieSession+"="+secret.New().Reveal()); w.Code != http.StatusSeeOther {
		t.Errorf("of two cookies one was planted, and it is taken: %d", w.Code)
	}
}
