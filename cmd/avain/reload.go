package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"syscall"

	"avain/internal/config"
)

// reloader reads the configuration again at SIGHUP and takes over what can change while
// the service runs: the log level, the TLS certificate and the pictures. For the rest it
// says that a restart is needed; nothing takes effect in part.
type reloader struct {
	load        func() (config.Config, error)
	running     config.Config
	level       *slog.LevelVar
	certificate *certificate // nil without TLS of our own
	pictures    func() error // reads them again
	log         *slog.Logger
}

// listen reloads at each SIGHUP until the returned function is called.
func (r *reloader) listen(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	hup, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hup, syscall.SIGHUP)
	go func() {
		defer close(done)
		for {
			select {
			case <-hup:
				r.reload()
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { signal.Stop(hup); cancel(); <-done }
}

// reload contains its panics: a file that confuses a parser must not end a node.
func (r *reloader) reload() {
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("SIGHUP: reading the configuration panicked; everything goes on as before", "panic", fmt.Sprint(p))
		}
	}()
	next, err := r.load()
	if err != nil {
		r.log.Error("SIGHUP: the configuration has mistakes; everything goes on as before", "error", err)
		return
	}
	if r.certificate != nil {
		if err := r.certificate.reload(); err != nil {
			r.log.Error("SIGHUP: the certificate cannot be read; the old one goes on", "error", err)
		}
	}
	if err := r.pictures(); err != nil {
		r.log.Error("SIGHUP: the pictures cannot be read; the old ones go on", "error", err)
	}
	if err := r.level.UnmarshalText([]byte(next.Log.Level)); err != nil {
		r.log.Error("SIGHUP: the log level goes on as before", "error", err)
	}
	r.running.Log.Level, r.running.Warnings = next.Log.Level, next.Warnings
	if reflect.DeepEqual(r.running, next) {
		r.log.Info("SIGHUP: log level, certificate and pictures are read again", "level", next.Log.Level)
		return
	}
	r.log.Warn("SIGHUP: log level, certificate and pictures are read again; what else has changed in the configuration needs a restart", "level", next.Log.Level)
}
