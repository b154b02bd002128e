package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"avain/internal/app"
	"avain/internal/config"
	"avain/internal/platform/mail"
	"avain/internal/testkit/brokersim"
)

// Options say where the demo lives. The zero value takes free ports and a folder
// that is removed at the end, which is what tests want.
type Options struct {
	Service, App, Banks, Mail, Admin string // addresses to listen on; empty: a free port on loopback

	Public string // base URL of a proxy on this machine that ends TLS; empty: there is none

	Data   string // folder that is kept; empty: a temporary one
	AppDir string // the built phone app (app/dist); empty: a page that says how to build it
	Log    *slog.Logger
	Now    func() time.Time
	Keys   *Keys // made before; nil: read from Data or made
	People int   // so many generated persons instead of the sample people; also makes the banks approve at once
	Timing brokersim.Timing
	Past   bool                 // makes up how logins went before, for pages that show it
	Change func(*config.Config) // last word on the service's configuration
}

// Demo is everything, running.
type Demo struct {
	Service, App, Banks, Mail, Admin string // base URLs
	SMTP                             string // host and port of the mail server

	OP, Telia *brokersim.Sim
	Mailbox   *Mailbox
	Inside    *app.Service
	Data      string

	inner     string // base URL of the service without the proxy
	now       func() time.Time
	listeners listeners
	servers   []*http.Server
	running   sync.WaitGroup
	stop      context.CancelFunc
	temporary bool
}

type listeners struct{ service, admin, app, banks, mail, smtp net.Listener }

// Start runs everything and returns when the service answers. Close ends it.
func Start(ctx context.Context, o Options) (d *Demo, err error) {
	d = &Demo{Data: o.Data, stop: func() {}, now: o.Now}
	if d.now == nil {
		d.now = time.Now
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if d.Data == "" {
		if d.Data, err = os.MkdirTemp("", "avain-demo-"); err != nil {
			return d, err
		}
		d.temporary, o.Data = true, d.Data
	}
	if err := d.listen(ctx, o); err != nil {
		return d, err
	}
	if err := d.simulate(o); err != nil {
		return d, err
	}
	c, err := d.writeConfig(o)
	if err != nil {
		return d, fmt.Errorf("demo configuration: %w", err)
	}
	if d.Mailbox, err = newMailbox(filepath.Join(o.Data, "mail"), o.Now, o.Log); err != nil {
		return d, fmt.Errorf("mailbox: %w", err)
	}
	var letters *mail.Mailer
	if c.Mail.Set() { // o.Change may have taken the mail server away
		if letters, err = app.NewMailer(c, o.Now); err != nil {
			return d, err
		}
	}
	if d.Inside, err = d.service(ctx, c, o); err != nil {
		return d, err
	}
	d.serve(o, letters)
	return d, nil
}

// listen takes the ports first: a taken one is the likeliest thing to go wrong, and
// the addresses go into the configuration.
func (d *Demo) listen(ctx context.Context, o Options) error {
	for _, l := range []struct {
		what, address string
		listener      *net.Listener
		base          *string
	}{
		{"service", o.Service, &d.listeners.service, &d.Service},
		{"phone app", o.App, &d.listeners.app, &d.App},
		{"banks", o.Banks, &d.listeners.banks, &d.Banks},
		{"mailbox", o.Mail, &d.listeners.mail, &d.Mail},
		{"support console", o.Admin, &d.listeners.admin, &d.Admin},
		{"mail server", "", &d.listeners.smtp, &d.SMTP},
	} {
		address := l.address
		if address == "" {
			address = "localhost:0"
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("the %s cannot listen on %s: %w (choose another port with a flag: --help)", l.what, address, err)
		}
		*l.listener = listener
		_, port, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return err
		}
		*l.base = "http://localhost:" + port
	}
	d.SMTP = strings.TrimPrefix(d.SMTP, "http://")
	if d.inner = d.Service; o.Public != "" {
		d.Service = o.Public
	}
	return nil
}

