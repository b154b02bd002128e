package web

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/login"
)

func mustTexts(t testing.TB) *dictionary {
	t.Helper()
	c, err := loadTexts(Languages())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryTextIsInEveryLanguage(t *testing.T) {
	t.Parallel()
	c := mustTexts(t)
	want := textKeys(t, c, Finnish)
	for _, lang := range Languages() {
		if got := textKeys(t, c, lang); !slices.Equal(got, want) {
			t.Errorf("%s: keys differ from Finnish: %v", lang, difference(got, want))
		}
	}
}

func difference(a, b []string) []string {
	var diff []string
	for _, key := range append(slices.Clone(a), b...) {
		if slices.Contains(a, key) != slices.Contains(b, key) {
			diff = append(diff, key)
		}
	}
	return diff
}

func TestEveryReasonHasWords(t *testing.T) {
	t.Parallel()
	c := mustTexts(t)
	want := 0
	for _, reason := range login.Reasons() {
		for _, part := range []string{"title", "what", "next"} {
			want++
			if key := "reason." + string(reason) + "." + part; !c.has(key) {
				t.Errorf("%s is missing", key)
			}
		}
	}
	got := 0
	for _, key := range textKeys(t, c, Finnish) {
		if strings.HasPrefix(key, "reason.") {
			got++
		}
	}
	if got != want {
		t.Errorf("%d texts of reasons for %d reasons: some reason is gone", got, want/3)
	}
}

// rawTexts reads a language's files without the library, key → text.
func rawTexts(t testing.TB, lang string) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	paths, err := fs.Glob(textFiles, "texts/*."+lang+".json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d files of %s, %v", len(paths), lang, err)
	}
	for _, path := range paths {
		b, err := textFiles.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var tree map[string]any
		if err := json.Unmarshal(b, &tree); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		flatten("", tree, texts)
	}
	return texts
}

func flatten(prefix string, tree map[string]any, into map[string]string) {
	for key, value := range tree {
		switch v := value.(type) {
		case string:
			into[prefix+key] = v
		case map[string]any:
			flatten(prefix+key+".", v, into)
		}
	}
}

func TestTextsTakeTheSameValuesInEveryLanguage(t *testing.T) {
	t.Parallel()
	value := regexp.MustCompile(`{{\s*\.(\w+)\s*}}`)
	fi := rawTexts(t, Finnish)
	for _, lang := range Languages() {
		for key, text := range rawTexts(t, lang) {
			got, want := value.FindAllString(text, -1), value.FindAllString(fi[key], -1)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s in %s takes %v, in Finnish %v", key, lang, got, want)
			}
			if strings.ContainsAny(value.ReplaceAllString(text, ""), "<{") {
				t.Errorf("%s in %s: %q holds a tag or an action", key, lang, text)
			}
		}
	}
}

// TestTextsSpeakPlainly: the words of product.md that no text may use, and the
// reasons' machine words, which are no texts.
func TestTextsSpeakPlainly(t *testing.T) {
	t.Parallel()
	jargon := regexp.MustCompile(`(?i)autentik|token|tokeni|\bsessio|\bOAuth\b|\bHTTP\b|PKCE|DPoP|redirect|_`)
	for _, lang := range Languages() {
		for key, text := range rawTexts(t, lang) {
			if jargon.MatchString(text) {
				t.Errorf("%s in %s: %q is jargon", key, lang, text)
			}
			if strings.TrimSpace(text) != text || text == "" {
				t.Errorf("%s in %s: %q", key, lang, text)
			}
		}
	}
}

// TestEveryTextIsUsedAndThere: templates of every feature and texts fit together. A
// key that is built ("button." and a way) is checked by its beginning.
func TestEveryTextIsUsedAndThere(t *testing.T) {
	t.Parallel()
	c := mustTexts(t)
	whole, begins := regexp.MustCompile(`T "([a-z_.]+)"`), regexp.MustCompile(`T \(print "([a-z_.]+)"`)
	used := []string{ // named in Go code
		"means.title", "waiting.title", "handover.title", "logout.title", "loggedout.title", "gallery.title",
		"means.off", "means.off_down", "means.off_paused", "means.mobile_hint",
		"options.off", "options.update",
	}
	var prefixes []string
	var sources []string
	for _, pattern := range []string{"templates/*.html", "../../*/templates/*.html", "../../*/*/templates/*.html", "../../*/*/*/templates/*.html"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, found...)
	}
	for _, path := range sources {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range whole.FindAllStringSubmatch(string(b), -1) {
			if used = append(used, m[1]); !c.has(m[1]) && strings.HasPrefix(path, "templates") {
				t.Errorf("%s: there is no text %s", path, m[1])
			}
		}
		for _, m := range begins.FindAllStringSubmatch(string(b), -1) {
			prefixes = append(prefixes, m[1])
		}
	}
	used = append(used, namedInGo(t, "../../console/*.go", "../../console/*/*.go", "../../public/news/*.go", "../../public/help/*.go", "../../public/status/*.go")...)
	for _, key := range textKeys(t, c, Finnish) {
		built := slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
		if !built && !slices.Contains(used, key) {
			t.Errorf("nothing shows %s", key)
		}
	}
}

