package mail

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"time"

	"avain/internal/secret"
)

// Message is one letter to one person. It is made anew for each try: nothing of it
// is kept.
type Message struct {
	To       string // one address, without a name
	Locale   string // fi, sv or en; anything else is written in the first of the languages
	Template string // TemplateInvitation …
	Data     any    // what the template shows: Invitation for TemplateInvitation, and so on

	// ID names the letter: letters, digits, - and _, at most 32 characters. It becomes
	// the Message-ID, so that the same letter sent twice can be known as one.
	ID string
}

// Sender sends letters.
type Sender interface {
	// Send returns when the server has taken the letter. Its errors are a [*Refused],
	// one that wraps [ErrMessage], or a failure of the way there; [Permanent] tells
	// which of them no repetition can mend. After a failure at the very end the letter
	// may have arrived all the same: send it again under the same ID.
	Send(ctx context.Context, m Message) error
}

// ErrMessage is wrapped by the errors of letters that cannot be written: an unknown
// template, data of the wrong type, a link that leads elsewhere. Trying again makes
// it no better.
var ErrMessage = errors.New("mail: the letter cannot be written")

// Permanent reports whether sending the same letter again is pointless.
func Permanent(err error) bool {
	if refused, ok := errors.AsType[*Refused](err); ok {
		return refused.Permanent
	}
	return errors.Is(err, ErrMessage)
}

// Config is what the operator decides about mail.
type Config struct {
	// BaseURL is the service's own address. Letters link to nothing else (threat 19).
	BaseURL   *url.URL
	Brand     Brand
	Languages []string       // that the operator offers, of [Languages]; the first is the default; empty means all
	TimeZone  *time.Location // of the times in letters; nil means Europe/Helsinki

	Server Server
	From   string // "SmartumPay <noreply@example.com>" or an address alone
	// ReplyTo is where answers go; empty: to From.
	ReplyTo string
	// Bounce is the envelope's sender, where servers report what they could not
	// deliver; empty: From. "{id}" in it stands for the letter, so that a report names
	// it even when it quotes nothing: "bounces+{id}@example.com" (VERP).
	Bounce string

	Now func() time.Time // nil means time.Now
}

// Brand is whose letters they are.
type Brand struct {
	Name   string // of the app
	Accent string // "#rrggbb" that white text is readable on; empty means the built-in teal
	Email  string // of customer service; may be empty
	Phone  string // of customer service; may be empty
	Help   string // address of the help page; may be empty
}

// Security is how the way to the mail server is protected.
type Security string

// The protections.
const (
	STARTTLS Security = "starttls" // required, not opportunistic: whoever strips it gets no letter (RFC 3207 §6)
	TLS      Security = "tls"      // from the first byte (RFC 8314)
	None     Security = "none"     // loopback only
)

// Server is the mail server that takes our letters.
type Server struct {
	Host     string
	Port     int
	Security Security
	User     string      // empty: the server asks for no log-in
	Password secret.Text // of User

	Timeout time.Duration  // of each step of the conversation; 0 means 30 s
	RootCAs *x509.CertPool // that the server's certificate must come from; nil means the system's
}

// Mailer writes letters and sends them. It keeps no connection, so that it holds
// nothing while there is nothing to send.
type Mailer struct {
	cfg    Config
	from   address
	reply  address
	bounce bounceAddress
	texts  *catalogue
	zone   *time.Location
	now    func() time.Time
	accent template.CSS
	page   *templates
}

var _ Sender = (*Mailer)(nil)

var hexColour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

const (
	standardAccent  = "#0b5c63"
	standardTimeout = 30 * time.Second
)

// New checks the configuration and loads texts and templates. It contacts nobody.
func New(cfg Config) (*Mailer, error) {
	m := &Mailer{cfg: cfg, now: cfg.Now, zone: cfg.TimeZone}
	if m.now == nil {
		m.now = time.Now
	}
	if m.cfg.Brand.Accent == "" {
		m.cfg.Brand.Accent = standardAccent
	}
	if m.cfg.Server.Timeout == 0 {
		m.cfg.Server.Timeout = standardTimeout
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	m.accent = template.CSS(m.cfg.Brand.Accent) //nolint:gosec // six hexadecimal digits, checked above
	var err error
	if m.zone == nil {
		if m.zone, err = time.LoadLocation("Europe/Helsinki"); err != nil {
			return nil, fmt.Errorf("mail: time zone: %w", err)
		}
	}
	if m.texts, err = loadTexts(m.cfg.Languages); err != nil {
		return nil, err
	}
	m.page, err = loadTemplates()
	return m, err
}

func (m *Mailer) check() error {
	var mistakes []error
	if m.cfg.BaseURL == nil || m.cfg.BaseURL.Host == "" {
		mistakes = append(mistakes, errors.New("mail: the base URL is missing"))
	}
	if !hexColour.MatchString(m.cfg.Brand.Accent) {
		mistakes = append(mistakes, fmt.Errorf("mail: accent %q is not of the form #rrggbb", m.cfg.Brand.Accent))
	}
	var err error
	if m.from, err = parseAddress(m.cfg.From); err != nil {
		mistakes = append(mistakes, fmt.Errorf("mail: from: %w", err))
	}
	if m.cfg.ReplyTo != "" {
		if m.reply, err = parseAddress(m.cfg.ReplyTo); err != nil {
			mistakes = append(mistakes, fmt.Errorf("mail: reply_to: %w", err))
		}
	}
	if m.bounce, err = parseBounceAddress(m.cfg.Bounce); err != nil {
		mistakes = append(mistakes, fmt.Errorf("mail: bounce_address: %w", err))
	}
	return errors.Join(append(mistakes, m.cfg.Server.check())...)
}
