package browser_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// complaints collects what a browser finds wrong with a page: exceptions, console
// errors, broken policies, failed requests, and requests to strangers.
type complaints struct {
	ours func(origin string) bool

	mu      sync.Mutex
	heard   []string
	allowed []string
}

// expect says that complaints with these words are part of the test.
func (c *complaints) expect(words ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.allowed = append(c.allowed, words...)
}

func (c *complaints) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.heard...)
}

// unexpected lists what nobody expected.
func (c *complaints) unexpected() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var left []string
next:
	for _, complaint := range c.heard {
		for _, words := range c.allowed {
			if strings.Contains(complaint, words) {
				continue next
			}
		}
		left = append(left, complaint)
	}
	return left
}

func (c *complaints) note(format string, values ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, fmt.Sprintf(format, values...))
}

// hear is called for each event of the tab.
func (c *complaints) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		c.note("exception: %s", text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			c.note("console.%s: %s", e.Type, wordsOf(e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !isHandshake(e.Entry) {
			c.note("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if address := e.Request.URL; strings.HasPrefix(address, "http") && !c.ours(origin(address)) {
			c.note("request to a stranger: %s", address)
		}
	}
}

// isHandshake recognises what a browser logs as an error though all is well: the
// server's first word to an app is the nonce that its next proof must hold (RFC 9449
// §8), and "not yet" is its answer to who asks on. What really goes wrong with these
// requests, the journey shows.
func isHandshake(e *log.Entry) bool {
	address, err := url.Parse(e.URL)
	if err != nil || e.Source != log.EntrySourceNetwork {
		return false
	}
	switch address.Path {
	case "/par", "/token", "/revoke", "/attempt-status":
		return strings.Contains(e.Text, "status of 400")
	case "/authorize-challenge":
		return strings.Contains(e.Text, "status of 400") || strings.Contains(e.Text, "status of 403")
	case "/userinfo", "/devices":
		return strings.Contains(e.Text, "status of 401")
	default:
		return false
	}
}

func wordsOf(arguments []*runtime.RemoteObject) string {
	var words []string
	for _, a := range arguments {
		if a.Description != "" {
			words = append(words, a.Description)
		} else {
			words = append(words, string(a.Value))
		}
	}
	return strings.Join(words, " ")
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}
