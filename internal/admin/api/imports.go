package api

import (
	"context"
	"errors"
	"mime"

	"avain/internal/admin/api/openapi"
	"avain/internal/core/provisioning"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/platform/audit"
)

// ListImports answers the newest first.
func (f *Feature) ListImports(ctx context.Context, r openapi.ListImportsRequestObject) (openapi.ListImportsResponseObject, error) {
	e, err := f.employer(ctx, r.Employer)
	if err != nil {
		return nil, err
	}
	all, err := f.Imports.ImportsOf(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	list := openapi.ListImports200JSONResponse{Imports: []openapi.Import{}}
	for _, i := range all {
		list.Imports = append(list.Imports, importOut(i))
	}
	return list, nil
}

// CreateImport takes a file in.
func (f *Feature) CreateImport(ctx context.Context, r openapi.CreateImportRequestObject) (openapi.CreateImportResponseObject, error) {
	e, err := f.employer(ctx, r.Employer)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	var format provisioning.Format
	switch kind, _, _ := mime.ParseMediaType(c.contentType); kind {
	case "text/csv":
		format = provisioning.CSV
	case "application/x-ndjson":
		format = provisioning.NDJSON
	default:
		return nil, invalid(fault.FieldErrors{{Field: "Content-Type", Detail: "must be text/csv or application/x-ndjson"}})
	}
	i, err := f.Importer.Receive(ctx, audit.ByKey(c.key), e.ID, format, r.Params.Invite, r.Body)
	if mistakes, ok := errors.AsType[fault.FieldErrors](err); ok {
		return nil, invalid(mistakes)
	}
	if err != nil {
		return nil, err
	}
	return openapi.CreateImport202JSONResponse(importOut(i)), nil
}

// GetImport answers how far one has come.
func (f *Feature) GetImport(ctx context.Context, r openapi.GetImportRequestObject) (openapi.GetImportResponseObject, error) {
	i, err := f.importOf(ctx, r.Employer, r.Import)
	return openapi.GetImport200JSONResponse(importOut(i)), err
}

func (f *Feature) importOf(ctx context.Context, employer, id string) (employment.Import, error) {
	e, err := f.employer(ctx, employer)
	if err != nil {
		return employment.Import{}, err
	}
	i, err := f.Imports.ImportOf(ctx, e.ID, id)
	if err != nil {
		return i, missing(err)
	}
	return i, nil
}

func importOut(i employment.Import) openapi.Import {
	return openapi.Import{
		ID: i.ID, State: openapi.ImportState(i.State), Invite: i.Invite, Rows: i.Rows, Done: i.Done, Created: i.Created,
		Updated: i.Updated, Invited: i.Invited, Failed: i.Failed, CreatedAt: i.CreatedAt, FinishedAt: i.FinishedAt,
	}
}