// simulate sets up the two brokers and stores their entity statements.
func (d *Demo) simulate(o Options) error {
	keys, err := keysOf(o)
	if err != nil {
		return err
	}
	if err := keys.write(o.Data); err != nil {
		return err
	}
	ours, err := publicKey(&keys.Entity.PublicKey)
	if err != nil {
		return err
	}
	for _, s := range []struct {
		id      string
		dialect brokersim.Dialect
		sim     **brokersim.Sim
	}{{"op", brokersim.OP, &d.OP}, {"telia", brokersim.Telia, &d.Telia}} {
		*s.sim, err = brokersim.New(brokersim.Config{
			BaseURL: d.Banks + "/" + s.id, Dialect: s.dialect, Keys: keys.Broker, Timing: o.Timing,
			AutoApprove: o.People, Log: o.Log, Now: o.Now,
			Client: brokersim.Client{
				ID: clientID, Names: map[string]string{"fi": "SmartumPay"}, LegalName: "Smartum Oy", ServiceNames: []string{"SmartumPay"},
				RedirectURIs: []string{d.Service + "/callback/" + s.id},
				Keys: brokersim.ClientKeys{
					SignedJWKSURL: d.inner + "/ftn/" + s.id + "/signed-jwks.jwt", EntityID: d.Service, EntityKey: ours,
				},
			},
		})
		if err != nil {
			return fmt.Errorf("simulated broker %s: %w", s.id, err)
		}
		// As a real broker hands it over: its statement as a file.
		if err := os.WriteFile(filepath.Join(o.Data, keyFolder, s.id+"-their-statement.jwt"), []byte((*s.sim).EntityStatement()), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func keysOf(o Options) (Keys, error) {
	if o.Keys != nil {
		return *o.Keys, nil
	}
	if keys, found, err := readKeys(o.Data); found || err != nil {
		return keys, err
	}
	return NewKeys()
}

// service migrates the database, wires the service and adds the people.
func (d *Demo) service(ctx context.Context, c config.Config, o Options) (*app.Service, error) {
	if err := app.Migrate(ctx, c, o.Log); err != nil {
		return nil, err
	}
	s, err := app.New(ctx, c, app.Deps{
		Log: o.Log, Now: o.Now,
		Mount: d.mountLanding, Sample: o.Past,
	})
	if err != nil {
		return nil, err
	}
	if err := seed(ctx, s.People, o.People); err != nil {
		return s, err
	}
	if o.People == 0 { // a load that is measured has no news
		if err := seedNews(ctx, s.Notices, c.Brand.Languages); err != nil {
			return s, err
		}
	}
	if o.Past {
		if err := seedHistory(ctx, s.Store, d.now()); err != nil {
			return s, err
		}
	}
	return s, seedEmployer(ctx, s.Store, d.now())
}

// serve starts all servers and the service's housekeeping.
func (d *Demo) serve(o Options, letters *mail.Mailer) {
	banks := http.NewServeMux()
	banks.Handle("/op/", d.OP)
	banks.Handle("/telia/", d.Telia)
	banks.Handle("/", http.RedirectHandler(d.OP.Endpoints().Control, http.StatusFound))
	for _, s := range []struct {
		listener net.Listener
		handler  http.Handler
	}{
		{d.listeners.service, d.Inside.Public},
		{d.listeners.admin, d.Inside.Admin},
		{d.listeners.app, d.phoneApp(o.AppDir)},
		{d.listeners.banks, banks},
		{d.listeners.mail, d.Mailbox.pages(d.Service, letters)},
	} {
		server := &http.Server{
			Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
			ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
		}
		listener := s.listener
		if listener == d.listeners.service {
			d.Inside.Connections.Guard(server)
			listener = d.Inside.Connections.Listener(listener)
		}
		d.servers = append(d.servers, server)
		d.running.Go(func() { _ = server.Serve(listener) }) // ends with ErrServerClosed
	}
	d.Mailbox.start(d.listeners.smtp)
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	d.running.Go(func() { d.Inside.Run(ctx) })
}

// Close ends everything: what is in flight is finished, and a temporary folder is
// removed.
func (d *Demo) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var failed []error
	if d.Inside != nil {
		d.Inside.Drain()
	}
	for _, s := range d.servers {
		failed = append(failed, s.Shutdown(ctx))
	}
	d.stop()
	if len(d.servers) > 0 {
		failed = append(failed, d.Mailbox.close(ctx))
	}
	d.running.Wait()
	if len(d.servers) == 0 {
		failed = append(failed, d.listeners.close())
	}
	if d.Inside != nil {
		failed = append(failed, d.Inside.Close())
	}
	if d.temporary {
		failed = append(failed, os.RemoveAll(d.Data))
	}
	return errors.Join(failed...)
}

func (l listeners) close() error {
	var failed []error
	for _, c := range []net.Listener{l.service, l.admin, l.app, l.banks, l.mail, l.smtp} {
		if c != nil {
			failed = append(failed, c.Close())
		}
	}
	return errors.Join(failed...)
}

// Inner is the service's base URL for a proxy that ends TLS in front of it.
func (d *Demo) Inner() string { return d.inner }
