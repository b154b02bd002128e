package login_test

import (
	"reflect"
	"testing"
	"time"

	"avain/internal/domain/login"
)

var (
	spring = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	summer = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	autumn = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
)

// What is not said stays, in every member that there is: one that is added to the change and
// forgotten in With is found here.
func TestWhatIsNotSaidStays(t *testing.T) {
	t.Parallel()
	full := login.Employment{
		ID: "id", Employer: "e", Person: "p", Kind: login.UserSmartum, ExternalID: "1", UserName: "u", Email: "a@b.example", GivenName: "G",
		FamilyName: "F", Locale: "sv", Lookup: []byte("h"), CreatedAt: spring,
		Benefits: []login.Benefit{{Kind: "lunch", StartsAt: spring, EndsAt: autumn}, {Kind: "sports", ReleasedAt: spring, ActivatedAt: summer}},
	}
	if got, mistakes := full.With(login.EmploymentChange{}, autumn); len(mistakes) > 0 || !reflect.DeepEqual(got, full) {
		t.Errorf("nothing is said: %+v, %v", got, mistakes)
	}
	everything := login.EmploymentChange{
		Kind: new(login.UserSmartumPlus), ExternalID: new("2"), UserName: new("v"), Email: new(""), GivenName: new("H"), FamilyName: new(""),
		Locale: new("fi"), Lookup: []byte("i"), Benefits: []login.BenefitChange{},
	}
	all := reflect.ValueOf(everything)
	for i := range all.NumField() {
		name := all.Type().Field(i).Name
		if all.Field(i).IsNil() {
			t.Errorf("%s is not tried", name)
		}
		var one login.EmploymentChange
		reflect.ValueOf(&one).Elem().Field(i).Set(all.Field(i))
		got, mistakes := full.With(one, autumn)
		if len(mistakes) > 0 {
			t.Errorf("%s: %v", name, mistakes)
		}
		before, after := reflect.ValueOf(full), reflect.ValueOf(got)
		for j := range before.NumField() {
			field := before.Type().Field(j).Name
			if same := reflect.DeepEqual(before.Field(j).Interface(), after.Field(j).Interface()); same == (field == name) {
				t.Errorf("%s is said; %s became %v", name, field, after.Field(j).Interface())
			}
		}
	}
	active := full
	active.ActivatedAt = summer
	if got, _ := active.With(login.EmploymentChange{Lookup: []byte("i")}, autumn); string(got.Lookup) != "h" {
		t.Error("the code of a record that is active was changed")
	}
}

func TestWhatIsSaidOfABenefit(t *testing.T) {
	t.Parallel()
	yes, no, none := new(true), new(false), new(time.Time)
	dated := login.Benefit{Kind: "lunch", StartsAt: spring, EndsAt: autumn, ReleasedAt: spring, ActivatedAt: spring}
	held := login.Benefit{Kind: "lunch", StartsAt: spring, EndsAt: autumn}
	for name, c := range map[string]struct {
		before []login.Benefit
		said   login.BenefitChange
		want   login.Benefit
	}{
		"nothing of a dated one":  {[]login.Benefit{dated}, login.BenefitChange{}, dated},
		"nothing of a held one":   {[]login.Benefit{held}, login.BenefitChange{}, held},
		"a new one":               {nil, login.BenefitChange{}, login.Benefit{Kind: "lunch", ReleasedAt: summer}},
		"a new one, held":         {nil, login.BenefitChange{Released: no}, login.Benefit{Kind: "lunch"}},
		"released again":          {[]login.Benefit{dated}, login.BenefitChange{Released: yes}, dated},
		"released":                {[]login.Benefit{held}, login.BenefitChange{Released: yes}, login.Benefit{Kind: "lunch", StartsAt: spring, EndsAt: autumn, ReleasedAt: summer}},
		"held":                    {[]login.Benefit{dated}, login.BenefitChange{Released: no}, held},
		"another end":             {[]login.Benefit{held}, login.BenefitChange{EndsAt: &summer}, login.Benefit{Kind: "lunch", StartsAt: spring, EndsAt: summer}},
		"until further notice":    {[]login.Benefit{held}, login.BenefitChange{EndsAt: none}, login.Benefit{Kind: "lunch", StartsAt: spring}},
		"at once, of a dated one": {[]login.Benefit{held}, login.BenefitChange{StartsAt: none}, login.Benefit{Kind: "lunch", EndsAt: autumn}},
	} {
		c.said.Kind = "lunch"
		got, mistakes := login.Employment{Benefits: append(c.before, login.Benefit{Kind: "sports"})}.Benefit(c.said, summer)
		if len(mistakes) > 0 || got != c.want {
			t.Errorf("%s: %+v, %v", name, got, mistakes)
		}
	}
	_, mistakes := login.Employment{Benefits: []login.Benefit{held}}.With(login.EmploymentChange{
		Benefits: []login.BenefitChange{{Kind: "sports"}, {Kind: "lunch", EndsAt: &spring}},
	}, summer)
	if len(mistakes) != 1 || mistakes[0].Field != "benefits[1].ends_on" {
		t.Errorf("ends before it starts: %v", mistakes)
	}
}
