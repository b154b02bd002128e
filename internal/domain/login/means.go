package login

// MeansKind tells the two kinds of strong authentication apart.
type MeansKind string

// The kinds of means.
const (
	MeansBank   MeansKind = "bank"
	MeansMobile MeansKind = "mobile" // Mobile Certificate (Mobiilivarmenne)
)

// MeansUnknown is recorded when a broker reports a way that nobody has configured: what
// the person had chosen before they left proves nothing.
const MeansUnknown = "unknown"

// Means is something a person proves who they are with: one bank, or Mobile
// Certificate. It is served by one broker at a time.
type Means struct {
	ID     string // ours, stable: "nordea", "mobile"
	Kind   MeansKind
	Name   string // as shown; banks keep their own name in every language
	Logo   string // name of its picture, or empty: no third-party origin on login pages
	Broker string // id of the broker that serves it now
}
