package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
	"avain/internal/platform/store"
)

func apiKeys(t *testing.T, s *store.Store) {
	want := operations.APIKey{
		ID: login.NewID(), Name: "HR", Scopes: []operations.APIScope{operations.ScopePersonsRead, operations.ScopeImport}, Employers: []string{"name A B", login.NewID()},
		Hash: NewHash(), CreatedAt: Noon(), ExpiresAt: Noon().Add(time.Hour),
	}
	wantErr(t, "add", s.Operations.AddAPIKey(t.Context(), want), nil)
	wantErr(t, "the same again", s.Operations.AddAPIKey(t.Context(), want), fault.ErrExists)
	got := must[operations.APIKey](t)(s.Operations.APIKeyByHash(t.Context(), want.Hash, Noon()))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, err := s.Operations.APIKeyByHash(t.Context(), NewHash(), Noon())
	wantErr(t, "another secret", err, fault.ErrNotFound)

	next, until := NewHash(), Noon().Add(time.Hour)
	wantErr(t, "rotate", s.Operations.RotateAPIKey(t.Context(), want.ID, next, until), nil)
	for at, good := range map[time.Time]bool{Noon(): true, until: false} {
		if _, err := s.Operations.APIKeyByHash(t.Context(), want.Hash, at); (err == nil) != good {
			t.Errorf("the secret before at %v: %v", at, err)
		}
		if k, err := s.Operations.APIKeyByHash(t.Context(), next, at); err != nil || k.ID != want.ID {
			t.Errorf("the new secret at %v: %v", at, err)
		}
	}
	for _, step := range []struct{ after, moved time.Duration }{{time.Second, time.Second}, {50 * time.Second, time.Second}, {2 * time.Minute, 2 * time.Minute}} {
		k := must[operations.APIKey](t)(s.Operations.APIKeyByID(t.Context(), want.ID))
		wantErr(t, "use", s.Operations.UseAPIKey(t.Context(), k, Noon().Add(step.after)), nil)
		if k = must[operations.APIKey](t)(s.Operations.APIKeyByID(t.Context(), want.ID)); !k.UsedAt.Equal(Noon().Add(step.moved)) {
			t.Errorf("used at %v, want %v", k.UsedAt, Noon().Add(step.moved))
		}
	}
	for range 2 {
		wantErr(t, "revoke", s.Operations.RevokeAPIKey(t.Context(), want.ID, Noon()), nil)
	}
	wantErr(t, "rotate a revoked one", s.Operations.RotateAPIKey(t.Context(), want.ID, NewHash(), until), fault.ErrNotFound)
	wantErr(t, "revoke nobody's", s.Operations.RevokeAPIKey(t.Context(), login.NewID(), Noon()), fault.ErrNotFound)
	if _, err := s.Operations.APIKeyByHash(t.Context(), want.Hash, Noon()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("the secret before, of a revoked key: %v", err)
	}
	if all := must[[]operations.APIKey](t)(s.Operations.APIKeys(t.Context())); len(all) != 1 || all[0].RevokedAt.IsZero() {
		t.Errorf("list: %+v", all)
	}
}

