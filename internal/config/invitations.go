package config

import "time"

// Invitations says how people are invited to activate their benefits.
type Invitations struct {
	Life        time.Duration `yaml:"life" doc:"How long an invitation can be used."`
	RemindAfter time.Duration `yaml:"remind_after" doc:"When somebody who has not activated gets a reminder; 0s: never."`
	Terms       Terms         `yaml:"terms" doc:"What people accept before they activate."`
}

// Terms are the terms of use.
type Terms struct {
	Version string            `yaml:"version" doc:"Kept with the time of acceptance; change it with the terms." example:"2026-01"`
	URLs    map[string]string `yaml:"urls" doc:"Where they are to be read, per language." example:"{fi: https://example.com/ehdot, sv: https://example.com/villkor, en: https://example.com/terms}"`
}

// invitations checks the section.
func (v validator) invitations(i Invitations) {
	v.between("invitations.life", i.Life, time.Hour, 366*24*time.Hour)
	if i.RemindAfter != 0 {
		v.between("invitations.remind_after", i.RemindAfter, time.Minute, i.Life)
	}
	for language, address := range i.Terms.URLs {
		v.oneOf("invitations.terms.urls", language, "fi", "sv", "en")
		v.webLink("invitations.terms.urls."+language, address)
	}
	if len(i.Terms.URLs) > 0 && i.Terms.Version == "" {
		v.add("invitations.terms.version", "missing; people accept a version of the terms")
	}
}
