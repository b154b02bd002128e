package config

import "regexp"

// BenefitKind is something that employers may give.
type BenefitKind struct {
	Kind  string            `yaml:"kind" doc:"Machine word, a to z and _; it never changes."`
	Names map[string]string `yaml:"names" doc:"As people read it, per language; needed for kinds of your own."`
}

// defaultBenefits are those that the pages have words for.
func defaultBenefits() []BenefitKind {
	return []BenefitKind{
		{"lunch", map[string]string{"fi": "Lounas", "sv": "Lunch", "en": "Lunch"}},
		{"sports", map[string]string{"fi": "Liikunta", "sv": "Motion", "en": "Sports"}},
		{"culture", map[string]string{"fi": "Kulttuuri", "sv": "Kultur", "en": "Culture"}},
		{"wellbeing", map[string]string{"fi": "Hyvinvointi", "sv": "Välmående", "en": "Wellbeing"}},
		{"commuting", map[string]string{"fi": "Työmatka", "sv": "Arbetsresa", "en": "Commuting"}},
		{"bicycle", map[string]string{"fi": "Työsuhdepyörä", "sv": "Cykelförmån", "en": "Bicycle"}},
	}
}

var benefitKind = regexp.MustCompile(`^[a-z][a-z_]{0,39}$`)

// benefits checks the section.
func (v validator) benefits(all []BenefitKind) {
	if len(all) == 0 {
		v.add("benefits", "missing; name at least one kind, or remove the section")
	}
	seen := map[string]bool{}
	for i, b := range all {
		path := at("benefits", i)
		switch {
		case !benefitKind.MatchString(b.Kind):
			v.add(path+".kind", "must be a word of a to z and _, at most 40 letters")
		case b.Kind == "none": // in a file of people it ends all of them
			v.add(path+".kind", "must not be none")
		case seen[b.Kind]:
			v.add(path+".kind", "is there twice")
		}
		seen[b.Kind] = true
		for language, name := range b.Names {
			v.oneOf(path+".names", language, "fi", "sv", "en")
			if name == "" {
				v.add(path+".names."+language, "must not be empty")
			}
		}
	}
}
