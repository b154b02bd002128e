package main

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"
)

// listenFor waits at a redirect URI of this computer for the browser of a test login. It
// returns false when the URI is elsewhere, or when the port is taken, by the service
// itself for example. Stop ends it and waits.
func listenFor(ctx context.Context, callback string) (arrived <-chan line, stop func(), listening bool) {
	u, err := url.Parse(callback)
	if err != nil || u.Scheme != "http" || !isLoopback(u.Hostname()) || u.Port() == "" {
		return nil, func() {}, false
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", u.Host)
	if err != nil {
		return nil, func() {}, false
	}
	answers := make(chan line, 8)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+u.Path, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet { // GET means HEAD too
			return
		}
		select {
		case answers <- line{text: "?" + r.URL.RawQuery}:
		default: // reloaded again and again
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write([]byte("The answer has arrived. Close this page and look at the terminal.\n")) // the browser is gone: nobody to tell
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // ends with Close
	}()
	return answers, func() {
		grace, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.Shutdown(grace) // the page has been sent, or its browser is gone
		_ = server.Close()
		<-ended
	}, true
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
