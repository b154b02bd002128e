package web

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
	"avain/internal/domain/shown"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed texts/*.json
var textFiles embed.FS

// The languages, the source language first.
const (
	Finnish = "fi"
	Swedish = "sv"
	English = "en"
)

// Languages lists the languages of every text, the source language first.
func Languages() []string { return []string{Finnish, Swedish, English} }

// dictionary holds every text in every language. A language is read when somebody
// first speaks it: each takes memory that an idle service need not hold.
type dictionary struct {
	volumes map[string]func() (*volume, error)
	source  *volume  // that of the source language
	offered []string // what the operator shows, the default first
	matcher language.Matcher
}

// volume is every text in one language.
type volume struct {
	keys      map[string]bool
	localizer *i18n.Localizer
}

func loadTexts(offered []string) (*dictionary, error) {
	d := &dictionary{volumes: make(map[string]func() (*volume, error)), offered: offered}
	tags := make([]language.Tag, 0, len(offered))
	for _, lang := range offered {
		tags = append(tags, language.Make(lang))
	}
	d.matcher = language.NewMatcher(tags)
	for _, lang := range Languages() {
		d.volumes[lang] = sync.OnceValues(func() (*volume, error) { return readVolume(lang) })
	}
	var err error
	d.source, err = d.volumes[Finnish]()
	return d, err
}

// readVolume reads the files of a language. None may say again what another has said.
func readVolume(lang string) (*volume, error) {
	bundle := i18n.NewBundle(language.Make(lang))
	v := &volume{keys: make(map[string]bool), localizer: i18n.NewLocalizer(bundle, lang)}
	for _, from := range []struct {
		files   fs.FS
		pattern string
	}{
		{textFiles, "texts/*." + lang + ".json"},
		{reasons.Texts(), "texts/pages." + lang + ".json"},
	} {
		paths, err := fs.Glob(from.files, from.pattern)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			file, err := bundle.LoadMessageFileFS(from.files, path)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			for _, m := range file.Messages {
				if v.keys[m.ID] {
					return nil, fmt.Errorf("%s: %s is there already", path, m.ID)
				}
				v.keys[m.ID] = true
			}
		}
	}
	return v, nil
}

// has reports whether a text exists in the source language.
func (d *dictionary) has(key string) bool { return d.source.keys[key] }

// text looks a text up and fills in its values. A text that is missing in a
// language falls back to Finnish; one that is missing everywhere is an error.
func (d *dictionary) text(lang, key string, values map[string]any) (string, error) {
	v, err := d.volumes[lang]()
	if err != nil {
		return "", err
	}
	if !v.keys[key] {
		v = d.source
	}
	cfg := &i18n.LocalizeConfig{MessageID: key, TemplateData: values}
	if count, ok := values["Count"]; ok {
		cfg.PluralCount = count
	}
	text, err := v.localizer.Localize(cfg)
	if text == "" {
		return "", fmt.Errorf("text %s in %s: %w", key, lang, err)
	}
	return text, nil
}

// match finds the first of the wanted languages that is one of ours.
func (d *dictionary) match(wanted ...string) (lang string, ok bool) {
	for _, w := range wanted {
		if w == "" || len(w) > 200 { // a header of many kilobytes names no more languages than a short one
			continue
		}
		if _, i, confidence := d.matcher.Match(tagsOf(w)...); confidence > language.Low {
			return d.offered[i], true
		}
	}
	return d.offered[0], false
}

// tagsOf reads a language tag, a phone's name for its locale, or an Accept-Language header
// of them (RFC 9110 §12.5.4). What is none is left out.
func tagsOf(wanted string) []language.Tag {
	if tags, _, err := language.ParseAcceptLanguage(wanted); err == nil {
		return tags
	}
	var tags []language.Tag
	for part := range strings.SplitSeq(wanted, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		if tag, err := language.Parse(login.LanguageTag(name)); err == nil {
			tags = append(tags, tag)
		}
	}
	return tags
}

// Text is one text for code that writes no template, such as a title. Values are
// pairs of name and value.
func (k *Kit) Text(lang, key string, values ...any) (string, error) {
	named, err := pairs(values)
	if err != nil {
		return "", fmt.Errorf("text %s: %w", key, err)
	}
	// Every text may name the service and the company behind it.
	for name, value := range named {
		if text, ok := value.(string); ok {
			named[name] = shown.Apart(text)
		}
	}
	named["Brand"], named["Company"] = k.cfg.Brand.Name, k.cfg.Brand.Company
	return k.texts.text(lang, key, named)
}

func pairs(values []any) (map[string]any, error) {
	if len(values)%2 != 0 {
		return nil, fmt.Errorf("%d values are not pairs of name and value", len(values))
	}
	named := make(map[string]any, len(values)/2+2)
	for i := 0; i < len(values); i += 2 {
		name, ok := values[i].(string)
		if !ok {
			return nil, fmt.Errorf("value %d is no name", i)
		}
		named[name] = values[i+1]
	}
	return named, nil
}

const (
	langParam  = "lang"
	langCookie = "avain-lang"

	// langKept is how long a switch outlasts the click: one login with its way to
	// the bank and back. Longer, it would outvote the language of the app at the
	// next login.
	langKept = time.Hour
)

// Language chooses the language of an answer. The person's own switch on the page
// (?lang=, remembered in a cookie for the rest of the login) goes before the
// language of the app (ui_locales, see [Prefer]), that before the browser's.
func (k *Kit) Language(r *http.Request) string {
	if lang, ok := k.switchedTo(r); ok {
		return lang
	}
	if c, err := r.Cookie(langCookie); err == nil && slices.Contains(k.cfg.Languages, c.Value) {
		return c.Value
	}
	if rec := recordOf(r.Context()); rec != nil {
		locales, _ := rec.snapshot()
		if lang, ok := k.texts.match(locales...); ok {
			return lang
		}
	}
	lang, _ := k.texts.match(r.Header.Get("Accept-Language"))
	return lang
}

// Speaks chooses the language of an answer to an app, which says by itself what it
// wants: the first of the wanted tags that is one of ours, else the first of ours.
func (k *Kit) Speaks(wanted ...string) string {
	lang, _ := k.texts.match(wanted...)
	return lang
}

// switchedTo is the language that the person has just chosen on the page.
func (k *Kit) switchedTo(r *http.Request) (string, bool) {
	if !strings.Contains(r.URL.RawQuery, langParam+"=") {
		return "", false
	}
	lang := r.URL.Query().Get(langParam)
	return lang, slices.Contains(k.cfg.Languages, lang)
}

func (k *Kit) rememberLanguage(w http.ResponseWriter, r *http.Request) {
	lang, ok := k.switchedTo(r)
	if !ok {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: langCookie, Value: lang, Path: "/", MaxAge: int(langKept.Seconds()),
		Secure: k.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
