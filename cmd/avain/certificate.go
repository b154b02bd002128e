package main

import (
	"crypto/tls"
	"os"
	"sync"
	"time"

	"avain/internal/config"
)

// certificateAge is how often the files are looked at. Certificates of today live
// for weeks and are renewed by programs that do not know us.
const certificateAge = time.Minute

// certificate gives the TLS certificate of the files, as they are now. When new
// files cannot be read, because only one of the two has been written yet, the old
// certificate goes on.
type certificate struct {
	files config.TLS
	now   func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	written time.Time // of the certificate file
	checked time.Time
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked) >= certificateAge {
		c.checked = now
		if info, err := os.Stat(c.files.CertFile); err == nil && !info.ModTime().Equal(c.written) {
			_ = c.load() // the old one is better than none, and it is tried again
		}
	}
	return c.current, nil
}

func (c *certificate) reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked = c.now()
	return c.load()
}

func (c *certificate) load() error {
	info, err := os.Stat(c.files.CertFile)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.files.CertFile, c.files.KeyFile)
	if err != nil {
		return err
	}
	c.current, c.written = &pair, info.ModTime()
	return nil
}
