package queue

import "time"

// Job is work that must happen although the process may die: it is written in the
// transaction that causes it, begun at least once, and ends by being finished or by
// being given up and listed for people. Whoever works on it must therefore make the
// second time harmless.
type Job struct {
	ID   string
	Kind string // "mail.invitation", "webhook.deliver" …: the constants live with their worker
	// Key, when not empty, makes ordering idempotent: of one kind and key there is at
	// most one unfinished job, and ordering it again changes nothing. One that was
	// given up is begun anew, with the new payload. Something that must happen again
	// for each change needs a key that tells the changes apart.
	Key       string
	Payload   []byte    // JSON, at most JobPayloadMax bytes: ids only, never a secret or a personal identity code
	At        time.Time // not before; while the job is being worked on: the end of the lease
	Tries     int       // how often it has been begun since it was ordered or revived
	Claim     int64     // whose turn it is: who shows an older one has lost the job to somebody else
	Error     string    // of the last try, scrubbed: machine text, never an address
	DeadAt    time.Time // when it was given up; zero while there is hope
	CreatedAt time.Time
}

// MaxPayload bounds the payload of a job, in bytes: a job names rows, it does not
// carry them.
const MaxPayload = 64 << 10

// KindLogout begins the kinds of the jobs that tell a client of the end of a session; its
// id follows. Alone of all jobs they are done for a person who has been erased.
const KindLogout = "logout."

// Claim asks for jobs of one kind.
type Claim struct {
	Kind  string
	Limit int       // at most so many
	Until time.Time // end of the lease: afterwards somebody else may begin the job
}

// Depth says how much work of one kind there is.
type Depth struct {
	Kind    string
	Waiting int64     // unfinished: due, due later, or being worked on
	Dead    int64     // given up
	Oldest  time.Time // when the first of the unfinished is or was due; zero when there is none
}

// Place is a place in the list of dead jobs. The zero value is its beginning.
type Place struct {
	DeadAt time.Time
	ID     string
}

// Place is where the job stands in the list of dead jobs.
func (j Job) Place() Place { return Place{DeadAt: j.DeadAt, ID: j.ID} }
