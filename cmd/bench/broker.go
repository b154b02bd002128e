package main

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"avain/internal/testkit/brokersim"

	"github.com/go-jose/go-jose/v4"
)

// brokerCommand is this program as the identification broker: the simulator in OP's
// dialect, which checks what it gets as strictly as ever, but approves every good
// request at once instead of showing a bank's pages.
type brokerCommand struct {
	Address   string `required:"" help:"Own base URL."`
	Client    string `required:"" help:"Base URL of the service."`
	EntityKey string `required:"" help:"File with the service's entity key." type:"existingfile"`
	People    int    `required:"" help:"How many people log in, in turn."`
}

// brokerInfo is what the broker hands over out of band, as the first line it prints.
type brokerInfo struct {
	Issuer string          `json:"issuer"`
	Entity json.RawMessage `json:"entity"` // public key
}

// Run serves until ctx ends.
func (c brokerCommand) Run(ctx context.Context, out io.Writer) error {
	pin, err := readPublicKey(c.EntityKey)
	if err != nil {
		return err
	}
	sim, err := brokersim.New(brokersim.Config{
		BaseURL: c.Address, Dialect: brokersim.OP, AutoApprove: c.People,
		Client: brokersim.Client{
			ID: clientID, Names: map[string]string{"fi": "SmartumPay"}, LegalName: "Smartum Oy", ServiceNames: []string{"SmartumPay"},
			RedirectURIs: []string{c.Client + "/callback/" + brokerID},
			Keys: brokersim.ClientKeys{
				SignedJWKSURL: c.Client + "/ftn/" + brokerID + "/signed-jwks.jwt", EntityID: c.Client, EntityKey: pin,
			},
		},
	})
	if err != nil {
		return err
	}
	entity, err := json.Marshal(sim.EntityJWK())
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", strings.TrimPrefix(c.Address, "http://"))
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(brokerInfo{sim.Endpoints().Issuer, entity}); err != nil {
		return errors.Join(err, listener.Close())
	}
	return serveUntil(ctx, &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}, listener)
}

// serveUntil serves until ctx ends.
func serveUntil(ctx context.Context, server *http.Server, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	closing := server.Close() // nobody waits for an answer any more
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(err, closing)
	}
	return closing
}

// readPublicKey reads the service's entity key the way a broker gets it: named by its
// thumbprint.
func readPublicKey(path string) (jose.JSONWebKey, error) {
	text, err := os.ReadFile(path) //nolint:gosec // named by the process that started us
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return jose.JSONWebKey{}, fmt.Errorf("%s: not a PEM file", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return jose.JSONWebKey{}, fmt.Errorf("%s: not an RSA key", path)
	}
	jwk := jose.JSONWebKey{Key: &private.PublicKey, Algorithm: string(jose.RS256), Use: "sig"}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	return jwk, err
}
