package geoip

import (
	_ "embed" // regions.json
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/shown"

	"github.com/oschwald/maxminddb-golang/v2"
)

const (
	// lookEvery is how often the file is looked at: a new one counts after that.
	lookEvery = time.Minute
	// maxName bounds a name, in characters: no town has a longer one.
	maxName = 60
)

// regionsFile names the countries in the languages of the pages, because the databases
// speak neither Finnish nor Swedish. It is made of the Unicode CLDR: see TestRegions.
//
//go:embed regions.json
var regionsFile []byte

// spoken are the languages of the pages.
func spoken() []string { return []string{"fi", "sv", "en"} }

// Finder finds places. The nil Finder finds none.
type Finder struct {
	path    string
	now     func() time.Time
	log     *slog.Logger
	regions map[string]map[string]string // names of countries, by code and language

	current atomic.Pointer[maxminddb.Reader]

	looking sync.Mutex // guards what follows; whoever holds it looks at the file
	looked  time.Time
	seen    stamp
}

// stamp tells whether a file is still the same.
type stamp struct {
	size     int64
	modified time.Time
}

// Open reads the database. It is read into memory and not mapped: a file that is
// overwritten in place must not take the service down.
func Open(path string, now func() time.Time, log *slog.Logger) (*Finder, error) {
	f := &Finder{path: path, now: now, log: log, looked: now()}
	if err := json.Unmarshal(regionsFile, &f.regions); err != nil {
		return nil, fmt.Errorf("place: regions.json: %w", err)
	}
	return f, f.load()
}

// load reads the file as it is now. On an error what was there before stays.
func (f *Finder) load() error {
	info, err := os.Stat(f.path)
	if err != nil {
		return fmt.Errorf("place: %w", err)
	}
	f.seen = stamp{info.Size(), info.ModTime()}
	bytes, err := os.ReadFile(f.path)
	if err != nil {
		return fmt.Errorf("place: %w", err)
	}
	db, err := maxminddb.OpenBytes(bytes)
	if err != nil {
		return fmt.Errorf("place: %s: %w", f.path, err)
	}
	if len(f.languages(db)) == 0 {
		return fmt.Errorf("place: %s: %w", f.path, errNoNames)
	}
	f.current.Store(db)
	return nil
}

var errNoNames = errors.New("is no database of places: it names none in English, Finnish or Swedish")

// languages are those of ours that the database speaks.
func (f *Finder) languages(db *maxminddb.Reader) (ours []string) {
	for _, lang := range db.Metadata.Languages {
		if slices.Contains(spoken(), lang) {
			ours = append(ours, lang)
		}
	}
	return ours
}

// refresh takes a file that has changed. One caller does so while the others go on with
// what there is; a file that is half written counts when it is whole.
func (f *Finder) refresh() {
	if !f.looking.TryLock() {
		return
	}
	defer f.looking.Unlock()
	now := f.now()
	if now.Sub(f.looked) < lookEvery {
		return
	}
	f.looked = now
	info, err := os.Stat(f.path)
	if err == nil && f.seen == (stamp{info.Size(), info.ModTime()}) {
		return
	}
	if err == nil {
		err = f.load()
	}
	if err != nil {
		f.log.Warn("the database of places cannot be read; the one before stays", "error", err)
		return
	}
	f.log.Info("the database of places has been read anew", "path", f.path)
}

// record is all that is read of an address: nothing finer than a town.
type record struct {
	City struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"city"`
	Country struct {
		Code  string            `maxminddb:"iso_code"`
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"country"`
}

// Find is the place of an address; empty when it is unknown.
func (f *Finder) Find(addr netip.Addr) login.Place {
	if f == nil || !addr.IsValid() {
		return ""
	}
	f.refresh()
	var r record
	found := f.current.Load().Lookup(addr.Unmap())
	if !found.Found() || found.Decode(&r) != nil {
		return ""
	}
	names := map[string]string{}
	for _, lang := range spoken() {
		if name := f.line(r, lang); name != "" {
			names[lang] = name
		}
	}
	return login.NewPlace(names)
}

// line names the place in a language: "Helsinki, Suomi".
func (f *Finder) line(r record, lang string) string {
	var parts []string
	for _, name := range []string{named(r.City.Names, lang), f.country(r, lang)} {
		if name != "" {
			parts = append(parts, name)
		}
	}
	return strings.Join(parts, ", ")
}

func (f *Finder) country(r record, lang string) string {
	if name := tidy(r.Country.Names[lang]); name != "" {
		return name
	}
	if name := f.regions[r.Country.Code][lang]; name != "" {
		return name
	}
	return named(r.Country.Names, lang)
}

func named(names map[string]string, lang string) string {
	if name := tidy(names[lang]); name != "" {
		return name
	}
	return tidy(names["en"])
}

// tidy keeps a name to one short line, whatever the file holds.
func tidy(name string) string { return shown.Line(name, maxName) }
