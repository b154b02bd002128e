package main

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"time"
)

var mailedLink = regexp.MustCompile(`https?://[^\s"<>]+/activate/[^\s"<>]+`)

// mailEvery is how often the attacker looks into the mailbox.
const mailEvery = 50 * time.Millisecond

// ticketOf waits for the letter to an address of the attacker's and returns the links
// of invitations in it.
func (s scholar) ticketOf(ctx context.Context, to string) ([]string, error) {
	tick := time.NewTicker(mailEvery)
	defer tick.Stop()
	for {
		var letters []struct{ Text string }
		if err := s.get(ctx, s.target.Mail+"/mails.json?to="+url.QueryEscape(to), &letters); err != nil {
			return nil, err
		}
		for _, letter := range letters {
			if links := mailedLink.FindAllString(letter.Text, -1); links != nil {
				return links, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no letter to %s: %w", to, ctx.Err())
		case <-tick.C:
		}
	}
}
