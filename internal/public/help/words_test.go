package help_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var quoted = regexp.MustCompile(`[”“]([^”“]+)”`)

// What the pages tell people to press or to look for is called so, in their language, in
// the app or on another page of ours: an app that renames a button must rename it here.
func TestHelpSpeaksTheWordsOfTheProduct(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"fi", "sv", "en"} {
		own := filepath.Join("..", "..", "platform", "web", "texts", "help."+lang+".json")
		others, err := filepath.Glob(filepath.Join("..", "..", "platform", "web", "texts", "*."+lang+".json"))
		if err != nil || len(others) < 5 {
			t.Fatal(others, err)
		}
		var product strings.Builder
		for _, path := range append(others, filepath.Join("..", "..", "..", "app", "src", "texts", lang+".ts")) {
			if path != own {
				product.WriteString(read(t, path))
			}
		}
		var names []string
		for _, name := range quoted.FindAllStringSubmatch(read(t, own), -1) {
			names = append(names, name[1])
		}
		if len(names) < 8 {
			t.Errorf("%s names only %q", lang, names)
		}
		for _, name := range names {
			if !strings.Contains(product.String(), `"`+name+`"`) && name != asked[lang] {
				t.Errorf("in %s nothing is called %q", lang, name)
			}
		}
	}
}

// asked is the question of the help pages themselves, which the console quotes.
var asked = map[string]string{"fi": "Oliko tästä apua?", "sv": "Fick du svar på din fråga?", "en": "Did this answer your question?"}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
