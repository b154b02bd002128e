package web

import (
	"fmt"
	"time"
)

// date writes a day and time as people of the language do, in the kit's zone.
func (k *Kit) date(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(k.zone)
	day, month, year := t.Day(), months(lang)[t.Month()-1], t.Year()
	switch lang {
	case Swedish:
		return fmt.Sprintf("%d %s %d kl. %02d.%02d", day, month, year, t.Hour(), t.Minute())
	case English:
		return fmt.Sprintf("%d %s %d at %02d:%02d", day, month, year, t.Hour(), t.Minute())
	default:
		return fmt.Sprintf("%d. %s %d klo %d.%02d", day, month, year, t.Hour(), t.Minute())
	}
}

// DayInWords writes a day as people of the language do, in the kit's zone.
func (k *Kit) DayInWords(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(k.zone)
	day := "%d %s %d"
	if lang == Finnish {
		day = "%d. %s %d"
	}
	return fmt.Sprintf(day, t.Day(), months(lang)[t.Month()-1], t.Year())
}

// months are in the form that stands in a date.
func months(lang string) [12]string {
	switch lang {
	case Swedish:
		return [...]string{
			"januari", "februari", "mars", "april", "maj", "juni",
			"juli", "augusti", "september", "oktober", "november", "december",
		}
	case English:
		return [...]string{
			"January", "February", "March", "April", "May", "June",
			"July", "August", "September", "October", "November", "December",
		}
	default:
		return [...]string{
			"tammikuuta", "helmikuuta", "maaliskuuta", "huhtikuuta", "toukokuuta", "kesäkuuta",
			"heinäkuuta", "elokuuta", "syyskuuta", "lokakuuta", "marraskuuta", "joulukuuta",
		}
	}
}