func answers(t *testing.T, s *store.Store) {
	a := operations.RecordedResponse{Mark: NewHash(), Request: NewHash(), Busy: Noon().Add(time.Minute), Expires: Noon().Add(time.Hour)}
	oneWinner(t, together(t.Context(), 8, func(ctx context.Context, _ int) error {
		_, err := s.Operations.BeginAnswer(ctx, a, Noon())
		return err
	}), fault.ErrExists)
	wantErr(t, "end", s.Operations.EndAnswer(t.Context(), a.Mark, 201, `{"id":"x"}`), nil)
	found, err := s.Operations.BeginAnswer(t.Context(), a, Noon().Add(30*time.Minute))
	wantErr(t, "again", err, fault.ErrExists)
	if found.Status != 201 || found.Body != `{"id":"x"}` || found.Request != a.Request {
		t.Errorf("found %+v", found)
	}
	_, err = s.Operations.BeginAnswer(t.Context(), a, a.Expires)
	wantErr(t, "when its time is up", err, nil)

	stuck := operations.RecordedResponse{Mark: NewHash(), Request: NewHash(), Busy: Noon().Add(time.Minute), Expires: Noon().Add(time.Hour)}
	other := stuck
	other.Request = NewHash()
	for _, step := range []struct {
		what string
		a    operations.RecordedResponse
		at   time.Time
		want error
	}{
		{"first", stuck, Noon(), nil},
		{"while it runs", stuck, Noon(), fault.ErrExists},
		{"another body after it died", other, stuck.Busy, fault.ErrExists},
		{"the same after it died", stuck, stuck.Busy, nil},
	} {
		_, err := s.Operations.BeginAnswer(t.Context(), step.a, step.at)
		wantErr(t, step.what, err, step.want)
	}
	wantErr(t, "forget", s.Operations.ForgetAnswer(t.Context(), stuck.Mark), nil)
	_, err = s.Operations.BeginAnswer(t.Context(), other, Noon())
	wantErr(t, "after it was forgotten", err, nil)
	if n := must[int64](t)(s.Operations.PurgeAdmin(t.Context(), Noon().Add(2*time.Hour), time.Time{})); n != 2 {
		t.Errorf("purged %d", n)
	}
}

