package people

import (
	"context"
	"time"

	"avain/internal/domain/login"
	"avain/internal/secret"
)

// Try is one try at a password.
type Try struct {
	Name     string // as it was typed: a user name or an e-mail address
	Password secret.Text
	Place
}

// Place is where somebody types a password, as far as it can be recognised.
type Place struct {
	Key     string      // DPoP thumbprint of the app's key
	Browser secret.Text // of the cookie that is set when somebody has got in
	Network string
}

// bucket is how often something may be tried: so often at once, and once more after each.
type bucket struct {
	what   string
	atOnce int
	each   time.Duration
}

// What pays for a try at a password that fails, counted in the database: more nodes or a
// restart give nobody another chance. Whoever guesses from elsewhere empties the budgets
// of the name, and cannot reach those of a device or a network that the person has used:
// the owner gets in there for as long as the guessing goes on (threat 44). All of them
// together allow a hundred in a day (NIST SP 800-63B-4 §3.2.2).
//
// Those of a name do not know whether anybody has it, and an e-mail address has budgets
// of its own beside the user name's: were it one account's, using up the one would tell
// whether the other belongs to it. A person has two names, for which anyName has room;
// it only matters to who has more.
//
// An empty budget pauses this way in and no other; it never locks the person (RFC 6819
// §5.1.4.2.3).
var (
	ofName     = bucket{"password", 10, 90 * time.Minute}
	anyName    = bucket{"passwords of a person", 20, 45 * time.Minute}
	ofNetwork  = bucket{"password in a network", 3, 3 * time.Hour}
	anyNetwork = bucket{"password in known networks", 6, 2 * time.Hour}
	ofDevice   = bucket{"password on a device", 6, 72 * time.Minute}
	anyDevice  = bucket{"password on known devices", 10, 72 * time.Minute}
)

// recognisedFor is how long a browser or network is recognised after somebody got in
// from there.
const recognisedFor = 180 * 24 * time.Hour

// budget counts for somebody or something. Its key is derived: a name that somebody typed
// is nobody's business, least of all when it turns out to be their password.
func (p *People) budget(b bucket, of ...string) login.RateLimit {
	return login.RateLimit{Key: p.d.TicketKeys.First().Derive("budget", append([]string{b.what}, of...)...).Hash(), Burst: b.atOnce, Interval: b.each}
}

// payment is what a try has cost, and whether it came from where the person had got in
// before.
type payment struct {
	spent []login.RateLimit
	known bool
}

// payFor takes the try from the first budget that applies and is not empty, before
// anything is compared: the device's, the network's, the name's. A name that nobody has,
// which comes with an empty credential, takes the same statements.
func (p *People) payFor(ctx context.Context, t Try, c login.Credential) (payment, error) {
	now := p.d.Now()
	seen, err := p.recognised(ctx, c.Person, t.Place, now)
	if err != nil {
		return payment{}, err
	}
	var groups [][]login.RateLimit
	if seen.Key || seen.Browser {
		device := t.Key
		if !seen.Key {
			device = t.Browser.Reveal()
		}
		groups = append(groups, []login.RateLimit{p.budget(ofDevice, c.Person, device), p.budget(anyDevice, c.Person)})
	}
	if seen.Network {
		groups = append(groups, []login.RateLimit{p.budget(ofNetwork, c.Person, t.Network), p.budget(anyNetwork, c.Person)})
	}
	account := c.Person
	if account == "" {
		account = t.Name
	}
	groups = append(groups, []login.RateLimit{p.budget(ofName, t.Name), p.budget(anyName, account)})
	paid, err := p.d.Limits.SpendFirst(ctx, now, groups...)
	if err != nil {
		return payment{}, err
	}
	return payment{groups[paid], seen != (login.Seen{})}, nil
}

// recognised asks under each generation of the key: a change of it must not leave the owner
// of a name that is being guessed without the budgets that guessing cannot reach.
func (p *People) recognised(ctx context.Context, person string, at Place, now time.Time) (seen login.Seen, err error) {
	for _, key := range p.d.TicketKeys {
		one, err := p.d.People.Recognised(ctx, from(key, person, at), now)
		if err != nil {
			return seen, err
		}
		seen = login.Seen{Key: seen.Key || one.Key, Browser: seen.Browser || one.Browser, Network: seen.Network || one.Network}
	}
	return seen, nil
}

func from(key secret.Text, person string, at Place) login.From {
	from := login.From{Person: person, Key: at.Key}
	if !at.Browser.Empty() {
		from.Browser = key.Derive("recognised browser", person, at.Browser.Reveal()).Hash()
	}
	if at.Network != "" {
		from.Network = key.Derive("recognised network", person, at.Network).Hash()
	}
	return from
}

// Recognise remembers where a person has got in, by whatever means. An app's key needs
// no remembering: its session does that.
func (p *People) Recognise(ctx context.Context, person string, at Place) error {
	return p.recognise(ctx, person, at, nil)
}

func (p *People) recognise(ctx context.Context, person string, at Place, spent []login.RateLimit) error {
	from := from(p.d.TicketKeys.First(), person, at)
	var marks []secret.Hash
	for _, mark := range []secret.Hash{from.Browser, from.Network} {
		if !mark.Zero() {
			marks = append(marks, mark)
		}
	}
	return p.d.People.Recognise(ctx, person, marks, p.d.Now().Add(recognisedFor), spent)
}
