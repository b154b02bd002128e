package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"avain/internal/config"

	"github.com/goccy/go-yaml"
)

// printedForms prints a configuration in every way that Go offers.
func printedForms(t *testing.T, c config.Config) map[string]string {
	t.Helper()
	var logged bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&logged, nil))
	log.Info("loaded", "config", c, "client", c.LoginClients())
	slog.New(slog.NewTextHandler(&logged, nil)).Info("loaded", "config", c, "client", c.LoginClients())
	return map[string]string{
		"%v":   fmt.Sprintf("%v %v", c, c.LoginClients()),
		"%+v":  fmt.Sprintf("%+v %+v", c, c.LoginClients()),
		"%#v":  fmt.Sprintf("%#v %#v", c, c.LoginClients()),
		"json": string(must[[]byte](t)(json.Marshal(c))),
		"yaml": string(must[[]byte](t)(yaml.Marshal(c))),
		"slog": logged.String(),
	}
}
