package operations

import (
	"crypto/sha256"
	"math/bits"
	"time"
)

// Dimension is what logins are counted by.
type Dimension string

// The dimensions. Each attempt counts once in the first ones; banks and brokers count
// journeys to them, of which an attempt may make several.
const (
	DimensionAll      Dimension = "all"             // one value, ""
	DimensionMethod   Dimension = "method"          // login.Method
	DimensionPlatform Dimension = "platform"        // of the app
	DimensionVersion  Dimension = "version"         // of the app
	DimensionBrowser  Dimension = "browser"         // family and system, "Opera on Android"
	DimensionRelease  Dimension = "browser_version" // the same with the major version, "Opera 76 on Android"
	DimensionReason   Dimension = "reason"          // of the attempts that failed

	DimensionMeans       Dimension = "means"        // by id
	DimensionBroker      Dimension = "broker"       // by id
	DimensionMeansReason Dimension = "means_reason" // of the journeys that failed, "op broker_down"
)

// Dimensions lists every dimension.
func Dimensions() []Dimension {
	return []Dimension{
		DimensionAll, DimensionMethod, DimensionMeans, DimensionBroker, DimensionPlatform, DimensionVersion,
		DimensionBrowser, DimensionRelease, DimensionReason, DimensionMeansReason,
	}
}

// TallyHour is the length of time that one tally counts.
const TallyHour = time.Hour

// Tally counts how logins with one value of one dimension ended within one hour. It
// says nothing about any person.
type Tally struct {
	Dimension Dimension
	Hour      time.Time // when it began, UTC
	Value     string
	Counts
	People People
}

// Counts are logins by how they ended: each in one of four ways, and in the same one in
// every dimension, so that the values of each add up to all of them.
type Counts struct {
	OK     int64 // got in; of a journey: the bank has proved who it was
	Gone   int64 // ended with nothing known to be broken: left, said no, was rightly refused, or came back with an error
	Broken int64 // ended because the phone or the app did not do what it should, as far as can be told from here
	Failed int64 // ended because something of ours or of a broker's did not work, as the service itself saw
}

// Tried is all of them.
func (c Counts) Tried() int64 { return c.OK + c.Gone + c.Broken + c.Failed }

// Rate is the part that got in, from 0 to 1; of nobody, everybody got in.
func (c Counts) Rate() float64 {
	if c.Tried() == 0 {
		return 1
	}
	return float64(c.OK) / float64(c.Tried())
}

// Plus adds two counts.
func (c Counts) Plus(d Counts) Counts {
	return Counts{c.OK + d.OK, c.Gone + d.Gone, c.Broken + d.Broken, c.Failed + d.Failed}
}

// People are what alerts stand on: not how often something worked or failed, but for how
// many. Each counts once an hour on each node, however often they try: or one person who
// gets in a thousand times would hide an outage, and one who fails would make one.
type People struct {
	OK     int64 // who got in
	Failed int64 // for whom something of ours or of a broker's failed
	Marks  Marks // of those for whom it failed
}

// Strangers are the people of logins if each was somebody else's: for pasts that are made
// up.
func (c Counts) Strangers() People {
	return People{OK: c.OK, Failed: c.Failed, Marks: 1<<min(c.Failed, 64) - 1}
}

// Plus adds those of two times, nodes or values.
func (p People) Plus(q People) People {
	return People{p.OK + q.OK, p.Failed + q.Failed, p.Marks | q.Marks}
}

// Counts are they by how it ended for them.
func (p People) Counts() Counts { return Counts{OK: p.OK, Failed: p.Failed} }

// Marks are a set of people of which only the least size can be told. Each leaves one of
// 64 marks, on every node the same, so that the sets of several nodes and hours can be put
// together without anybody being written down.
type Marks uint64

// MarkOf is the mark of somebody by what they are known as: a random id or a keyed hash,
// which nobody can choose so that it falls beside another.
func MarkOf(known string) Marks {
	sum := sha256.Sum256([]byte(known))
	return 1 << (sum[0] & 63)
}

// Least is how many there are at least: several can have left the same mark.
func (m Marks) Least() int { return bits.OnesCount64(uint64(m)) }

// Alert says that fewer logins than usual succeed. There is at most one at a time for
// a value of a dimension, on however many nodes.
type Alert struct {
	ID        string
	Dimension Dimension
	Value     string
	RaisedAt  time.Time
	EndedAt   time.Time // zero while it lasts

	Now   Counts  // what raised it: people, by whether they got in
	Usual float64 // the rate at other times, from 0 to 1
}

// Lasts reports whether it is not over.
func (a Alert) Lasts() bool { return a.EndedAt.IsZero() }

// Rate is how logins with one value of one dimension go at the moment, and how they go
// at other times.
type Rate struct {
	Dimension Dimension
	Value     string
	Since     time.Time // what Now counts
	Now       Counts
	People    People  // what alerts stand on: of the hour, with the one before when those are few
	Usual     float64 // the rate at this time of other days, from 0 to 1
	Known     bool    // there is a usual rate to compare with
	Low       bool    // fewer than usual, and hardly by accident: worth a look, not yet an alert
	Alert     bool    // an alert for it lasts
}
