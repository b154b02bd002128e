package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"avain/internal/platform/bcp195"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// check finds what would send letters or a password over the network in the clear.
func (s Server) check() error {
	var mistakes []error
	if s.Host == "" || s.Port < 1 || s.Port > 65535 {
		mistakes = append(mistakes, errors.New("mail: the server's host or port is missing"))
	}
	switch s.Security {
	case STARTTLS, TLS:
	case None:
		if !loopback(s.Host) {
			mistakes = append(mistakes, errors.New("mail: without TLS only a server on this machine can be used"))
		}
		if s.User != "" {
			mistakes = append(mistakes, errors.New("mail: a log-in needs TLS"))
		}
	default:
		mistakes = append(mistakes, fmt.Errorf("mail: unknown security %q", s.Security))
	}
	if (s.User == "") != s.Password.Empty() {
		mistakes = append(mistakes, errors.New("mail: user and password belong together"))
	}
	return errors.Join(mistakes...)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Send writes a letter and hands it to the server.
func (m *Mailer) Send(ctx context.Context, letter Message) error {
	to, err := ParseRecipient(letter.To)
	if err != nil {
		// As a server would say it: for the caller it is the same.
		return &Refused{Part: PartRecipient, Code: 553, Enhanced: "5.1.3", Permanent: true, Text: "not an address that mail can be sent to"}
	}
	msg, err := m.compose(letter, to)
	if err != nil {
		return err
	}
	return m.converse(ctx, to, func(c *conversation) error {
		return c.deliver(m.envelope(letter.ID), to, msg)
	})
}

// Check connects and logs in like [Mailer.Send] and sends nothing.
func (m *Mailer) Check(ctx context.Context) error {
	return m.converse(ctx, "", func(c *conversation) error {
		return c.step(PartService, c.smtp.Noop)
	})
}

func (m *Mailer) envelope(id string) string {
	if sender := m.bounce.of(id); sender != "" {
		return sender
	}
	return m.from.Spec
}

// conversation is one connection to the server.
type conversation struct {
	ctx    context.Context //nolint:containedctx // lives as long as the call that it belongs to
	smtp   *smtp.Client
	server Server
	to     string // the address that no error may show
}

// converse connects, does its work and says goodbye. When ctx ends, the connection
// is cut: no step waits for a server that has stopped answering.
func (m *Mailer) converse(ctx context.Context, to string, work func(*conversation) error) error {
	dialler := dialler{server: m.cfg.Server, ctx: ctx}
	defer dialler.release()
	client, err := gomail.NewClient(m.cfg.Server.Host, append(m.cfg.Server.options(),
		gomail.WithHELO(m.cfg.BaseURL.Hostname()), gomail.WithDialContextFunc(dialler.dial))...)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	connected, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return explain(ctx, PartService, to, err)
	}
	defer func() { _ = connected.Close() }() // after Quit it is closed already
	if err := work(&conversation{ctx: ctx, smtp: connected, server: m.cfg.Server, to: to}); err != nil {
		return err
	}
	// The letter is taken. What the server answers to the goodbye changes nothing:
	// calling it a failure would send the letter twice.
	_ = connected.UpdateDeadline(m.cfg.Server.Timeout)
	_ = connected.Quit()
	return nil
}

// options are the library's words for a Server. Mechanisms that show the password
// to the server come last, and only under TLS.
func (s Server) options() []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTimeout(s.Timeout), gomail.WithTLSConfig(s.tls()),
		gomail.WithoutSMTPUTF8(), // our addresses are ASCII: the letter then passes every server on the way
	}
	switch s.Security {
	case TLS:
		options = append(options, gomail.WithSSL())
	case STARTTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case None:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.User != "" {
		options = append(options, gomail.WithUsername(s.User), gomail.WithPassword(s.Password.Reveal()),
			gomail.WithOpportunisticSMTPAuth(
				gomail.SMTPAuthSCRAMSHA256PLUS, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1PLUS,
				gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return options
}

func (s Server) tls() *tls.Config {
	ours := bcp195.TLS()
	ours.ServerName, ours.RootCAs = s.Host, s.RootCAs
	return ours
}

// dialler opens the one connection of a conversation and cuts it when the context
// ends; the library itself looks at the context while connecting only, and forgets a
// connection on which the encryption or the log-in fails.
type dialler struct {
	server Server
	ctx    context.Context //nolint:containedctx // lives as long as the call that it belongs to
	conn   net.Conn
	stop   func() bool
}

func (d *dialler) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	var err error
	if d.server.Security == TLS {
		conn, err = (&tls.Dialer{Config: d.server.tls()}).DialContext(ctx, network, address)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
	}
	if err != nil {
		return nil, err
	}
	d.conn = conn
	d.stop = context.AfterFunc(d.ctx, func() { _ = conn.Close() })
	return conn, nil
}

func (d *dialler) release() {
	if d.conn != nil {
		d.stop()
		_ = d.conn.Close() // after a conversation that went well it is closed already
	}
}

// deliver is one letter in a conversation (RFC 5321 §3.3).
func (c *conversation) deliver(from, to string, msg *gomail.Msg) error {
	if err := c.step(PartSender, func() error { return c.smtp.Mail("<" + from + ">") }); err != nil {
		return err
	}
	if err := c.step(PartRecipient, func() error { return c.smtp.Rcpt("<" + to + ">") }); err != nil {
		return err
	}
	return c.step(PartMessage, func() error {
		data, err := c.smtp.Data()
		if err != nil {
			return err
		}
		if _, err := msg.WriteTo(data); err != nil {
			return err // without the final dot: the server drops what it has got
		}
		return data.Close()
	})
}

// step does one exchange within the time-out and explains its failure.
func (c *conversation) step(part Part, do func() error) error {
	err := c.smtp.UpdateDeadline(c.server.Timeout)
	if err == nil {
		err = do()
	}
	if err != nil {
		return explain(c.ctx, part, c.to, err)
	}
	return nil
}
