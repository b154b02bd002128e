package demo

import (
	"context"
	"errors"
	"fmt"

	"avain/internal/brokersim"
	"avain/internal/login"
	"avain/internal/people"
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
		_, _, err := p.Add(ctx, s.HETU, login.Person{
			GivenName: s.GivenName, FamilyName: s.FamilyName, Name: s.DisplayName(), Locale: s.Locale,
			SmartumPlus: true, Benefits: benefitsOf(i),
		})
		if err != nil && !errors.Is(err, login.ErrExists) {
			return fmt.Errorf("add sample person: %w", err)
		}
	}
	return nil
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
