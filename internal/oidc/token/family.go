package token

import (
	"strconv"
	"strings"

	"avain/internal/domain/login"
	"avain/internal/secret"
)

// Families makes and reads the refresh tokens of clients whose tokens rotate. All tokens
// of a session are one family. Each says which session and which generation it is of, and
// a MAC by a key of the service proves that we have said so:
//
//	avr1.SESSION.GENERATION.SECRET.MAC
//
// The secret makes it a token; the database has the hash of the whole. The MAC makes it
// known for what it is long after it has been exchanged (docs/decisions/0020).
type Families struct {
	// Keys are the key that makes tokens now, and those that made tokens which may still
	// live. Each is used for nothing else.
	Keys []secret.Text
	// Before made the successors of tokens that were no families yet: an answer that was
	// lost during the update is given again, too.
	Before secret.Ring
}

const familyPrefix = "avr1"

// firstOf makes the first token of a session of the client; nil for clients whose token
// is not rotated: it has no generations.
func (f *Feature) firstOf(c login.Client) func(session string, seed secret.Text) secret.Text {
	if c.Profile == login.ProfileStrict {
		return nil
	}
	return func(session string, seed secret.Text) secret.Text {
		return familyToken(f.d.Families.Keys[0], session, 0, seed)
	}
}

// next is the successor of a token. The same token always has the same one, so that it
// can be answered again without having been kept.
func (k Families) next(session string, generation int64, presented secret.Text) secret.Text {
	return successor(k.Keys[0], session, generation, presented)
}

// again is the current token of the session, if it is the successor of the one presented:
// made by whichever key was the first at that time.
func (k Families) again(s login.Session, presented secret.Text) (secret.Text, bool) {
	for _, key := range k.Keys {
		if next := successor(key, s.ID, s.Generation, presented); s.Refresh.Equal(next.Hash()) {
			return next, true
		}
	}
	for _, next := range k.Before.Derive("rotated refresh token", s.ID, presented.Reveal()) {
		if s.Refresh.Equal(next.Hash()) {
			return next, true
		}
	}
	return secret.Text{}, false
}

// read answers what a token says of itself, and whether we have made it.
func (k Families) read(token secret.Text) (session string, generation int64, ours bool) {
	said, mac := cutLast(token.Reveal())
	for _, key := range k.Keys {
		if !key.Derive("refresh token", said).Equal(mac) {
			continue
		}
		parts := strings.Split(said, ".")
		generation, err := strconv.ParseInt(parts[2], 10, 64)
		return parts[1], generation, err == nil
	}
	return "", 0, false
}

func successor(key secret.Text, session string, generation int64, presented secret.Text) secret.Text {
	return familyToken(key, session, generation, key.Derive("rotated refresh token", session, presented.Reveal()))
}

func familyToken(key secret.Text, session string, generation int64, seed secret.Text) secret.Text {
	said := strings.Join([]string{familyPrefix, session, strconv.FormatInt(generation, 10), seed.Reveal()}, ".")
	return secret.Of(said + "." + key.Derive("refresh token", said).Reveal())
}

func cutLast(token string) (said string, mac secret.Text) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return "", secret.Text{}
	}
	return token[:i], secret.Of(token[i+1:])
}
