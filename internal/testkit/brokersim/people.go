package brokersim

import (
	"fmt"
	"time"

	"avain/internal/domain/hetu"
)

// Person is someone who can log in at every simulated bank and with Mobile
// Certificate. Nobody here exists: the codes have individual numbers 900–999.
type Person struct {
	UserID     string // at every bank
	Phone      string // Mobile Certificate number, +358…
	SpamCode   string // asked with the number, if the person has set one
	HETU       hetu.Code
	GivenName  string // empty, like FamilyName, when the sources know only Name
	FamilyName string
	Name       string // "Family Given", as OP sends it
	Locale     string // fi, sv, en
	Stranger   bool   // not to be seeded into Avain: verified, but without benefits
	Note       string // what the person is for, in English
}

// DisplayName is the name in the order people say it.
func (p Person) DisplayName() string {
	if p.GivenName == "" || p.FamilyName == "" {
		return p.Name
	}
	return p.GivenName + " " + p.FamilyName
}

// PIN opens every sample person's Mobile Certificate.
const PIN = "1234"

// People returns the sample people. The demo seeds all but the strangers into Avain.
func People() []Person {
	rows := []struct {
		user, phone, spam, given, family, locale string
		born                                     string
		separator                                byte
		individual                               int
		stranger                                 bool
		note                                     string
	}{
		{"aino", "1001", "", "Aino Maria", "Virtanen", "fi", "1985-03-14", '-', 912, false, "everyday case"},
		{"eero", "1002", "", "Eero", "Mäkelä", "fi", "1972-11-02", '-', 935, false, "another everyday case"},
		{"sofia", "1003", "", "Sofia Elisabet", "Lindqvist", "sv", "1991-06-24", '-', 948, false, "speaks Swedish"},
		{"oskar", "1004", "A12B", "Oskar", "af Björksten", "sv", "1964-01-31", '-', 957, false, "spam prevention code A12B on Mobile Certificate"},
		{"matti", "1005", "", "Matti", "Kivi", "fi", "1990-01-10", '-', 999, false, "same code as Maija but for the separator"},
		{"maija", "1006", "", "Maija", "Järvi", "fi", "1990-01-10", 'Y', 999, false, "same code as Matti but for the separator"},
		{"ilmari", "1007", "", "", "Rautio Ilmari Juhani", "fi", "1958-09-17", '-', 963, false, "names come undivided"},
		{"hilma", "1008", "", "Hilma", "Aalto", "fi", "1899-08-01", '+', 904, false, "born in the 1800s"},
		{"noor", "1009", "", "Noor", "O'Brien-Åström", "en", "2004-02-29", 'A', 971, false, "born in the 2000s, on a leap day; speaks English"},
		{"vieno", "1010", "", "Vieno", "Hautala", "fi", "1979-12-24", '-', 986, true, "a stranger: nobody has added this person"},
	}
	people := make([]Person, 0, len(rows))
	for _, r := range rows {
		p := Person{
			UserID: r.user, Phone: "+35845157" + r.phone, SpamCode: r.spam,
			HETU: artificial(r.born, r.separator, r.individual), Locale: r.locale,
			Stranger: r.stranger, Note: r.note, Name: r.family,
		}
		if r.given != "" {
			p.GivenName, p.FamilyName, p.Name = r.given, r.family, r.family+" "+r.given
		}
		people = append(people, p)
	}
	return people
}

// artificial makes a code from a table of this file; People's test proves that none
// of them is empty.
func artificial(born string, separator byte, individual int) hetu.Code {
	day, err := time.Parse(time.DateOnly, born)
	if err != nil {
		return hetu.Code{}
	}
	code, err := hetu.Make(day, separator, individual)
	if err != nil {
		return hetu.Code{}
	}
	return code
}

const (
	generatedDays       = 36524 // 1900-01-01 to 1999-12-30
	generatedPerDay     = 100   // individual numbers 900–999
	generatedSeparators = "XWVU"

	// MaxGenerated is how many people [GeneratedPerson] can tell apart.
	MaxGenerated = generatedDays * generatedPerDay * len(generatedSeparators)
)

// GeneratedPerson returns the i-th of MaxGenerated people, always the same one for
// the same number, none of them among [People]. For load tests.
func GeneratedPerson(i int) Person {
	i = ((i % MaxGenerated) + MaxGenerated) % MaxGenerated
	individual := 900 + i%generatedPerDay
	day := i / generatedPerDay % generatedDays
	separator := generatedSeparators[i/(generatedPerDay*generatedDays)]
	born := time.Date(1900, 1, 1+day, 0, 0, 0, 0, time.UTC)
	code, err := hetu.Make(born, separator, individual)
	if err != nil {
		code = hetu.Code{} // cannot be: a property test walks the range
	}
	given, family := fmt.Sprintf("Koe %d", i), "Henkilö"
	return Person{
		UserID: fmt.Sprintf("p%d", i), Phone: fmt.Sprintf("+35845%08d", i), HETU: code,
		GivenName: given, FamilyName: family, Name: family + " " + given, Locale: "fi",
	}
}

// MobileCase is a phone number that is not a person but a way of failing. The codes are
// those of the MSS FiCom guideline 2.1. Invented: how such a failure reaches the relying
// party, in every dialect: as access_denied with "mobile certificate: " and the code,
// once the person gives up; only 401 comes back as the dialect's own word for cancelling.
type MobileCase struct {
	Phone string
	Code  int    // what the Mobile Certificate service answers
	Note  string // in English
}

// The answers of the Mobile Certificate service (MSS FiCom guideline 2.1).
const (
	mobileOK          = 500
	mobileWrong       = 101
	mobileSpamWrong   = 1011
	mobileSpamMissing = 1012
	mobileUnknown     = 105
	mobileTimeout     = 208
	mobileUnreachable = 209
	mobileCancelled   = 401
	mobilePINBlocked  = 402
	mobileCardBlocked = 403
)

// MobileCases returns the numbers that fail, each in its way. A number that is
// neither here nor a person's fails with 105.
func MobileCases() []MobileCase {
	return []MobileCase{
		{"+358451579101", mobileWrong, "wrong parameters"},
		{"+358451579105", mobileUnknown, "no Mobile Certificate"},
		{"+358451579208", mobileTimeout, "the phone does not answer in time"},
		{"+358451579209", mobileUnreachable, "the phone is switched off"},
		{"+358451579401", mobileCancelled, "cancelled on the phone"},
		{"+358451579402", mobilePINBlocked, "the PIN is blocked"},
		{"+358451579403", mobileCardBlocked, "the SIM card is blocked"},
	}
}
