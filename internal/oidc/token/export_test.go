package token

import "avain/internal/secret"

// Made is the refresh token of a session that has been exchanged so often.
func Made(k Families, session string, generation int64, presented secret.Text) secret.Text {
	return k.next(session, generation, presented)
}
