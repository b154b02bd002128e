package app

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/console/support"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
)

// The console has the look-ups that it names, each written out here. One that the store
// gets is not among them: nothing of the store is embedded.
func TestThreat56ConsoleHasNoOtherLookUps(t *testing.T) {
	t.Parallel()
	for what, asked := range map[reflect.Type][]reflect.Type{
		reflect.TypeFor[records](): {
			reflect.TypeFor[support.Search](), reflect.TypeFor[support.People](), reflect.TypeFor[support.Employments](),
			reflect.TypeFor[support.Logins](), reflect.TypeFor[support.Colleagues](),
		},
		reflect.TypeFor[acts](): {reflect.TypeFor[support.Acts]()},
	} {
		wanted := 0
		for _, want := range asked {
			wanted += want.NumMethod()
			if !what.Implements(want) {
				t.Errorf("%v is no %v", what, want)
			}
		}
		if what.NumMethod() != wanted {
			t.Errorf("%v has %d methods, the console asks for %d", what, what.NumMethod(), wanted)
		}
		for f := range what.Fields() {
			if f.Anonymous || f.IsExported() {
				t.Errorf("%v passes on everything that %s can do", what, f.Name)
			}
		}
	}
}

// Every field of every record is filled, those of tomorrow too; only those on this list
// come through.
func TestThreat56ConsoleSeesWhatIsListed(t *testing.T) {
	t.Parallel()
	const device, benefit, event = "Name Model Platform AppVersion", "Kind StartsAt EndsAt ReleasedAt ActivatedAt", "At Step Outcome Reason Detail Browser Means Chosen Broker Count Since"
	sees(t, showPerson, "ID GivenName FamilyName Name Email Locale SmartumPlus LockedAt PausedUntil CreatedAt")
	sees(t, showEmployer, "ID Name Locale")
	sees(t, showEmployment, "ID Employer Person Kind Email GivenName FamilyName Locale ActivatedAt EndedAt CreatedAt", within("Benefits", benefit)...)
	sees(t, showInvitation, "ID Employment CreatedAt ExpiresAt UsedAt RevokedAt Mail MailAt MailDetail")
	sees(t, showSession, "ID Person Client Method Means Place CreatedAt UsedAt IdleUntil EndsAt RevokedAt", within("Device", device)...)
	sees(t, showAttempt, "ID SupportCode Method State Reason Client Person Broker Means Place CreatedAt UpdatedAt ExpiresAt CodeExpiresAt",
		append(within("Device", device), within("Timeline", event)...)...)
	sees(t, showAct, "At Actor Action Target")
	sees(t, showStaff, "ID Name Role")
	sees(t, showWrongDay, "Day Tries Known Networks More")

	act := showAct(operations.AuditEntry{Detail: map[string]string{audit.Because: "a reason", "new_detail": "secret"}})
	if !maps.Equal(act.Detail, map[string]string{audit.Because: "a reason"}) {
		t.Errorf("a colleague's act shows %v", act.Detail)
	}
}

// tomorrow is a record as it could be.
type tomorrow struct {
	login.Person
	Secret string
}

// The test above must itself see a new field that comes through.
func TestThreat56NewFieldsAreNoticed(t *testing.T) {
	t.Parallel()
	everything := func(r tomorrow) tomorrow { return r }
	if got := shownOf(t, everything); !slices.Contains(got, "Secret") || !slices.Contains(got, "Person.Subject") {
		t.Errorf("a new field is not noticed: %v", got)
	}
	listed := func(r tomorrow) tomorrow { return tomorrow{Person: showPerson(r.Person)} }
	if got := shownOf(t, listed); slices.Contains(got, "Secret") || slices.Contains(got, "Person.Subject") {
		t.Errorf("a new field is shown: %v", got)
	}
}

func within(field, names string) (all []string) {
	for name := range strings.FieldsSeq(names) {
		all = append(all, field+"."+name)
	}
	return all
}

func sees[T any](t *testing.T, show func(T) T, names string, more ...string) {
	t.Helper()
	want := append(strings.Fields(names), more...)
	slices.Sort(want)
	if got := shownOf(t, show); !slices.Equal(got, want) {
		t.Errorf("%T: the console sees\n%v, want\n%v", *new(T), got, want)
	}
}

// shownOf lists the fields that come through when all have a value.
func shownOf[T any](t *testing.T, show func(T) T) (all []string) {
	t.Helper()
	var full T
	fill(t, reflect.ValueOf(&full).Elem())
	list(reflect.ValueOf(show(full)), "", &all)
	slices.Sort(all)
	return all
}

func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(1, 0)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Array:
		fill(t, v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key)
		fill(t, value)
		v.SetMapIndex(key, value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint8:
		v.SetUint(1)
	default:
		t.Fatalf("the test cannot fill a %v", v.Type())
	}
}

func list(v reflect.Value, path string, all *[]string) {
	_, moment := reflect.TypeAssert[time.Time](v)
	switch {
	case v.IsZero():
	case v.Kind() == reflect.Struct && !moment:
		for i := range v.NumField() {
			list(v.Field(i), strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), all)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		list(v.Index(0), path, all)
	default:
		*all = append(*all, path)
	}
}
