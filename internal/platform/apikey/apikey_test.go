package apikey_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/apikey"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
	"avain/internal/platform/web"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// office keeps keys in a real database, under a clock that tests move.
type office struct {
	*apikey.Keys
	db       *store.Store
	now      time.Time
	employer string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: storetest.Fresh(t), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := &office{db: db, now: noon, employer: login.NewID()}
	o.Keys = &apikey.Keys{Store: db.Operations, Employers: db.Employments, Now: func() time.Time { return o.now }, Log: slog.New(slog.DiscardHandler)}
	if err := db.Employments.AddEmployer(t.Context(), employment.Employer{ID: o.employer, Name: "A", Locale: "fi", CreatedAt: noon}); err != nil {
		t.Fatal(err)
	}
	return o
}

// ask is who calls with these headers.
func (o *office) ask(t *testing.T, authorization ...string) (operations.APIKey, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/employers", nil)
	r.Header["Authorization"] = authorization
	return o.Of(t.Context(), r)
}

func kindOf(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.AsError(err).Kind.String()
}

func TestOnlyGoodKeysOpen(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	k, shown, err := o.New(t.Context(), operations.APIKey{Name: "test", Scopes: []operations.APIScope{operations.ScopeImport}, ExpiresAt: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	secret := shown.Reveal()
	if strings.Contains(fmt.Sprintf("%v %+v", k, shown), secret) || !strings.HasPrefix(secret, apikey.Prefix) || len(secret) < 47 {
		t.Error("the key prints itself, or is not of its form")
	}
	for name, tc := range map[string]struct {
		headers []string
		want    string
	}{
		"good":              {[]string{"Bearer " + secret}, "ok"},
		"any case":          {[]string{"bearer " + secret}, "ok"},
		"none":              {nil, "unauthenticated"},
		"two":               {[]string{"Bearer " + secret, "Bearer " + secret}, "unauthenticated"},
		"another scheme":    {[]string{"Basic " + secret}, "unauthenticated"},
		"alone":             {[]string{secret}, "unauthenticated"},
		"without prefix":    {[]string{"Bearer " + strings.TrimPrefix(secret, apikey.Prefix)}, "unauthenticated"},
		"something behind":  {[]string{"Bearer " + secret + " "}, "unauthenticated"},
		"another one":       {[]string{"Bearer " + apikey.Prefix + strings.Repeat("A", 43)}, "unauthenticated"},
		"as long as it can": {[]string{"Bearer " + apikey.Prefix + strings.Repeat("A", 1<<16)}, "unauthenticated"},
	} {
		if _, err := o.ask(t, tc.headers...); kindOf(err) != tc.want {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
	for n := range len(secret) { // threat 28: every truncation and every changed letter
		changed := []byte(secret)
		changed[n] ^= 1
		for _, wrong := range []string{secret[:n], string(changed)} {
			if _, err := o.ask(t, "Bearer "+wrong); kindOf(err) != "unauthenticated" {
				t.Errorf("%d: %v", n, err)
			}
		}
	}
	o.now = k.ExpiresAt
	if _, err := o.ask(t, "Bearer "+secret); kindOf(err) != "unauthenticated" {
		t.Errorf("expired: %v", err)
	}
}

func TestKeysAreExchangedAndEnded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	k, first, err := o.New(t.Context(), operations.APIKey{Name: "test", Scopes: []operations.APIScope{operations.ScopeSCIM}, Employers: []string{o.employer}})
	if err != nil {
		t.Fatal(err)
	}
	second, err := o.Rotate(t.Context(), k.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	both := func(what, wantFirst, wantSecond string) {
		t.Helper()
		_, errFirst := o.ask(t, "Bearer "+first.Reveal())
		_, errSecond := o.ask(t, "Bearer "+second.Reveal())
		if kindOf(errFirst) != wantFirst || kindOf(errSecond) != wantSecond {
			t.Errorf("%s: %v and %v", what, errFirst, errSecond)
		}
	}
	both("in the overlap", "ok", "ok")
	o.now = noon.Add(time.Hour)
	both("afterwards", "unauthenticated", "ok")
	used, err := o.db.Operations.APIKeyByID(t.Context(), k.ID)
	if err != nil || !used.UsedAt.Equal(o.now) {
		t.Errorf("used at %v, %v", used.UsedAt, err)
	}
	if err := o.db.Operations.RevokeAPIKey(t.Context(), k.ID, o.now); err != nil {
		t.Fatal(err)
	}
	both("revoked", "unauthenticated", "unauthenticated")
	if _, err := o.Rotate(t.Context(), k.ID, 0); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a revoked key is exchanged: %v", err)
	}
}

func TestWhatAKeyMayBe(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	read := []operations.APIScope{operations.ScopePersonsRead}
	for field, k := range map[string]operations.APIKey{
		"name":       {Scopes: read},
		"scopes":     {Name: "none"},
		"scopes ":    {Name: "unknown", Scopes: []operations.APIScope{"everything"}},
		"scopes  ":   {Name: "sessions of an employer", Scopes: []operations.APIScope{operations.ScopeSessionsRead}, Employers: []string{o.employer}},
		"employers":  {Name: "directory of all", Scopes: []operations.APIScope{operations.ScopeSCIM}},
		"employers ": {Name: "nobody's", Scopes: read, Employers: []string{login.NewID()}},
		"expires":    {Name: "over", Scopes: read, ExpiresAt: noon},
	} {
		_, _, err := o.New(t.Context(), k)
		mistakes, _ := errors.AsType[fault.FieldErrors](err)
		if len(mistakes) != 1 || mistakes[0].Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
	if all, err := o.db.Operations.APIKeys(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%d wrong keys were made, %v", len(all), err)
	}
}

func TestCallersAreHeldBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	now := func() time.Time { return o.now }
	o.Limit = web.NewLimiter(web.Limit{Burst: 2, Each: time.Second}, 10, now)
	o.Wrong = web.NewLimiter(web.Limit{Burst: 3, Each: time.Second}, 10, now)
	_, shown, err := o.New(t.Context(), operations.APIKey{Name: "test", Scopes: []operations.APIScope{operations.ScopeImport}})
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{"ok", "ok", "too_many"} {
		if _, err := o.ask(t, "Bearer "+shown.Reveal()); kindOf(err) != want {
			t.Errorf("%d: %v, want %s", n, err, want)
		}
	}
	for n, want := range []string{"unauthenticated", "unauthenticated", "unauthenticated", "too_many"} {
		if _, err := o.ask(t, "Bearer "+apikey.Prefix+"x"); kindOf(err) != want {
			t.Errorf("wrong %d: %v, want %s", n, err, want)
		}
	}
	o.now = o.now.Add(time.Second)
	if _, err := o.ask(t, "Bearer "+shown.Reveal()); err != nil {
		t.Errorf("a second later: %v", err)
	}
}
