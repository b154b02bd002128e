package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"avain/internal/admin/api/openapi"
	"avain/internal/core/provisioning"
	"avain/internal/domain/fault"
	"avain/internal/platform/audit"
)

// exportPage is how many rows are read at once; a whole employer is never in memory.
const exportPage = 500

// stream writes rows until there are no more. An error after the first row cuts the
// connection (package web), so that nobody takes half a list for a whole one.
type stream struct {
	contentType string
	write       func(io.Writer) error
}

func (s stream) visit(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", s.contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return s.write(w)
}

// VisitExportPersonsResponse is called by the generated code.
func (s stream) VisitExportPersonsResponse(w http.ResponseWriter) error { return s.visit(w) }

// VisitExportImportErrorsResponse is called by the generated code.
func (s stream) VisitExportImportErrorsResponse(w http.ResponseWriter) error { return s.visit(w) }

// rowWriter writes one row; the cells of CSV and the value of NDJSON say the same.
type rowWriter func(cells []string, value any) error

// newStream chooses the format. all calls the writer for each row.
func newStream(format *string, head []string, all func(rowWriter) error) (stream, error) {
	chosen := "ndjson"
	if format != nil {
		chosen = *format
	}
	switch chosen {
	case "ndjson":
		return stream{"application/x-ndjson", func(w io.Writer) error {
			out := json.NewEncoder(w)
			return all(func(_ []string, value any) error { return out.Encode(value) })
		}}, nil
	case "csv":
		return stream{"text/csv; charset=utf-8", func(w io.Writer) error {
			out, err := provisioning.NewTable(w, head)
			if err != nil {
				return err
			}
			return all(func(cells []string, _ any) error { return out.Row(cells) })
		}}, nil
	default:
		return stream{}, invalid(fault.FieldErrors{{Field: "format", Detail: "must be ndjson or csv"}})
	}
}

// ExportPersons writes all people of an employer.
func (f *Feature) ExportPersons(ctx context.Context, r openapi.ExportPersonsRequestObject) (openapi.ExportPersonsResponseObject, error) {
	e, err := f.employer(ctx, r.Employer)
	if err != nil {
		return nil, err
	}
	key := callOf(ctx).key
	head := []string{"id", "external_id", "user_name", "email", "given_name", "family_name", "locale", "kind", "state", "benefits"}
	return newStream((*string)(r.Params.Format), head, func(write rowWriter) error {
		n := 0
		defer func() { f.Audit.EmploymentsExported(ctx, audit.ByKey(key), e.ID, n) }()
		for after := ""; ; {
			all, err := f.List(ctx, e.ID, Filter{After: after}, exportPage)
			if err != nil {
				return err
			}
			for _, m := range all {
				p := f.personOut(m)
				err := write([]string{
					p.ID, p.ExternalID, p.UserName, p.Email, p.GivenName, p.FamilyName, string(p.Locale), string(p.Kind), string(p.State),
					provisioning.BenefitsCell(m.Benefits, f.Rules.Zone),
				}, p)
				if err != nil {
					return err
				}
				n++
			}
			if len(all) < exportPage {
				return nil
			}
			after = all[len(all)-1].ID
		}
	})
}

// ExportImportErrors writes what was wrong with a file.
func (f *Feature) ExportImportErrors(ctx context.Context, r openapi.ExportImportErrorsRequestObject) (openapi.ExportImportErrorsResponseObject, error) {
	i, err := f.importOf(ctx, r.Employer, r.Import)
	if err != nil {
		return nil, err
	}
	return newStream((*string)(r.Params.Format), []string{"line", "field", "detail"}, func(write rowWriter) error {
		var line, n int64 = 0, -1
		for {
			all, last, err := f.Imports.ImportMistakes(ctx, i.ID, line, n, exportPage)
			if err != nil {
				return err
			}
			for _, m := range all {
				value := struct {
					Line   int64  `json:"line"`
					Field  string `json:"field"`
					Detail string `json:"detail"`
				}{m.Line, m.Field, m.Detail}
				if err := write([]string{strconv.FormatInt(m.Line, 10), m.Field, m.Detail}, value); err != nil {
					return err
				}
			}
			if len(all) < exportPage {
				return nil
			}
			line, n = all[len(all)-1].Line, last
		}
	})
}
