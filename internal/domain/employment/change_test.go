package employment_test

import (
	"reflect"
	"testing"
	"time"

	"avain/internal/domain/employment"
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
	full := employment.Employment{
		ID: "id", Employer: "e", Person: "p", Kind: employment.UserSmartum, ExternalID: "1", UserName: "u", Email: "a@b.example", GivenName: "G",
		FamilyName: "F", Locale: "sv", Lookup: []byte("h"), CreatedAt: spring,
		Benefits: []login.Benefit{{Kind: "lunch", StartsAt: spring, EndsAt: autumn}, {Kind: "sports", ReleasedAt: spring, ActivatedAt: summer}},
	}
	if got, mistakes := full.With(employment.Change{}, autumn); len(mistakes) > 0 || !reflect.DeepEqual(got, full) {
		t.Errorf("nothing is said: %+v, %v", got, mistakes)
	}
	everything := employment.Change{
		Kind: new(employment.UserSmartumPlus), ExternalID: new("2"), UserName: new("v"), Email: new(""), GivenName: new("H"), FamilyName: new(""),
		Locale: new("fi"), Lookup: []byte("i"), Benefits: []employment.BenefitChange{},
	}
	all := reflect.ValueOf(everything)
	for i := range all.NumField() {
		name := all.Type().Field(i).Name
		if all.Field(i).IsNil() {
			t.Errorf("%s is not tried", name)
		}
		var one employment.Change
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
	if got, _ := active.With(employment.Change{Lookup: []byte("i")}, autumn); string(got.Lookup) != "h" {
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
		said   employment.BenefitChange
		want   login.Benefit
	}{
		"nothing of a dated one":  {[]login.Benefit{dated}, employment.BenefitChange{}, dated},
		"nothing of a held one":   {[]login.Benefit{held}, employment.BenefitChange{}, held},
		"a new one":               {nil, employment.BenefitChange{}, login.Benefit{Kind: "lunch", ReleasedAt: summer}},
		"a new one, held":         {nil, employment.BenefitChange{Released: no}, login.Benefit{Kind: "lunch"}},
		"released again":          {[]login.Benefit{dated}, employment.BenefitChange{Released: yes}, dated},
		"released":                {[]login.Benefit{held}, employment.BenefitChange{Released: yes}, login.Benefit{Kind: "lunch", StartsAt: spring, EndsAt: autumn, ReleasedAt: summer}},
		"held":                    {[]login.Benefit{dated}, employment.BenefitChange{Released: no}, held},
		"another end":             {[]login.Benefit{held}, employment.BenefitChange{EndsAt: &summer}, login.Benefit{Kind: "lunch", StartsAt: spring, EndsAt: summer}},
		"until further notice":    {[]login.Benefit{held}, employment.BenefitChange{EndsAt: none}, login.Benefit{Kind: "lunch", StartsAt: spring}},
		"at once, of a dated one": {[]login.Benefit{held}, employment.BenefitChange{StartsAt: none}, login.Benefit{Kind: "lunch", EndsAt: autumn}},
	} {
		c.said.Kind = "lunch"
		got, mistakes := employment.Employment{Benefits: append(c.before, login.Benefit{Kind: "sports"})}.Benefit(c.said, summer)
		if len(mistakes) > 0 || got != c.want {
			t.Errorf("%s: %+v, %v", name, got, mistakes)
		}
	}
	_, mistakes := employment.Employment{Benefits: []login.Benefit{held}}.With(employment.Change{
		Benefits: []employment.BenefitChange{{Kind: "sports"}, {Kind: "lunch", EndsAt: &spring}},
	}, summer)
	if len(mistakes) != 1 || mistakes[0].Field != "benefits[1].ends_on" {
		t.Errorf("ends before it starts: %v", mistakes)
	}
}
