package notices

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"avain/internal/broker"
	"avain/internal/domain/operations"
	"avain/internal/domain/shown"
)

const (
	// lasts is how long a notice of the service's own holds when nobody pushes its end
	// forward: so long it outlives its cause, or the node that knew of it.
	lasts = time.Minute
	// pause is how long the cause must have been away for the next notice to be another
	// one: a broker that comes and goes must not fill the page of news.
	pause = 30 * time.Minute
)

// system writes the notices that nobody else writes.
const system = "system"

// Trouble is something that goes on now and that people should know of.
type Trouble struct {
	Source string // "broker:op": its own text; "circuit:op": it cannot be reached
	Words  map[string]operations.NoticeWords
	Means  []string // that it concerns, by id
}

// Keep writes the troubles of this node as notices, or pushes the end of those notices
// forward. What is not among them any more ends by itself. Call it every few seconds.
func (b *Board) Keep(ctx context.Context, troubles []Trouble) error {
	if len(troubles) == 0 {
		return nil
	}
	b.keeping.Lock()
	defer b.keeping.Unlock()
	now, wrote := b.d.Now(), false
	for _, t := range troubles {
		n := operations.Notice{
			Severity: operations.SeverityProblem, Words: t.Words, From: now, Until: now.Add(lasts), Source: t.Source, By: system,
			Audience: operations.Audience{Means: t.Means}, CreatedAt: now, ChangedAt: now,
		}
		if strings.HasPrefix(t.Source, disturbance) {
			n.Severity = operations.SeverityWarning
		}
		if b.holds(ctx, n, now) {
			continue
		}
		if _, err := b.d.Store.KeepNotice(ctx, n, pause); err != nil {
			return err
		}
		wrote = true
	}
	if wrote {
		b.follow(ctx)
	}
	return nil
}

// holds reports whether the notice of the trouble stands and need not be written yet.
// Nodes that see the same trouble in different words take turns of a minute, rather than
// writing over each other all the time.
func (b *Board) holds(ctx context.Context, n operations.Notice, now time.Time) bool {
	return slices.ContainsFunc(b.known.Get(ctx), func(known operations.Notice) bool {
		if known.Source != n.Source || known.Until.Before(now.Add(lasts/2)) {
			return false
		}
		same := reflect.DeepEqual(known.Words, n.Words) && reflect.DeepEqual(known.Audience, n.Audience) && known.Severity == n.Severity
		return same || now.Sub(known.ChangedAt) < lasts
	})
}

const (
	disturbance = "broker:"
	unreachable = "circuit:"
)

// Troubles reads what the brokers say about themselves, and which banks cannot be
// reached, out of what is offered in each language. A trouble concerns the means that the
// broker serves now: those that another broker has taken over have none.
func Troubles(offers map[string]broker.Offer) []Trouble {
	var all []Trouble
	for lang, offer := range offers {
		for _, info := range offer.Brokers {
			if info.Disturbance == (broker.Disturbance{}) {
				continue
			}
			means := served(offer, info.Broker, func(broker.OfferedMeans) bool { return true })
			all = told(all, disturbance+info.Broker, lang, disturbed(info.Disturbance, lang), means)
		}
		for _, id := range brokersOf(offer) {
			down := served(offer, id, func(m broker.OfferedMeans) bool { return !m.Available })
			all = told(all, unreachable+id, lang, away(down, lang), down)
		}
	}
	slices.SortFunc(all, func(x, y Trouble) int { return strings.Compare(x.Source, y.Source) })
	return all
}

// told adds what a trouble says in one language.
func told(all []Trouble, source, lang string, words operations.NoticeWords, means []broker.OfferedMeans) []Trouble {
	if len(means) == 0 {
		return all
	}
	for i := range all {
		if all[i].Source == source {
			all[i].Words[lang] = words
			return all
		}
	}
	t := Trouble{Source: source, Words: map[string]operations.NoticeWords{lang: words}}
	for _, m := range means {
		t.Means = append(t.Means, m.ID)
	}
	slices.Sort(t.Means)
	return append(all, t)
}

func served(offer broker.Offer, id string, which func(broker.OfferedMeans) bool) (means []broker.OfferedMeans) {
	for _, m := range offer.Means {
		if m.Broker == id && which(m) {
			means = append(means, m)
		}
	}
	return means
}

func brokersOf(offer broker.Offer) (ids []string) {
	for _, m := range offer.Means {
		if !slices.Contains(ids, m.Broker) {
			ids = append(ids, m.Broker)
		}
	}
	return ids
}

// disturbed are the broker's own words; package broker has made them plain.
func disturbed(d broker.Disturbance, lang string) operations.NoticeWords {
	titles := map[string]string{"fi": "Häiriötiedote", "sv": "Störningsmeddelande", "en": "Service disruption"}
	words := operations.NoticeWords{Title: shown.Text(d.Header, maxTitle), Text: shown.Text(d.Text, maxText)}
	if words.Title == "" {
		words.Title = titles[lang]
	}
	return words
}

// away are our words for banks that cannot be reached.
func away(means []broker.OfferedMeans, lang string) operations.NoticeWords {
	names := make([]string, len(means))
	for i, m := range means {
		names[i] = m.Name
	}
	which := shown.Text(strings.Join(names, ", "), maxText/2)
	switch lang {
	case "sv":
		return operations.NoticeWords{
			Title: "Störning i identifieringen",
			Text:  "Det går inte att logga in med dessa just nu: " + which + ".\nVälj ett annat sätt att identifiera dig, eller försök igen senare.",
		}
	case "en":
		return operations.NoticeWords{
			Title: "Service disruption",
			Text:  "You cannot log in with these right now: " + which + ".\nChoose another way to identify yourself, or try again later.",
		}
	default:
		return operations.NoticeWords{
			Title: "Häiriö tunnistautumisessa",
			Text:  "Näillä ei juuri nyt voi kirjautua: " + which + ".\nValitse toinen tunnistautumistapa tai yritä myöhemmin uudelleen.",
		}
	}
}
