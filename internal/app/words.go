package app

import (
	"cmp"

	"avain/internal/broker"
	"avain/internal/config"
	"avain/internal/core/diagnosis"
)

// Words are the names that the operator gives to things, as they fill the gaps in what
// is said about a login.
func Words(c config.Config) diagnosis.Brand {
	version := c.App.AlternativeVersion
	if version.Before(c.App.MinimumVersion) {
		version = c.App.MinimumVersion
	}
	means := map[string]broker.Means{}
	for _, b := range c.Brokers {
		for _, m := range b.Means {
			if _, named := means[m.ID]; !named { // by the broker that comes first
				means[m.ID] = m
			}
		}
	}
	return diagnosis.Brand{
		App: c.Brand.Name, Company: cmp.Or(c.Brand.Company, c.Brand.Name), Version: string(version),
		Bank: func(lang, id string) string { return cmp.Or(means[id].Names[lang], means[id].Name) },
	}
}
