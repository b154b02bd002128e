// Command conformance runs an Avain that the OpenID Foundation's conformance suite can
// test: over TLS, with the clients that its plans expect, and with the plans'
// configuration files written out.
//
// It owns no part of the suite. docs/clients.md says how to run it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"avain/internal/config"
	"avain/internal/platform/bcp195"
	"avain/internal/testkit/demo"

	"github.com/alecthomas/kong"
)

type flags struct {
	Listen string `help:"Where Avain is reached, by https." default:"localhost:9443"`
	Suite  string `help:"Base URL of the running conformance suite." default:"https://localhost:8443"`
	Dir    string `help:"Folder for the configuration files of the plans." default:"." type:"path"`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Name("conformance"), kong.Description("Runs Avain for the OpenID Foundation's conformance suite and writes the configuration of its plans. Ctrl-C ends it."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, f, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, f flags, out io.Writer) (err error) {
	public := "https://" + f.Listen
	clients, err := newClients(f.Suite)
	if err != nil {
		return err
	}
	often := config.Rate{Count: 1_000_000, Per: time.Second}
	d, err := demo.Start(ctx, demo.Options{
		Public: public, Log: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Change: func(c *config.Config) {
			c.Clients = append(c.Clients, clients.configured()...)
			c.Limits.StartsPerKey, c.Limits.StartsPerNetwork = often, often
		},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	stop, err := serveTLS(ctx, f.Listen, d.Inner())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for name, plan := range clients.plans(public, d.Banks) {
		if err := writeJSON(filepath.Join(f.Dir, name), plan); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(out, ready, public, f.Dir, f.Suite)
	<-ctx.Done()
	return nil
}

const ready = `Avain is ready at %s; the configuration files are in %s.
Run the plans with the suite's own script, which finds it at %s:

  run-test-plan.py \
    'oidcc-basic-certification-test-plan[server_metadata=discovery][client_registration=static_client]' basic.json \
    'oidcc-config-certification-test-plan' config.json \
    'oidcc-rp-initiated-logout-certification-test-plan[response_type=code][client_registration=static_client]' basic.json \
    'oidcc-backchannel-rp-initiated-logout-certification-test-plan[response_type=code][client_registration=static_client]' basic.json \
    'fapi2-security-profile-final-test-plan[client_auth_type=private_key_jwt][sender_constrain=dpop][fapi_profile=plain_fapi][openid=openid_connect][authorization_request_type=simple]' fapi2.json
`

// serveTLS ends TLS in front of the service, with a certificate that nobody believes
// but the suite, which asks for none.
func serveTLS(ctx context.Context, address, inner string) (stop func() error, err error) {
	to, err := url.Parse(inner)
	if err != nil {
		return nil, err
	}
	certificate, err := selfSigned(address)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: bcp195.TLS()}
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig:         certificate,
		Handler: &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		}},
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(listener, "", "") }()
	return func() error {
		err := server.Close()
		transport.CloseIdleConnections()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}
