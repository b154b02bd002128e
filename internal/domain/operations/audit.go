package operations

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"avain/internal/secret"
)

// AuditEntry is one line of the append-only security log: who did what to whom.
type AuditEntry struct {
	Seq    int64 // given when the entry is sealed, about a second later: 1, 2, 3, … without gaps; 0: not yet
	Stream int64 // the process that wrote it, and its number there; 0: of an entry from before there were streams
	Num    int64
	At     time.Time
	Actor  string            // "person:…", "staff:…", "client:…" or "system"
	Action string            // machine word, such as "session.revoke"
	Target string            // what it was done to: an id, never a name or identity code
	Detail map[string]string // machine words, and the reason that staff wrote (audit.Because): never a secret, name or identity code
}

// AuditRow is an entry as it lies in the database, to the letter: what the chain of
// hashes vouches for.
type AuditRow struct {
	Seq    int64 // 0: not sealed yet
	Stream int64 // the process that wrote it; 0: written before there were streams
	Num    int64 // its number in the stream: 1, 2, 3, …
	At     int64 // unix milliseconds
	Actor  string
	Action string
	Target string
	Detail string      // JSON
	Hash   secret.Hash // links it to all before it; of an unsealed one, its own signature; zero: written before there was a chain
	// Foreign says that a column holds what the service never writes, such as bytes in
	// place of a text, which look the same and which no search would find.
	Foreign bool
}

// AuditHead is the end of the audit log: the number of the last entry, and its hash,
// which depends on every entry up to it.
type AuditHead struct {
	Seq  int64
	Hash secret.Hash
}

// String is the head as "SEQ:HASH", for keeping somewhere else.
func (h AuditHead) String() string { return fmt.Sprintf("%d:%x", h.Seq, h.Hash[:]) }

// ParseAuditHead reads what [AuditHead.String] has written.
func ParseAuditHead(s string) (AuditHead, bool) {
	number, sum, _ := strings.Cut(s, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 0 {
		return AuditHead{}, false
	}
	b, err := hex.DecodeString(sum)
	if err != nil || len(b) != len(secret.Hash{}) {
		return AuditHead{}, false
	}
	return AuditHead{seq, secret.Hash(b)}, true
}

// AuditQuery chooses entries; of what is set, all must hold.
type AuditQuery struct {
	Actor  string // to the letter
	Action string // to the letter; "person.*" means all that begin with "person."
	Target string // to the letter
	Person string // id of a person who did it, whom it was done to, or whom the details name
	Since  time.Time
	Until  time.Time // not included
	Before int64     // only entries before the one so numbered: the next page; 0: from the newest
	Limit  int
	Scan   int64 // look at most at so many entries, for who cannot wait; 0: at all
}
