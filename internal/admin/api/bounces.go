package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"avain/internal/admin/api/openapi"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/audit"
)

// maxReport bounds a letter that came back, in bytes: it quotes ours.
const maxReport = 1 << 20

// ReportBounce notes that a letter came back. Whoever may hand reports over can say of
// any letter that it did, so employers' keys may not.
func (f *Feature) ReportBounce(ctx context.Context, r openapi.ReportBounceRequestObject) (openapi.ReportBounceResponseObject, error) {
	c := callOf(ctx)
	if !c.key.OfAll() {
		return nil, fault.New(fault.Forbidden, login.ReasonClientRefused, nil).WithDetail("Only a key for all employers may report letters.")
	}
	text, err := io.ReadAll(http.MaxBytesReader(nil, io.NopCloser(r.Body), maxReport))
	if err != nil {
		return nil, err
	}
	if f.Bounced == nil {
		return nil, missing(nil)
	}
	err = f.Bounced(ctx, audit.ByKey(c.key), bytes.NewReader(text))
	if mistakes, ok := errors.AsType[fault.FieldErrors](err); ok {
		return nil, invalid(mistakes)
	}
	if err != nil {
		return nil, missing(err)
	}
	return openapi.ReportBounce204Response{}, nil
}
