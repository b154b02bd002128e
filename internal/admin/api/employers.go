package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"slices"

	"avain/internal/admin/api/openapi"
	"avain/internal/core/provisioning"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/audit"
)

// employer finds an employer that the key sees.
func (f *Feature) employer(ctx context.Context, id string) (employment.Employer, error) {
	if !callOf(ctx).key.Sees(id) {
		return employment.Employer{}, missing(nil)
	}
	e, err := f.Employers.EmployerByID(ctx, id)
	if err != nil {
		return employment.Employer{}, missing(err)
	}
	return e, nil
}

// ListBenefitKinds answers the configured kinds.
func (f *Feature) ListBenefitKinds(context.Context, openapi.ListBenefitKindsRequestObject) (openapi.ListBenefitKindsResponseObject, error) {
	list := openapi.ListBenefitKinds200JSONResponse{Kinds: []openapi.BenefitKind{}}
	for _, k := range f.Kinds {
		list.Kinds = append(list.Kinds, openapi.BenefitKind{Kind: k.Kind, Names: k.Names})
	}
	return list, nil
}

// ListEmployers answers those that the key sees.
func (f *Feature) ListEmployers(ctx context.Context, r openapi.ListEmployersRequestObject) (openapi.ListEmployersResponseObject, error) {
	after, limit, err := page(r.Params.Cursor, r.Params.Limit)
	if err != nil {
		return nil, err
	}
	all, err := f.employersAfter(ctx, after, limit+1)
	if err != nil {
		return nil, err
	}
	list := openapi.ListEmployers200JSONResponse{Employers: []openapi.Employer{}}
	if len(all) > limit {
		all = all[:limit]
		list.Next = cursorOf(all[limit-1].ID)
	}
	for _, e := range all {
		list.Employers = append(list.Employers, employerOut(e))
	}
	return list, nil
}

func (f *Feature) employersAfter(ctx context.Context, after string, limit int) ([]employment.Employer, error) {
	key := callOf(ctx).key
	if key.OfAll() {
		return f.Employers.Employers(ctx, after, limit)
	}
	var all []employment.Employer
	for _, id := range slices.Sorted(slices.Values(key.Employers)) {
		if id <= after || len(all) == limit {
			continue
		}
		e, err := f.Employers.EmployerByID(ctx, id)
		if errors.Is(err, fault.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// CreateEmployer adds an employer. A key that is limited to some must not make others.
func (f *Feature) CreateEmployer(ctx context.Context, r openapi.CreateEmployerRequestObject) (openapi.CreateEmployerResponseObject, error) {
	key := callOf(ctx).key
	if !key.OfAll() {
		return nil, fault.New(fault.Forbidden, login.ReasonClientRefused, nil).WithDetail("Only a key for all employers may add one.")
	}
	name, locale, err := f.employerFields(&r.Body.Name, r.Body.Locale)
	if err != nil {
		return nil, err
	}
	made, err := again(ctx, f, r.Params.IdempotencyKey, func(id string) (openapi.Employer, error) {
		e := employment.Employer{ID: id, Name: *name, Locale: cmp.Or(locale, f.Locale), CreatedAt: f.Now(), UpdatedAt: f.Now()}
		err := f.Audit.Atomically(ctx, func(ctx context.Context) error {
			f.Audit.EmployerAdded(ctx, audit.ByKey(key), e.ID)
			return f.Employers.AddEmployer(ctx, e)
		})
		if errors.Is(err, fault.ErrExists) { // the try before was cut off after this
			e, err = f.Employers.EmployerByID(ctx, id)
		}
		if err != nil {
			return openapi.Employer{}, err
		}
		return employerOut(e), nil
	})
	return openapi.CreateEmployer201JSONResponse(made), err
}

// GetEmployer answers one.
func (f *Feature) GetEmployer(ctx context.Context, r openapi.GetEmployerRequestObject) (openapi.GetEmployerResponseObject, error) {
	e, err := f.employer(ctx, r.Employer)
	return openapi.GetEmployer200JSONResponse(employerOut(e)), err
}

// UpdateEmployer changes name or language, or whether invited people may have any name.
func (f *Feature) UpdateEmployer(ctx context.Context, r openapi.UpdateEmployerRequestObject) (openapi.UpdateEmployerResponseObject, error) {
	e, err := f.employer(ctx, r.Employer)
	if err != nil {
		return nil, err
	}
	name, locale, err := f.employerFields(r.Body.Name, r.Body.Locale)
	if err != nil {
		return nil, err
	}
	if name != nil {
		e.Name = *name
	}
	e.Locale = cmp.Or(locale, e.Locale)
	e.UpdatedAt = f.Now()
	if r.Body.AnyName != nil {
		e.AnyName = *r.Body.AnyName
	}
	if err := f.Audit.Atomically(ctx, func(ctx context.Context) error {
		f.Audit.EmployerChanged(ctx, audit.ByKey(callOf(ctx).key), e.ID)
		if err := f.Employers.ChangeEmployer(ctx, e.ID, e.Name, e.Locale, e.UpdatedAt); err != nil || r.Body.AnyName == nil {
			return err
		}
		return f.Employers.SetAnyName(ctx, e.ID, e.AnyName, e.UpdatedAt)
	}); err != nil {
		return nil, missing(err)
	}
	return openapi.UpdateEmployer200JSONResponse(employerOut(e)), nil
}

// employerFields checks what is given. The language is empty when none is; an empty one would
// leave the employer's people without the language of their letters.
func (f *Feature) employerFields(name *string, locale *openapi.Locale) (shownAs *string, language string, err error) {
	var mistakes fault.FieldErrors
	if name != nil {
		s := provisioning.EmployerName(*name)
		if s == "" {
			mistakes = append(mistakes, fault.FieldError{Field: "name", Detail: "must have a letter that can be seen"})
		}
		shownAs = &s
	}
	if locale != nil {
		if language = string(*locale); !slices.Contains([]string{"fi", "sv", "en"}, language) {
			mistakes = append(mistakes, fault.FieldError{Field: "locale", Detail: "must be fi, sv or en"})
		}
	}
	if len(mistakes) > 0 {
		return nil, "", invalid(mistakes)
	}
	return shownAs, language, nil
}

func employerOut(e employment.Employer) openapi.Employer {
	return openapi.Employer{ID: e.ID, Name: e.Name, Locale: openapi.Locale(e.Locale), AnyName: e.AnyName, CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt}
}

const (
	defaultPage = 100
	maxPage     = 200
)

// page reads where a list goes on, and how long it may be.
func page(cursor string, limit *int) (after string, size int, err error) {
	var mistakes fault.FieldErrors
	id, decoding := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if decoding != nil || len(cursor) > 200 {
		mistakes = append(mistakes, fault.FieldError{Field: "cursor", Detail: "must be next of the page before, as it stands there"})
	}
	size = defaultPage
	if limit != nil {
		size = *limit
	}
	if size < 1 || size > maxPage {
		mistakes = append(mistakes, fault.FieldError{Field: "limit", Detail: "must be from 1 to 200"})
	}
	if len(mistakes) > 0 {
		return "", 0, invalid(mistakes)
	}
	return string(id), size, nil
}

func cursorOf(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }
