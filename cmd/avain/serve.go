package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"avain/internal/app"
	"avain/internal/config"
	"avain/internal/platform/bcp195"
	"avain/internal/platform/telemetry"
)

// How long a connection may take. Slow senders must not hold connections for ever;
// whole requests are bounded again by package web.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 45 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10 // bytes

	// drainTimeout is how long what is in flight may go on after a stop signal.
	drainTimeout = 20 * time.Second

	// heapFloor is memory, in bytes, that is reserved and never touched, so that the
	// system never has to give it. Go collects garbage when the heap has doubled; ours
	// is so small that under load it would double dozens of times a second. On top of
	// this it doubles three times as rarely, and a heap that is large for good reasons
	// is collected as ever, which a higher GOGC would not do.
	heapFloor = 8 << 20
)

type serveCommand struct{ configFlag }

// Help is shown by avain serve --help.
func (serveCommand) Help() string {
	return `Serves until it gets SIGTERM or SIGINT; then /readyz says so (public.drain_delay), and what is in flight is finished (at most 20 s). The database must have this program's schema; run avain migrate first. TLS certificates are read again when their files change, and at SIGHUP, with the log level and the pictures; whatever else has changed in the configuration waits for a restart, and the log says so.

  avain serve
  avain serve --config /etc/avain/avain.yaml`
}

// Run serves until ctx ends.
func (c serveCommand) Run(ctx context.Context, t terminal) error {
	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	if err := level.UnmarshalText([]byte(loaded.Log.Level)); err != nil {
		return err // cannot be: the configuration has been checked
	}
	log := telemetry.NewLogFrom(t.out, level)
	for _, warning := range loaded.Warnings {
		log.WarnContext(ctx, "configuration", "path", warning.Path, "warning", warning.Message)
	}
	again := &reloader{load: func() (config.Config, error) { return c.load(t) }, running: loaded, level: level, log: log}
	return serve(ctx, loaded, again, log)
}

// serve opens the listeners first: a port that is taken is known before anything
// else has been touched.
func serve(ctx context.Context, c config.Config, again *reloader, log *slog.Logger) (err error) {
	floor := make([]byte, heapFloor)
	defer runtime.KeepAlive(floor)
	public, err := listen(ctx, "public.listen", c.Public.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = public.Close() }() // closed by the server already, unless it never came to that
	admin, err := listen(ctx, "admin.listen", c.Admin.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()

	service, err := app.New(ctx, c, app.Deps{Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	people, operator := newServer(service.Public, log), newServer(service.Admin, log)
	service.Connections.Guard(people)
	if c.Public.TLS.Set() {
		if people.TLSConfig, again.certificate, err = tlsConfig(c.Public.TLS); err != nil {
			return err
		}
	}
	again.pictures = service.ReloadPictures
	defer again.listen(ctx)()
	// What starting needed (parsed texts and pages, keys) goes back to the system now:
	// an idle service would not collect it for minutes.
	debug.FreeOSMemory()
	log.InfoContext(ctx, "serving", "version", app.Version(), "base_url", c.Public.BaseURL,
		"public", public.Addr().String(), "admin", admin.Addr().String())
	return serveUntil(ctx, service, c.Public.DrainDelay, log, running{people, service.Connections.Listener(public)}, running{operator, admin})
}

// running is a server and the listener that it serves.
type running struct {
	server   *http.Server
	listener net.Listener
}

func (r running) serve() error {
	if r.server.TLSConfig != nil {
		return r.server.ServeTLS(r.listener, "", "")
	}
	return r.server.Serve(r.listener)
}

// serveUntil serves until ctx ends or a listener fails, then lets what is in flight
// finish. Housekeeping stops last: requests may still need it.
func serveUntil(ctx context.Context, service *app.Service, delay time.Duration, log *slog.Logger, all ...running) error {
	house, stopHouse := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	background.Go(func() { service.Run(house) })
	failed := make(chan error, len(all))
	for _, r := range all {
		background.Go(func() { failed <- r.serve() })
	}

	var reason error
	select {
	case <-ctx.Done():
		service.Leave()
		reason = linger(delay, failed, log)
		log.InfoContext(ctx, "stopping: finishing what is in flight")
	case reason = <-failed:
	}
	service.Drain()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	for _, r := range all {
		if err := r.server.Shutdown(drain); err != nil {
			reason = errors.Join(reason, fmt.Errorf("stop: %w", err), r.server.Close())
		}
	}
	stopHouse()
	background.Wait()
	if errors.Is(reason, http.ErrServerClosed) {
		return nil
	}
	return reason
}

// linger goes on serving for the delay, while /readyz says already that this node will go:
// a load balancer that has not noticed yet would send people to a closed door. A second
// signal ends it.
func linger(delay time.Duration, failed <-chan error, log *slog.Logger) error {
	if delay <= 0 {
		return nil
	}
	hurry := make(chan os.Signal, 1)
	signal.Notify(hurry, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(hurry)
	log.Info("stopping: not ready any more, and still serving; another signal stops at once", "for", delay.String())
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-hurry:
	case err := <-failed:
		return err
	}
	return nil
}

func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), // strangers' broken handshakes, mostly
	}
}

// listen opens a listener and says in the words of the configuration what is wrong.
func listen(ctx context.Context, path, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s: %s is taken by another program; stop it, or choose another port", path, address)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return listener, nil
}

// tlsConfig serves the certificate of the files, and notices when they change.
func tlsConfig(files config.TLS) (*tls.Config, *certificate, error) {
	c := &certificate{files: files, now: time.Now}
	if err := c.reload(); err != nil {
		return nil, nil, fmt.Errorf("public.tls: %w", err)
	}
	ours := bcp195.TLS()
	ours.GetCertificate = c.get
	return ours, c, nil
}
