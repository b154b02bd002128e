package storetest

import (
	"reflect"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
)

func switches(t *testing.T, s *store.Store) {
	if got := must[[]operations.Switch](t)(s.Operations.Switches(t.Context())); len(got) != 0 {
		t.Errorf("a new database has switches: %+v", got)
	}
	link := operations.Switch{
		Name: operations.MethodSwitch(login.MethodLink), By: "system", At: Noon(),
		Reasons: map[string]string{"fi": "Huolto klo 18 asti. ❤", "sv": "'; DROP TABLE switches; --"},
	}
	bank := operations.Switch{Name: operations.MeansSwitch("nordea"), On: true, By: "staff:1", At: Noon()}
	for _, one := range []operations.Switch{link, bank} {
		if err := s.Operations.SetSwitch(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[[]operations.Switch](t)(s.Operations.Switches(t.Context())); !reflect.DeepEqual(got, []operations.Switch{bank, link}) {
		t.Errorf("got %+v", got)
	}
	link.On, link.Reasons, link.At = true, nil, Noon().Add(time.Hour)
	if err := s.Operations.SetSwitch(t.Context(), link); err != nil {
		t.Fatal(err)
	}
	if got := must[[]operations.Switch](t)(s.Operations.Switches(t.Context())); !reflect.DeepEqual(got, []operations.Switch{bank, link}) {
		t.Errorf("after switching again: %+v", got)
	}
}