// namedInGo lists what may be keys of texts in the code of packages that name theirs
// there: navigation, titles, what was done.
func namedInGo(t *testing.T, patterns ...string) []string {
	t.Helper()
	key := regexp.MustCompile(`"([a-z_]+(?:\.[a-z_]+)+)"`)
	var named []string
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range key.FindAllStringSubmatch(string(b), -1) {
				named = append(named, m[1])
			}
		}
	}
	return named
}

func TestMissingTextIsAnErrorNotAnEmptyPage(t *testing.T) {
	t.Parallel()
	if text, err := mustTexts(t).text(English, "no.such.text", nil); err == nil {
		t.Errorf("got %q", text)
	}
}

func FuzzMatchLanguage(f *testing.F) {
	for _, seed := range []string{"fi", "sv-FI,sv;q=0.9,en;q=0.8", "*", "", "se", "x-klingon", strings.Repeat("a-", 200), "en;q=NaN", "\x00"} {
		f.Add(seed)
	}
	c := mustTexts(f)
	f.Fuzz(func(t *testing.T, header string) {
		if lang, _ := c.match(header); !slices.Contains(Languages(), lang) {
			t.Errorf("%q chose %q", header, lang)
		}
	})
}

func TestScrubKeepsWhatHelps(t *testing.T) {
	t.Parallel()
	for _, plain := range []string{
		"dial tcp 10.0.0.5:443: connect: connection refused",
		"open /var/lib/avain/avain.db: permission denied",
		"internal broker_response (nonce): id_token: nonce does not match",
		"UNIQUE constraint failed: attempts.request_uri_hash",
		"context deadline exceeded",
	} {
		if got := Scrub(plain); got != plain {
			t.Errorf("%q became %q: support learns nothing", plain, got)
		}
	}
	if got := Scrub(strings.Repeat("x ", maxCause)); len(got) > maxCause+10 {
		t.Errorf("%d bytes in a record", len(got))
	}
}

func TestPalette(t *testing.T) {
	t.Parallel()
	white, dark := parseColour("#ffffff"), parseColour(darkSurface)
	for _, accent := range []string{"#00695c", "#0b5c63", "#000000", "#7a1fa2", "#b00020", "#4d4d4d"} {
		css, err := palette(accent)
		if err != nil {
			t.Errorf("%s: %v", accent, err)
			continue
		}
		colours := regexp.MustCompile(`#[0-9a-f]{6}`).FindAllString(css, -1)
		if len(colours) != 4 {
			t.Fatalf("%s: %q", accent, css)
		}
		for i, against := range []colour{white, white, dark, dark} {
			if c := contrast(parseColour(colours[i]), against); c < minContrast {
				t.Errorf("%s: %s has contrast %.2f with %s", accent, colours[i], c, against)
			}
		}
	}
	if css, err := palette(""); css != "" || err != nil {
		t.Errorf("no accent: %q, %v", css, err)
	}
}

// TestStyleSheetIsReadable: the colour pairs of the style sheet against WCAG 2.2 AA,
// light and dark.
func TestStyleSheetIsReadable(t *testing.T) {
	t.Parallel()
	css, err := staticFiles.ReadFile("static/style.css")
	if err != nil {
		t.Fatal(err)
	}
	if len(css) > 12<<10 {
		t.Errorf("style sheet of %d bytes, at most 12 KB", len(css))
	}
	blocks := regexp.MustCompile(`:root \{([^}]*)\}`).FindAllStringSubmatch(string(css), 2)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of colours, want light and dark", len(blocks))
	}
	for i, block := range blocks {
		colours := map[string]colour{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6})`).FindAllStringSubmatch(block[1], -1) {
			hex := m[2]
			if len(hex) == 4 {
				hex = "#" + strings.Repeat(hex[1:2], 2) + strings.Repeat(hex[2:3], 2) + strings.Repeat(hex[3:4], 2)
			}
			colours[m[1]] = parseColour(hex)
		}
		for _, pair := range [][2]string{
			{"ink", "page"},
			{"ink", "surface"},
			{"ink", "warm-tint"},
			{"muted", "page"},
			{"muted", "surface"},
			{"accent", "surface"},
			{"accent", "page"},
			{"accent", "tint"},
			{"accent-strong", "tint"},
			{"accent-strong", "surface"},
			{"on-accent", "accent"},
			{"on-accent", "accent-strong"},
			{"warm", "warm-tint"},
			{"good", "good-tint"},
		} {
			a, okA := colours[pair[0]]
			b, okB := colours[pair[1]]
			if c := contrast(a, b); !okA || !okB || c < minContrast {
				t.Errorf("block %d: %s on %s has contrast %.2f", i, pair[0], pair[1], c)
			}
		}
		if c := contrast(colours["warm"], colours["surface"]); c < 3 { // of focus rings, WCAG 2.2 1.4.11
			t.Errorf("block %d: the focus ring has contrast %.2f", i, c)
		}
	}
	if !strings.Contains(string(css), "prefers-reduced-motion") || !strings.Contains(string(css), ":focus-visible") {
		t.Error("no rule for reduced motion or visible focus")
	}
}

// textKeys lists every key of a language, sorted.
func textKeys(t *testing.T, d *dictionary, lang string) []string {
	t.Helper()
	v, err := d.volumes[lang]()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(v.keys))
}
