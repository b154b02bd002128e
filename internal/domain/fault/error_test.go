package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

func TestErrorKeepsItsCauseInside(t *testing.T) {
	t.Parallel()
	cause := errors.New("canary")
	e := fault.New(fault.Forbidden, login.ReasonNoBenefits, cause).WithDetail("detail").WithCode("access_denied")
	wrapped := fmt.Errorf("around: %w", errors.Join(e, errors.New("beside")))
	if !errors.Is(wrapped, cause) || !fault.HasReason(wrapped, login.ReasonNoBenefits) || fault.AsError(wrapped).Kind != fault.Forbidden {
		t.Errorf("lost on the way: %v", wrapped)
	}
	if unknown := fault.AsError(cause); unknown.Kind != fault.Internal || unknown.Detail != "" {
		t.Errorf("an error that nobody classified: %+v", unknown)
	}
}

func TestFieldErrorsNameEachField(t *testing.T) {
	t.Parallel()
	all := fault.FieldErrors{{Field: "email", Detail: "must be an address"}, {Field: "ends_on", Detail: "must be a date"}}
	e := fault.New(fault.Invalid, login.ReasonRequestInvalid, all)
	if got := e.Error(); got != "invalid request_invalid: email must be an address; ends_on must be a date" {
		t.Errorf("the log reads %q", got)
	}
	if found, ok := errors.AsType[fault.FieldErrors](e); !ok || len(found) != 2 {
		t.Errorf("whoever sent it is told %v", found)
	}
}
