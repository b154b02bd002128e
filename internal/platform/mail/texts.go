package mail

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed texts/*.json
var textFiles embed.FS

// Languages lists the languages of every letter, the source language first.
func Languages() []string { return []string{"fi", "sv", "en"} }

// catalogue holds every text in every language.
type catalogue struct {
	localizer map[string]*i18n.Localizer
	keys      map[string][]string
	offered   []string
}

func loadTexts(offered []string) (*catalogue, error) {
	c := &catalogue{localizer: map[string]*i18n.Localizer{}, keys: map[string][]string{}, offered: offered}
	if len(c.offered) == 0 {
		c.offered = Languages()
	}
	bundle := i18n.NewBundle(language.Finnish)
	for _, lang := range Languages() {
		file, err := bundle.LoadMessageFileFS(textFiles, "texts/"+lang+".json")
		if err != nil {
			return nil, fmt.Errorf("mail: texts in %s: %w", lang, err)
		}
		for _, text := range file.Messages {
			c.keys[lang] = append(c.keys[lang], text.ID)
		}
		slices.Sort(c.keys[lang])
		c.localizer[lang] = i18n.NewLocalizer(bundle, lang)
	}
	for _, lang := range c.offered {
		if c.localizer[lang] == nil {
			return nil, fmt.Errorf("mail: there are no texts in %q", lang)
		}
	}
	return c, nil
}

// speaks is the language of a letter to somebody who wants it in wanted.
func (c *catalogue) speaks(wanted string) string {
	if slices.Contains(c.offered, wanted) {
		return wanted
	}
	return c.offered[0]
}

func (c *catalogue) text(lang, key string, values map[string]any) (string, error) {
	text, err := c.localizer[lang].Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: values})
	if err != nil {
		return "", fmt.Errorf("text %s in %s: %w", key, lang, err)
	}
	if strings.Contains(text, "<no value>") {
		return "", fmt.Errorf("text %s in %s: a value is missing", key, lang)
	}
	return text, nil
}

// moment writes a time as people of the language do, in the letters' zone.
func (w *writer) moment(t time.Time) string {
	if t.IsZero() {
		w.fail("a time is missing")
	}
	t = t.In(w.mailer.zone)
	month := w.text(fmt.Sprintf("month.m%02d", t.Month()))
	return w.text("date.moment", "Day", t.Day(), "Month", month, "Year", t.Year(),
		"Hour", t.Hour(), "Hour2", fmt.Sprintf("%02d", t.Hour()), "Minute", fmt.Sprintf("%02d", t.Minute()))
}
