package brokersim

import (
	"sync"
	"time"
)

// Endpoint names what was called, in a Record.
type Endpoint string

// The endpoints that are recorded.
const (
	CalledAuthorize  Endpoint = "authorize"
	CalledPAR        Endpoint = "par"
	CalledToken      Endpoint = "token"
	CalledProfile    Endpoint = "profile"
	CalledSignedJWKS Endpoint = "signed-jwks"
	CalledJWKS       Endpoint = "jwks"
	CalledDiscovery  Endpoint = "discovery"
	CalledSelector   Endpoint = "selector"
	CalledOutage     Endpoint = "outage"
	CalledStatement  Endpoint = "entity-statement" // OP forbids and watches programmatic fetching
	Returned         Endpoint = "return"           // a person was sent back to the relying party
)

// Record is one thing that a relying party did, or that was done for it.
type Record struct {
	At       time.Time
	Endpoint Endpoint
	Reason   Reason         // why it was refused; empty when it was not
	Detail   string         // the same in a sentence; or what was put right without a refusal
	Header   map[string]any // of the request object or client assertion: alg, kid, typ
	Claims   map[string]any // of the request object or client assertion
	Error    string         // for Returned: the error code sent along, if any
}

const recordsKept = 500

// records keeps the latest ones.
type records struct {
	mu   sync.Mutex
	kept []Record
}

func (r *records) add(record Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) == recordsKept {
		r.kept = append(r.kept[:0], r.kept[recordsKept/2:]...)
	}
	r.kept = append(r.kept, record)
}

// Requests returns what the relying party has done, oldest first; only the latest
// few hundred are kept.
func (s *Sim) Requests() []Record {
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	return append([]Record(nil), s.records.kept...)
}

func (s *Sim) record(r Record) {
	r.At = s.config.Now()
	s.records.add(r)
	if r.Reason != "" {
		s.config.Log.Warn("broker refused a request", "dialect", string(s.config.Dialect),
			"endpoint", string(r.Endpoint), "reason", string(r.Reason), "detail", r.Detail)
	}
}
