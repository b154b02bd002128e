package apikey

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/shown"
	"avain/internal/platform/web"
	"avain/internal/secret"
)

// Prefix begins every key, so that tools that look for leaked secrets find it.
const Prefix = "avk_"

// Store keeps the keys.
type Store interface {
	AddAPIKey(ctx context.Context, k operations.APIKey) error
	APIKeyByHash(ctx context.Context, h secret.Hash, now time.Time) (operations.APIKey, error)
	APIKeyByID(ctx context.Context, id string) (operations.APIKey, error)
	RotateAPIKey(ctx context.Context, id string, next secret.Hash, previousUntil time.Time) error
	RevokeAPIKey(ctx context.Context, id string, at time.Time) error
	UseAPIKey(ctx context.Context, k operations.APIKey, at time.Time) error
}

// Employers are whom keys can be bound to. fault.ErrNotFound.
type Employers interface {
	EmployerByID(ctx context.Context, id string) (employment.Employer, error)
}

// Keys makes and finds keys. Store, Now and Log must be given.
type Keys struct {
	Store     Store
	Employers Employers
	Now       func() time.Time
	Log       *slog.Logger
	Limit     *web.Limiter // of requests, per key; nil: none
	Wrong     *web.Limiter // of requests without a good key, per network; nil: none
}

// New makes a key and answers its secret, which is shown nowhere else. Errors:
// fault.FieldErrors.
func (s *Keys) New(ctx context.Context, k operations.APIKey) (operations.APIKey, secret.Text, error) {
	k.Name = shown.Line(k.Name, shown.Whole)
	if mistakes, err := s.check(ctx, k); err != nil || len(mistakes) > 0 {
		if err == nil {
			err = mistakes
		}
		return operations.APIKey{}, secret.Text{}, err
	}
	key := secret.Of(Prefix + secret.New().Reveal())
	k.ID, k.Hash, k.CreatedAt = login.NewID(), key.Hash(), s.Now()
	return k, key, s.Store.AddAPIKey(ctx, k)
}

func (s *Keys) check(ctx context.Context, k operations.APIKey) (fault.FieldErrors, error) {
	var mistakes fault.FieldErrors
	if n := shown.Len(k.Name); n == 0 || n > 100 {
		mistakes = append(mistakes, fault.FieldError{Field: "name", Detail: "must say where the key is used, in at most 100 letters"})
	}
	if len(k.Scopes) == 0 {
		mistakes = append(mistakes, fault.FieldError{Field: "scopes", Detail: "at least one is needed"})
	}
	for _, scope := range k.Scopes {
		if !slices.Contains(operations.APIScopes(), scope) {
			mistakes = append(mistakes, fault.FieldError{Field: "scopes", Detail: "must be of " + listScopes()})
			break
		}
	}
	if k.May(operations.ScopeSCIM) && len(k.Employers) != 1 {
		mistakes = append(mistakes, fault.FieldError{Field: "employers", Detail: "a key for SCIM is for exactly one employer"})
	}
	if !k.OfAll() && (k.May(operations.ScopeSessionsRead) || k.May(operations.ScopeSessionsWrite)) {
		// A person's devices show where they are, and belong to no employer.
		mistakes = append(mistakes, fault.FieldError{Field: "scopes", Detail: "sessions are only for keys of all employers"})
	}
	if !k.OfAll() && (k.May(operations.ScopeNoticesRead) || k.May(operations.ScopeNoticesWrite)) {
		mistakes = append(mistakes, fault.FieldError{Field: "scopes", Detail: "notices are only for keys of all employers: they concern everybody"})
	}
	for _, employer := range k.Employers {
		_, err := s.Employers.EmployerByID(ctx, employer)
		if errors.Is(err, fault.ErrNotFound) {
			mistakes = append(mistakes, fault.FieldError{Field: "employers", Detail: "there is no such employer; avain admin employers list shows their ids"})
		} else if err != nil {
			return nil, err
		}
	}
	if !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(s.Now()) {
		mistakes = append(mistakes, fault.FieldError{Field: "expires", Detail: "must be in the future"})
	}
	return mistakes, nil
}

func listScopes() string {
	all := make([]string, 0, len(operations.APIScopes()))
	for _, scope := range operations.APIScopes() {
		all = append(all, string(scope))
	}
	return strings.Join(all, ", ")
}

// Rotate gives a key another secret. The one before stays good for the overlap.
// fault.ErrNotFound.
func (s *Keys) Rotate(ctx context.Context, id string, overlap time.Duration) (secret.Text, error) {
	key := secret.Of(Prefix + secret.New().Reveal())
	return key, s.Store.RotateAPIKey(ctx, id, key.Hash(), s.Now().Add(overlap))
}

// Of finds the key of a request. Errors: Unauthenticated, the same for none, a wrong, an
// expired and a revoked one; TooMany.
func (s *Keys) Of(ctx context.Context, r *http.Request) (operations.APIKey, error) {
	given, ok := bearer(r)
	if !ok {
		return operations.APIKey{}, s.refuse(ctx)
	}
	now := s.Now()
	k, err := s.Store.APIKeyByHash(ctx, given.Hash(), now)
	if errors.Is(err, fault.ErrNotFound) || err == nil && !k.Live(now) {
		return operations.APIKey{}, s.refuse(ctx)
	}
	if err != nil {
		return operations.APIKey{}, err
	}
	if s.Limit != nil {
		if err := s.Limit.Check(k.ID); err != nil {
			return operations.APIKey{}, err
		}
	}
	if err := s.Store.UseAPIKey(ctx, k, now); err != nil {
		// When a key was last used is for people to read; its owner must not wait for it.
		s.Log.WarnContext(ctx, "the use of an API key was not written", "key", k.ID, "error", err)
	}
	return k, nil
}

// refuse answers whoever has no good key, and slows down whoever tries many.
func (s *Keys) refuse(ctx context.Context) error {
	if s.Wrong != nil {
		if err := s.Wrong.Check(web.NetworkKey(ctx)); err != nil {
			return err
		}
	}
	return fault.New(fault.Unauthenticated, login.ReasonClientRefused, nil).
		WithDetail("Send an API key that is good: Authorization: Bearer avk_…")
}

// bearer reads the key of RFC 6750 §2.1. It never comes from the address, which is
// logged everywhere.
func bearer(r *http.Request) (secret.Text, bool) {
	all := r.Header.Values("Authorization")
	if len(all) != 1 {
		return secret.Text{}, false
	}
	scheme, value, ok := strings.Cut(all[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(value, Prefix) || len(value) > 100 {
		return secret.Text{}, false
	}
	return secret.Of(value), true
}

// Need answers Forbidden unless the key has the scope.
func Need(k operations.APIKey, scope operations.APIScope) error {
	if k.May(scope) {
		return nil
	}
	return fault.New(fault.Forbidden, login.ReasonClientRefused, nil).WithDetail("The key needs the scope " + string(scope) + ".")
}
