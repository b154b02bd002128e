package geoip_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

var update = flag.Bool("update", false, "write regions.json anew")

// The names of countries are those of the Unicode CLDR. They lie in a file, because the
// package that knows them would make the program larger by three megabytes.
func TestRegions(t *testing.T) {
	t.Parallel()
	regions := map[string]map[string]string{}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			region, err := language.ParseRegion(string(a) + string(b))
			if err != nil || !region.IsCountry() || region.String() != string(a)+string(b) {
				continue
			}
			names := map[string]string{}
			for lang, tag := range map[string]language.Tag{"fi": language.Finnish, "sv": language.Swedish, "en": language.English} {
				if name := display.Regions(tag).Name(region); name != "" {
					names[lang] = name
				}
			}
			if len(names) > 0 {
				regions[region.String()] = names
			}
		}
	}
	want, err := json.Marshal(regions)
	if err != nil {
		t.Fatal(err)
	}
	want = append(bytes.ReplaceAll(want, []byte("},"), []byte("},\n")), '\n')
	if *update {
		if err := os.WriteFile("regions.json", want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("regions.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) || len(regions) < 240 {
		t.Errorf("regions.json does not hold the %d countries of the CLDR: go test ./internal/platform/geoip -update", len(regions))
	}
}