// imports walks one chunk through its life: taken once, bad rows beside good ones.
func imports(t *testing.T, s *store.Store) {
	e := employment.Employer{ID: login.NewID(), Name: "A", Locale: "fi", CreatedAt: Noon()}
	wantErr(t, "add employer", s.Employments.AddEmployer(t.Context(), e), nil)
	i := employment.Import{ID: login.NewID(), Employer: e.ID, State: employment.ImportReceiving, Invite: true, CreatedAt: Noon()}
	wantErr(t, "nobody's", s.Employments.AddImport(t.Context(), employment.Import{ID: login.NewID(), Employer: login.NewID()}), fault.ErrNotFound)
	wantErr(t, "add", s.Employments.AddImport(t.Context(), i), nil)
	bad := []employment.ImportMistake{{Line: 2, Field: "email", Detail: "x"}, {Line: 2, Field: "hetu", Detail: "y"}}
	wantErr(t, "receive", s.Employments.ReceiveChunk(t.Context(), i.ID, 0, "[]", 3, 1, bad), nil)
	job := queue.Job{ID: login.NewID(), Kind: "import.chunk", Key: i.ID + " 0", Payload: []byte("{}"), At: Noon(), CreatedAt: Noon()}
	wantErr(t, "start", s.Employments.StartImport(t.Context(), i.ID, Noon(), job), nil)
	wantErr(t, "start again", s.Employments.StartImport(t.Context(), i.ID, Noon()), fault.ErrMoved)
	wantErr(t, "receive late", s.Employments.ReceiveChunk(t.Context(), i.ID, 1, "[]", 1, 0, nil), fault.ErrMoved)
	_, err := s.Employments.ImportOf(t.Context(), login.NewID(), i.ID)
	wantErr(t, "another employer's", err, fault.ErrNotFound)

	claimed := must[[]queue.Job](t)(s.Operations.ClaimJobs(t.Context(), []queue.Claim{{Kind: "import.chunk", Limit: 1, Until: Noon().Add(time.Minute)}}, Noon()))
	hire := func(line int64, external, user string, benefits ...employment.BenefitChange) employment.HireRequest {
		said := employment.Change{ExternalID: &external, GivenName: new("G" + fmt.Sprint(line)), Benefits: benefits}
		if user != "" {
			said.UserName = &user
		}
		m, _ := employment.Employment{ID: login.NewID(), Employer: e.ID, CreatedAt: Noon()}.With(said, Noon())
		return employment.HireRequest{Line: line, Change: said, Employment: m}
	}
	all := []employment.HireRequest{
		hire(3, "1", "same", employment.BenefitChange{Kind: "lunch"}, employment.BenefitChange{Kind: "sports"}),
		hire(4, "2", "same"), // the user name is taken
		hire(5, "1", "", employment.BenefitChange{Kind: "lunch"}),
	}
	lost := claimed[0]
	lost.Claim--
	wantErr(t, "somebody else's job", s.Employments.TakeChunk(t.Context(), lost, i.ID, 0, all, Noon()), fault.ErrMoved)
	if found := must[[]employment.Employment](t)(s.Employments.Employments(t.Context(), e.ID, store.EmploymentFilter{}, 10)); len(found) != 0 {
		t.Errorf("a lost job wrote %d people", len(found))
	}
	oneWinner(t, together(t.Context(), 4, func(ctx context.Context, _ int) error {
		return s.Employments.TakeChunk(ctx, claimed[0], i.ID, 0, all, Noon())
	}), fault.ErrMoved)
	_, err = s.Employments.ImportChunk(t.Context(), i.ID, 0)
	wantErr(t, "the chunk", err, fault.ErrNotFound)
	done := must[employment.Import](t)(s.Employments.ImportOf(t.Context(), e.ID, i.ID))
	want := employment.Import{
		ID: i.ID, Employer: e.ID, State: employment.ImportDone, Invite: true, Rows: 4, Done: 4, Created: 1, Updated: 1, Failed: 2,
		CreatedAt: Noon(), FinishedAt: Noon(),
	}
	if done != want {
		t.Errorf("got %+v, want %+v", done, want)
	}
	found := must[[]employment.Employment](t)(s.Employments.Employments(t.Context(), e.ID, store.EmploymentFilter{}, 10))
	if len(found) != 1 || found[0].UserName != "same" || found[0].GivenName != "G5" || len(found[0].Benefits) != 1 || found[0].Kind != employment.UserSmartumPlus {
		t.Errorf("people: %+v", found)
	}
	mistakes, _, err := s.Employments.ImportMistakes(t.Context(), i.ID, 0, -1, 10)
	if err != nil || len(mistakes) != 3 || mistakes[2].Line != 4 || mistakes[1].Field != "hetu" {
		t.Errorf("mistakes: %+v, %v", mistakes, err)
	}
	if rest, _, err := s.Employments.ImportMistakes(t.Context(), i.ID, 2, 0, 10); err != nil || len(rest) != 2 {
		t.Errorf("after the first: %+v, %v", rest, err)
	}
	failedImport(t, s, e.ID)
	if n := must[int64](t)(s.Operations.PurgeAdmin(t.Context(), Noon(), Noon())); n != 2 {
		t.Errorf("purged %d", n)
	}
}

func failedImport(t *testing.T, s *store.Store, employer string) {
	i := employment.Import{ID: login.NewID(), Employer: employer, CreatedAt: Noon()}
	wantErr(t, "add", s.Employments.AddImport(t.Context(), i), nil)
	wantErr(t, "receive", s.Employments.ReceiveChunk(t.Context(), i.ID, 0, "[]", 3, 0, nil), nil)
	wantErr(t, "fail", s.Employments.FailImport(t.Context(), i.ID, Noon()), nil)
	wantErr(t, "start", s.Employments.StartImport(t.Context(), i.ID, Noon()), fault.ErrMoved)
	_, err := s.Employments.ImportChunk(t.Context(), i.ID, 0)
	wantErr(t, "its rows", err, fault.ErrNotFound)
}

