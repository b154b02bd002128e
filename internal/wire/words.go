package wire

import (
	"cmp"

	"avain/internal/config"
	"avain/internal/diagnosis"
)

// Words are the names that the operator gives to things, as they fill the gaps in what
// is said about a login, in a language.
func Words(c config.Config, lang string) diagnosis.Brand {
	version := c.App.AlternativeVersion
	if version.Before(c.App.MinimumVersion) {
		version = c.App.MinimumVersion
	}
	names := map[string]string{}
	for _, b := range c.Brokers {
		for _, m := range b.Means {
			if names[m.ID] == "" { // the broker that comes first names it
				names[m.ID] = cmp.Or(m.Names[lang], m.Name)
			}
		}
	}
	return diagnosis.Brand{
		App: c.Brand.Name, Company: cmp.Or(c.Brand.Company, c.Brand.Name), Version: string(version),
		Bank: func(means string) string { return names[means] },
	}
}
