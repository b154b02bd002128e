package demo

import (
	"context"
	"errors"
	"fmt"

	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/testkit/brokersim"
)

// seed adds the sample people, or so many generated ones. The stranger stays out:
// somebody has to meet the page for people without benefits.
func seed(ctx context.Context, p *people.People, generated int) error {
	samples := brokersim.People()
	if generated > 0 {
		samples = make([]brokersim.Person, generated)
		for i := range samples {
			samples[i] = brokersim.GeneratedPerson(i)
		}
	}
	for i, s := range samples {
		if s.Stranger {
			continue
		}
		old, hasOld := credentialOf(s.UserID)
		person, _, err := p.Add(ctx, s.HETU, login.Person{
			GivenName: s.GivenName, FamilyName: s.FamilyName, Name: s.DisplayName(), Locale: s.Locale, Email: old.Email,
			SmartumPlus: !hasOld || old.Plus, Benefits: benefitsOf(i),
		})
		if err != nil && !errors.Is(err, fault.ErrExists) {
			return fmt.Errorf("add sample person: %w", err)
		}
		if !hasOld || err != nil {
			continue
		}
		if _, err := p.AddCredential(ctx, person.ID, old.UserName, old.Email, old.hash); err != nil && !errors.Is(err, fault.ErrExists) {
			return fmt.Errorf("add sample credentials: %w", err)
		}
	}
	return nil
}

// Password is that of all sample credentials.
const Password = "kolme pulleaa karhua" //nolint:gosec // of people who do not exist; the landing page shows it

// Credential is a sample user name.
type Credential struct {
	UserName, Email string
	Plus            bool // a SmartumPlus user, who still has them from before
	hash            string
}

// Credentials are the sample ones. Their hashes are as another system would have made
// them, and weak: the first login with one replaces it.
func Credentials() []Credential {
	return []Credential{
		{
			UserName: "hilma", Email: "hilma@example.com",
			hash: "$argon2id$v=19$m=1024,t=1,p=1$ZGVtbyBzYWx0IG51bWJlciAx$lUy5Ep/SU0KlR67lwSY5Ssn2CXgySZOB+J7Rix2Kspc",
		}, {
			UserName: "eero", Email: "eero@example.com", Plus: true,
			hash: "$argon2id$v=19$m=1024,t=1,p=1$ZGVtbyBzYWx0IG51bWJlciAy$JxD74Ekr44H959FE5xUmnybDPFbRbDLlwt5KT0fN7hA",
		},
	}
}

// credentialOf is the one of a sample person, if they have one.
func credentialOf(user string) (Credential, bool) {
	for _, c := range Credentials() {
		if c.UserName == user {
			return c, true
		}
	}
	return Credential{}, false
}

func benefitKinds() []string {
	return []string{"lunch", "sports", "culture", "wellbeing", "commuting", "bicycle"}
}

// benefitsOf gives each person another handful, so that the app has something to
// show.
func benefitsOf(i int) []login.Benefit {
	kinds := benefitKinds()
	employers := []string{"Kuusiston Konepaja Oy", "Pohjantuuli Oy", "Saaristomeren Palvelut Oy"}
	var all []login.Benefit
	for n := range 2 + i%4 {
		all = append(all, login.Benefit{Kind: kinds[(i+n)%len(kinds)], Employer: employers[i%len(employers)]})
	}
	return all
}
