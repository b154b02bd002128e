package mail_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/mail"
	"net/url"
	"sync"
	"testing"
	"time"

	avainmail "avain/internal/platform/mail"
	"avain/internal/secret"
	"avain/internal/testkit/loopback"
	"avain/internal/testkit/patience"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// authority signs the certificates of test servers.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

var newAuthority = sync.OnceValues(func() (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return authority{}, err
	}
	cert, err := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return authority{key, cert, pool}, err
})

func ca(t testing.TB) authority {
	t.Helper()
	a, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// certificate is one for a host name that the authority vouches for.
func (a authority) certificate(t testing.TB, host string, until time.Time) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
}

// letter is what a server took.
type letter struct {
	from, to string
	raw      []byte
}

func (l letter) parsed(t testing.TB) *mail.Message {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(l.raw))
	if err != nil {
		t.Fatalf("%v in\n%s", err, l.raw)
	}
	return m
}

// server is a real SMTP server that does what the test says at each stage; nil
// functions agree to everything.
type server struct {
	onMail, onRcpt func(address string) error
	onData         func(c *smtp.Conn, r io.Reader) error
	user, password string
	mechanisms     []string

	mu        sync.Mutex
	letters   []letter
	mails     int // MAIL commands seen
	mechanism string
}

func (s *server) taken() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]letter(nil), s.letters...)
}

func (s *server) senders() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails
}

// listen starts the server and returns the settings that reach it. Without a
// certificate it offers no STARTTLS.
func (s *server) listen(t testing.TB, security avainmail.Security, cert *tls.Certificate) avainmail.Server {
	t.Helper()
	backend := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: c}, nil
	}))
	backend.Domain, backend.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	var implicit *tls.Config
	if cert != nil {
		backend.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
		if security == avainmail.TLS {
			implicit = backend.TLSConfig
		}
	}
	open := loopback.ServeSMTP(backend, listener, implicit)
	t.Cleanup(func() {
		ctx, cancel := patience.Within(context.Background())
		defer cancel()
		if err := open.Close(ctx); err != nil {
			t.Errorf("somebody does not hang up: %v", err)
		}
	})
	return avainmail.Server{
		Host: "localhost", Port: port, Security: security, User: s.user, Password: secret.Of(s.password),
		RootCAs: ca(t).pool, Timeout: patience.Limit(),
	}
}

type session struct {
	*server
	conn     *smtp.Conn
	from, to string
	loggedIn bool
}

func (s *session) Reset()        { s.from, s.to = "", "" }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.mu.Lock()
	s.mails++
	s.mu.Unlock()
	if s.user != "" && !s.loggedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	if s.onMail != nil {
		return s.onMail(from)
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if s.onRcpt != nil {
		return s.onRcpt(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	if s.onData != nil {
		if err := s.onData(s.conn, r); err != nil {
			return err
		}
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, letter{s.from, s.to, raw})
	return nil
}

// AuthMechanisms makes the server offer AUTH when it knows a user.
func (s *session) AuthMechanisms() []string {
	if s.user == "" {
		return nil
	}
	return s.mechanisms
}

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	s.mu.Lock()
	s.mechanism = mechanism
	s.mu.Unlock()
	check := func(user, password string) error {
		if user != s.user || password != s.password {
			return smtp.ErrAuthFailed
		}
		s.loggedIn = true
		return nil
	}
	if mechanism == "PLAIN" {
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	}
	return &loginServer{check: check}, nil
}

// loginServer speaks AUTH LOGIN: two questions, two answers.
type loginServer struct {
	check func(user, password string) error
	user  string
	asked int
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	case 3:
		return nil, true, l.check(l.user, string(response))
	default:
		return nil, true, errors.New("too many answers")
	}
}

var noon = time.Date(2026, time.November, 22, 10, 5, 0, 0, time.UTC)

// standard is a configuration that works with a server.
func standard(s avainmail.Server) avainmail.Config {
	return avainmail.Config{
		BaseURL: &url.URL{Scheme: "https", Host: "login.example.com"},
		Brand:   avainmail.Brand{Name: "SmartumPay", Email: "help@example.com", Phone: "+358 20 000 0000", Help: "https://www.example.org/help"},
		Server:  s, From: "SmartumPay <noreply@example.com>", ReplyTo: "support@example.com", Bounce: "bounces+{id}@example.com",
		Now: func() time.Time { return noon },
	}
}

// mailer is one that reaches nobody; tests that send give the server's settings.
func mailer(t testing.TB, change func(*avainmail.Config)) *avainmail.Mailer {
	t.Helper()
	c := standard(avainmail.Server{Host: "localhost", Port: 1, Security: avainmail.None})
	if change != nil {
		change(&c)
	}
	m, err := avainmail.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func through(t testing.TB, s avainmail.Server) *avainmail.Mailer {
	t.Helper()
	return mailer(t, func(c *avainmail.Config) { c.Server = s })
}

const letterID = "AbCd_efgh-ijklmnopqrst"

// invitation is a letter like the first that a person gets.
func invitation() avainmail.Message {
	return avainmail.Message{
		To: "aino.virtanen@example.net", Locale: "fi", Template: avainmail.TemplateInvitation, ID: letterID,
		Data: avainmail.Invitation{
			Kind: avainmail.SmartumPlus, Name: "Aino", Employer: "Kahvila Ääni Oy", Benefits: []string{"Lounas", "Liikunta ja kulttuuri"},
			ValidUntil: noon.AddDate(0, 0, 30), Link: "https://login.example.com/activate#token",
		},
	}
}
