package attempt

import "avain/internal/login"

// NumberOf is the number that the phone of a login shows.
func NumberOf(s *Attempts, p login.QRPage, a login.Attempt) string {
	return s.frames.number(p.ID, a.ID)
}
