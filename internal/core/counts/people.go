package counts

import (
	"hash/maphash"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// maxMet bounds what a node remembers of one hour, in people and what they count for.
// Beyond it nobody counts any more: so many are enough to tell how logins go.
const maxMet = 1 << 20

// acquaintances are the people who have counted already in one hour, as hashes with a key
// that this process made up for itself.
type acquaintances map[uint64]struct{}

// known is what a login's person is known as: their id, and as long as nobody knows that,
// the network that the login comes from. Not the app or the browser, of which anybody can
// make as many as they like. Empty: nobody knows anything, and nothing stands on it.
func known(a login.Attempt) string {
	switch {
	case a.Person != "":
		return "person " + a.Person
	case !a.Source.Network.Zero():
		return "network " + string(a.Source.Network[:])
	default:
		return ""
	}
}

// people is whom a login that ended so counts for: nobody when they have counted in this
// hour for the same. Call it with the lock held.
func (c *Counter) people(at cell, who string, n operations.Counts) operations.People {
	if who == "" || n.OK+n.Failed == 0 {
		return operations.People{}
	}
	met := c.met[at.hour]
	if met == nil {
		met = acquaintances{}
		c.met[at.hour] = met
	}
	mark := maphash.Comparable(c.seed, struct {
		at     cell
		who    string
		failed bool
	}{at, who, n.Failed > 0})
	if _, again := met[mark]; again || len(met) >= maxMet {
		return operations.People{}
	}
	met[mark] = struct{}{}
	if n.Failed > 0 {
		return operations.People{Failed: 1, Marks: operations.MarkOf(who)}
	}
	return operations.People{OK: 1}
}

// forget drops the people of hours that are long over. Call it with the lock held.
func (c *Counter) forget() {
	newest := int64(0)
	for hour := range c.met {
		newest = max(newest, hour)
	}
	for hour := range c.met {
		if newest-hour > operations.TallyHour.Milliseconds() {
			delete(c.met, hour)
		}
	}
}