// directory is what SCIM needs: pages by user name, and names that are given back.
func directory(t *testing.T, s *store.Store) {
	e := employment.Employer{ID: login.NewID(), Name: "A", Locale: "fi", CreatedAt: Noon()}
	wantErr(t, "add employer", s.Employments.AddEmployer(t.Context(), e), nil)
	var ids []string
	for _, user := range []string{"c", "", "a", "b"} {
		m := employment.Employment{ID: login.NewID(), Employer: e.ID, Kind: employment.UserSmartumPlus, UserName: user, CreatedAt: Noon()}
		wantErr(t, "add", s.Employments.AddEmployment(t.Context(), m), nil)
		ids = append(ids, m.ID)
	}
	page, total, err := s.Employments.NamedEmployments(t.Context(), e.ID, 1, 5)
	if err != nil || total != 3 || len(page) != 2 || page[0].UserName != "b" || page[1].UserName != "c" {
		t.Errorf("page: %+v of %d, %v", page, total, err)
	}
	other := login.NewID()
	wantErr(t, "another's benefit", s.Employments.PutBenefit(t.Context(), other, ids[0], employment.BenefitChange{Kind: "lunch"}, Noon()), fault.ErrNotFound)
	wantErr(t, "another's forgetting", s.Employments.ForgetEmployment(t.Context(), other, ids[0], Noon()), fault.ErrNotFound)
	for _, kind := range []string{"lunch", "sports"} {
		wantErr(t, "benefit", s.Employments.PutBenefit(t.Context(), e.ID, ids[0], employment.BenefitChange{Kind: kind}, Noon()), nil)
	}
	wantErr(t, "drop", s.Employments.DropBenefit(t.Context(), e.ID, ids[0], "lunch", Noon()), nil)
	if m := must[employment.Employment](t)(s.Employments.EmploymentOf(t.Context(), e.ID, ids[0])); len(m.Benefits) != 1 || m.Benefits[0].Kind != "sports" {
		t.Errorf("benefits: %+v", m.Benefits)
	}
	wantErr(t, "forget", s.Employments.ForgetEmployment(t.Context(), e.ID, ids[0], Noon()), nil)
	if m := must[employment.Employment](t)(s.Employments.EmploymentOf(t.Context(), e.ID, ids[0])); m.UserName != "" || m.EndedAt.IsZero() {
		t.Errorf("forgotten: %+v", m)
	}
	wantErr(t, "the name again", s.Employments.AddEmployment(t.Context(), employment.Employment{
		ID: login.NewID(), Employer: e.ID, Kind: employment.UserSmartum, UserName: "c", CreatedAt: Noon(),
	}), nil)
	userNames(t, s, e.ID)
	changedUsers(t, s, e.ID)
}

// userNames are the same in any case of letters.
func userNames(t *testing.T, s *store.Store, employer string) {
	aino := Hire(t, s, employer, func(m *employment.Employment) { m.UserName = "Äiti.Aino@Example.com" })
	elli := Hire(t, s, employer, func(m *employment.Employment) { m.UserName = "elli" })
	wantErr(t, "add in another case", s.Employments.AddEmployment(t.Context(), employment.Employment{
		ID: login.NewID(), Employer: employer, Kind: employment.UserSmartum, UserName: "äITI.aino@example.COM", CreatedAt: Noon(),
	}), fault.ErrExists)
	elli.UserName = "ÄITI.AINO@EXAMPLE.COM"
	wantErr(t, "change to another case", s.Employments.ChangeEmployment(t.Context(), elli, Noon()), fault.ErrExists)
	for _, name := range []string{"Äiti.Aino@Example.com", "äiti.aino@example.com", "ÄITI.AINO@EXAMPLE.COM"} {
		if found, err := s.Employments.Employments(t.Context(), employer, store.EmploymentFilter{UserName: name}, 10); err != nil || len(found) != 1 || found[0].ID != aino.ID {
			t.Errorf("%s finds %+v, %v", name, found, err)
		}
	}
	aino.UserName = "äiti.aino@example.com"
	wantErr(t, "the own name in another case", s.Employments.ChangeEmployment(t.Context(), aino, Noon()), nil)
	var walked []string
	for after := ""; ; {
		page := must[[]employment.Employment](t)(s.Employments.Users(t.Context(), employer, store.EmploymentFilter{After: after}, 2))
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			walked, after = append(walked, m.ID), m.ID
		}
	}
	if all, _, err := s.Employments.NamedEmployments(t.Context(), employer, 0, 100); err != nil || len(all) != len(walked) {
		t.Errorf("walked over %d of %d, %v", len(walked), len(all), err)
	}
}

