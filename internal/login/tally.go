package login

import "time"

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
}

// Counts are logins by how they ended. What only a browser says of a bank is no failure:
// anybody can send a browser with an error a thousand times.
type Counts struct {
	OK     int64 // got in; of a journey: the bank has proved who it was
	Gone   int64 // ended with nothing known to be broken: left, said no, was rightly refused, or came back with an error
	Failed int64 // ended because something did not work; of journeys and methods: as the service itself saw
}

// Evidence leaves out what ended with nothing known to be broken: anybody can begin a
// login and leave, or come back with a made-up error, however often.
func (c Counts) Evidence() Counts { return Counts{OK: c.OK, Failed: c.Failed} }

// Tried is all of them.
func (c Counts) Tried() int64 { return c.OK + c.Gone + c.Failed }

// Rate is the part that got in, from 0 to 1; of nobody, everybody got in.
func (c Counts) Rate() float64 {
	if c.Tried() == 0 {
		return 1
	}
	return float64(c.OK) / float64(c.Tried())
}

// Plus adds two counts.
func (c Counts) Plus(d Counts) Counts {
	return Counts{c.OK + d.OK, c.Gone + d.Gone, c.Failed + d.Failed}
}

// EndedBy reports whether this event, which has just been written, ended the attempt:
// lines that are added to one that is over do not end it again.
func (a Attempt) EndedBy(e Event) bool {
	if !a.State.Over() || len(a.Timeline) == 0 {
		return false
	}
	last := a.Timeline[len(a.Timeline)-1]
	return last.Step == e.Step && last.At.UnixMilli() == e.At.UnixMilli() && a.UpdatedAt.UnixMilli() == e.At.UnixMilli()
}

// Alert says that fewer logins than usual succeed. There is at most one at a time for
// a value of a dimension, on however many nodes.
type Alert struct {
	ID        string
	Dimension Dimension
	Value     string
	RaisedAt  time.Time
	EndedAt   time.Time // zero while it lasts

	Now   Counts  // what raised it
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
	Usual     float64 // the rate at this time of other days, from 0 to 1
	Known     bool    // there is a usual rate to compare with
	Low       bool    // fewer than usual, and hardly by accident: worth a look, not yet an alert
	Alert     bool    // an alert for it lasts
}
