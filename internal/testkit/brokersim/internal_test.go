package brokersim

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"avain/internal/secret"

	"pgregory.net/rapid"
)

// Every text exists in every language with the same placeholders, and every text that
// a template or the code asks for exists.
func TestTextsAreComplete(t *testing.T) {
	t.Parallel()
	p, err := loadPages(Banks())
	if err != nil {
		t.Fatal(err)
	}
	for key, texts := range p.texts {
		for _, lang := range languages() {
			if texts[lang] == "" || strings.Count(texts[lang], "%s") != strings.Count(texts["fi"], "%s") {
				t.Errorf("%s in %s: %q", key, lang, texts[lang])
			}
			for _, jargon := range []string{"autentikoi", "tokeni", "istunto", "sessio"} {
				if strings.Contains(strings.ToLower(texts[lang]), jargon) {
					t.Errorf("%s in %s: %q is jargon", key, lang, jargon)
				}
			}
		}
	}
	var asked []string
	for _, m := range regexp.MustCompile(`T "([a-z0-9-]+)"`).FindAllStringSubmatch(pagesHTML, -1) {
		asked = append(asked, m[1])
	}
	for _, s := range []step{stepSelect, stepConfirm, stepWaiting, stepMissed, stepConsent, stepFailed} {
		asked = append(asked, string(s)+"-title")
	}
	for _, m := range []string{"over", "unknown", "cookies", "expired", "lost", "refused", "privacy", "phone-silent"} {
		asked = append(asked, m+"-title", m+"-text")
	}
	asked = append(asked, "mobile-101", "mobile-105", "mobile-208", "mobile-209", "mobile-401", "mobile-402", "mobile-403", "mobile-1011", "mobile-1012",
		"user-title", "phone-title", "front-title", "control-title", "op-name", "telia-name", "idura-name", "signicat-name", "placeholder-header", "placeholder-text", "notice-choose", "notice-user", "notice-number", "notice-pin",
		"broker-info", "broker-consent", "privacy-link", "disturbance-header", "disturbance-text")
	for _, key := range asked {
		if p.texts[key] == nil {
			t.Errorf("no text for %q", key)
		}
	}
	if len(asked) < 60 {
		t.Errorf("found only %d uses of texts: is the expression right?", len(asked))
	}
}

func TestEventIDs(t *testing.T) {
	t.Parallel()
	good, lengths := regexp.MustCompile(`^[A-Z2-9]{4,8}$`), map[int]bool{}
	for range 500 {
		id := newEvent()
		if !good.MatchString(id) {
			t.Fatalf("event id %q", id)
		}
		lengths[len(id)] = true
	}
	if len(lengths) != 5 {
		t.Errorf("lengths %v, want 4 to 8", lengths)
	}
}

// A shelf behaves like a map whose entries expire.
func TestShelf(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type entry struct {
			value   int
			expires time.Time
		}
		var s shelf[int]
		model, now := map[secret.Hash]entry{}, time.Unix(1000, 0)
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			key := secret.Of(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")).Hash()
			known, ok := model[key]
			ok = ok && now.Before(known.expires)
			switch rapid.IntRange(0, 3).Draw(t, "act") {
			case 0:
				expires := now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "life")) * time.Second)
				if s.add(key, i, now, expires) == ok {
					t.Fatalf("add: taken %t", ok)
				}
				if !ok {
					model[key] = entry{i, expires}
				}
			case 1:
				if got, found := s.get(key, now); found != ok || (ok && got != known.value) {
					t.Fatalf("get: %d %t, want %d %t", got, found, known.value, ok)
				}
			case 2:
				if got, found := s.take(key, now); found != ok || (ok && got != known.value) {
					t.Fatalf("take: %d %t, want %d %t", got, found, known.value, ok)
				}
				delete(model, key)
			case 3:
				now = now.Add(time.Second)
			}
		}
	})
}

// What has expired does not pile up.
func TestShelfSweeps(t *testing.T) {
	t.Parallel()
	var s shelf[int]
	now := time.Unix(1000, 0)
	for range 20 * shelfSweep {
		now = now.Add(time.Millisecond)
		s.add(secret.New().Hash(), 1, now, now.Add(100*time.Millisecond))
	}
	if n := len(s.items); n > 2*shelfSweep {
		t.Errorf("%d items although all but 100 have expired", n)
	}
}

func TestRecordsAreBounded(t *testing.T) {
	t.Parallel()
	var r records
	for range 3 * recordsKept {
		r.add(Record{})
	}
	if n := len(r.kept); n > recordsKept || n < recordsKept/2 {
		t.Errorf("%d records", n)
	}
}
