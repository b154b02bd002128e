package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"

	"avain/internal/app"
	"avain/internal/config"
	"avain/internal/platform/telemetry"
)

// serviceCommand is this program as the service, with the profiler on. The service
// itself offers no profiles: whoever could fetch them would learn what it does and
// when. Figures come from avain; this only tells where the time goes.
type serviceCommand struct {
	Config  string `required:"" help:"Configuration file." type:"existingfile"`
	Profile string `required:"" help:"Folder for the profiles." type:"path"`
}

// Run serves until ctx ends, then writes the profiles.
func (c serviceCommand) Run(ctx context.Context, out io.Writer) (err error) {
	if err := os.MkdirAll(c.Profile, 0o700); err != nil {
		return err
	}
	loaded, err := config.Load(c.Config, os.Environ())
	if err != nil {
		return err
	}
	log, err := telemetry.NewLog(out, loaded.Log.Level)
	if err != nil {
		return err
	}
	service, err := app.New(ctx, loaded, app.Deps{Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	cpu, err := os.Create(filepath.Join(c.Profile, "cpu.pprof"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cpu.Close()) }()
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return err
	}
	err = serveBoth(ctx, service, loaded)
	pprof.StopCPUProfile()
	return errors.Join(err, writeAllocs(filepath.Join(c.Profile, "allocs.pprof")))
}

// serveBoth serves people and operator until ctx ends.
func serveBoth(ctx context.Context, service *app.Service, c config.Config) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { service.Run(ctx) })
	var failed [2]error
	for i, l := range []struct {
		address string
		handler http.Handler
	}{{c.Public.Listen, service.Public}, {c.Admin.Listen, service.Admin}} {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", l.address)
		if err != nil {
			cancel()
			all.Wait()
			return err
		}
		server := &http.Server{Handler: l.handler, ReadHeaderTimeout: 10 * time.Second}
		if i == 0 {
			service.Connections.Guard(server)
			listener = service.Connections.Listener(listener)
		}
		all.Go(func() {
			defer cancel()
			failed[i] = serveUntil(ctx, server, listener)
		})
	}
	all.Wait()
	return errors.Join(failed[:]...)
}

func writeAllocs(path string) error {
	f, err := os.Create(path) //nolint:gosec // named by the process that started us
	if err != nil {
		return err
	}
	runtime.GC() // brings the profile up to date
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