// changedUsers are changed in one transaction, or not at all.
func changedUsers(t *testing.T, s *store.Store, employer string) {
	first := Hire(t, s, employer, func(m *employment.Employment) {
		m.Addresses = []employment.Address{{Value: "h@example.com", Type: "home"}}
	})
	other := Hire(t, s, employer)
	get := func() employment.Employment {
		t.Helper()
		return must[employment.Employment](t)(s.Employments.EmploymentOf(t.Context(), employer, first.ID))
	}
	if got := get(); !reflect.DeepEqual(got, first) {
		t.Errorf("added:\n got %+v\nwant %+v", got, first)
	}
	at := Noon().Add(time.Hour)
	for address, want := range map[string]bool{"AINO@example.com": true, "H@example.com": true, other.Email: true} {
		found, err := s.Employments.Users(t.Context(), employer, store.EmploymentFilter{Email: address}, 100)
		if err != nil || want != slices.ContainsFunc(found, func(m employment.Employment) bool { return m.ID == first.ID }) {
			t.Errorf("%s finds %+v, %v", address, found, err)
		}
	}
	change := func(change func(*employment.Employment)) error {
		_, after, err := s.Employments.ChangeUser(t.Context(), employer, first.ID, at, func(m employment.Employment) (employment.Employment, error) {
			change(&m)
			return m, nil
		})
		if err == nil && !reflect.DeepEqual(get(), after) {
			t.Errorf("changed:\n got %+v\nwant %+v", get(), after)
		}
		return err
	}
	wantErr(t, "taken", change(func(m *employment.Employment) {
		m.UserName, m.GivenName, m.EndedAt = strings.ToUpper(other.UserName), "Elli", at
	}), fault.ErrExists)
	wantErr(t, "nothing", change(func(*employment.Employment) {}), nil)
	no := errors.New("no")
	_, _, err := s.Employments.ChangeUser(t.Context(), employer, first.ID, at, func(m employment.Employment) (employment.Employment, error) { return m, no })
	wantErr(t, "refused", err, no)
	_, _, err = s.Employments.ChangeUser(t.Context(), login.NewID(), first.ID, at, func(m employment.Employment) (employment.Employment, error) { return m, nil })
	wantErr(t, "another employer's", err, fault.ErrNotFound)
	if got := get(); !reflect.DeepEqual(got, first) {
		t.Errorf("after what was refused:\n got %+v\nwant %+v", got, first)
	}
	wantErr(t, "change", change(func(m *employment.Employment) {
		m.GivenName, m.Email, m.EndedAt = "Elli", "elli@example.com", at
		m.Addresses = []employment.Address{{Value: "elli@example.com", Type: "work", Primary: true}, {Value: "h@example.com", Type: "home"}}
	}), nil)
	wantErr(t, "resume", change(func(m *employment.Employment) { m.EndedAt, m.Addresses = time.Time{}, nil }), nil)
	wantErr(t, "another way", s.Employments.ChangeEmployment(t.Context(), get(), at), nil)
	const writers = 8 // at once: nobody's change is lost under another's
	for _, err := range together(t.Context(), writers, func(ctx context.Context, n int) error {
		_, _, err := s.Employments.ChangeUser(ctx, employer, first.ID, at, func(m employment.Employment) (employment.Employment, error) {
			m.Addresses = append(slices.Clone(m.Addresses), employment.Address{Value: fmt.Sprint(n), Type: "other"})
			return m, nil
		})
		return err
	}) {
		wantErr(t, "at once", err, nil)
	}
	if got := get(); len(got.Addresses) != writers {
		t.Errorf("of %d changes at once, %d are left", writers, len(got.Addresses))
	}
}
