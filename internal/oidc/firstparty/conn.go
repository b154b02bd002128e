package firstparty

import (
	"net"
	"strconv"
	"time"

	"avain/internal/domain/login"
)

// patience is how long one write may wait for room in the kernel's buffer. All that a
// stream ever carries fits into the smallest one, so whoever makes us wait does not read.
const patience = 100 * time.Millisecond

// signOfLife is a comment, which readers of event streams skip.
var signOfLife = []byte(":\n\n")

// stream is one waiting app on a connection of its own, in the middle of an answer that
// is sent in chunks (RFC 9112 §7.1). The worker's lock guards home, called and gone; the rest
// belongs to the worker's goroutine once the stream is seated. It is a [notify.Subscriber].
type stream struct {
	worker  *streamWorker
	conn    net.Conn
	network string
	attempt string
	support string
	state   login.State // that the app knows
	home    bool        // to be sent home
	called  bool        // among the worker's calls
	gone    bool        // ended; calls that come later are for nobody
	place   int         // in the worker's queue
	due     time.Time   // its next turn
	until   time.Time   // its last
}

// Notified implements [notify.Subscriber].
func (s *stream) Notified() { s.worker.call(s, false) }

// Evicted implements [notify.Subscriber].
func (s *stream) Evicted() { s.worker.call(s, true) }

// write sends an event as one chunk, and reports whether the app is still there.
func (s *stream) write(event []byte) bool {
	return s.send(chunk(event))
}

func (s *stream) send(b []byte) bool {
	if err := s.conn.SetWriteDeadline(s.worker.server.now().Add(patience)); err != nil {
		return false
	}
	_, err := s.conn.Write(b)
	// Without a deadline nothing wakes the program when it would have passed.
	return err == nil && s.conn.SetWriteDeadline(time.Time{}) == nil
}

// end sends a last event, unless there is none, ends the answer and gives the seat back.
func (s *stream) end(event []byte) {
	if event != nil {
		s.send(append(chunk(event), "0\r\n\r\n"...)) // an app that is gone asks again by itself
	}
	_ = s.conn.Close() // the same
	s.worker.server.room.Unsubscribe(s.attempt, s)
	s.worker.server.release(s.network)
}

func chunk(b []byte) []byte {
	c := strconv.AppendInt(make([]byte, 0, len(b)+16), int64(len(b)), 16)
	return append(append(append(c, "\r\n"...), b...), "\r\n"...)
}
