package archtest

import (
	"slices"
	"strings"
)

// floor is a storey of the house, from the top down. Imports only go down.
type floor int

const (
	commands  floor = iota // cmd/…: programs
	assembly               // puts the service together
	reach                  // what reaches people and programs
	truth                  // what is true of attempts and people
	upstream               // us as a client of brokers
	carriers               // what carries it: HTTP, the database, mail, jobs
	protocols              // the protocols' own rules
	nouns                  // what everybody talks of: standard library only
	beside                 // stands beside the service, which never imports it
	unknown
)

// folders are the folders of the house, each on its floor. What lies below one is a room of
// its own. A folder that is not here is refused until it has its place.
var folders = map[string]floor{
	"cmd": commands,

	"internal/app":    assembly,
	"internal/config": assembly,

	"internal/oidc":    reach,
	"internal/methods": reach,
	"internal/account": reach,
	"internal/admin":   reach,
	"internal/console": reach,
	"internal/public":  reach,

	"internal/core":     truth,
	"internal/broker":   upstream,
	"internal/platform": carriers,
	"internal/protocol": protocols,
	"internal/domain":   nouns,
	"internal/secret":   nouns,

	"internal/testkit": beside,
}

// whole are folders that are one room.
var whole = []string{"internal/app", "internal/config", "internal/broker", "internal/secret"}

// order is which rooms of a folder may read which others of it. All others stand beside each
// other.
var order = map[string][]string{
	"internal/console/auditlog": {"internal/console"},
	"internal/console/feedback": {"internal/console"},
	"internal/console/notices":  {"internal/console"},
	"internal/console/overview": {"internal/console"},
	"internal/console/support":  {"internal/console"},

	"internal/core/counts": {"internal/core/diagnosis"},

	"internal/platform/apikey":      {"internal/platform/web"},
	"internal/platform/backchannel": {"internal/platform/jobs", "internal/platform/outbound"},
	"internal/platform/connlimit":   {"internal/platform/crowd"},
	"internal/platform/jobs":        {"internal/platform/steady"},
	"internal/platform/mail":        {"internal/platform/bcp195"},
	"internal/platform/outbound":    {"internal/platform/bcp195"},
	"internal/platform/store":       {"internal/platform/audit", "internal/platform/bcp195"},
	"internal/platform/telemetry": {
		"internal/platform/bcp195", "internal/platform/connlimit", "internal/platform/expiry", "internal/platform/jobs", "internal/platform/store",
		"internal/platform/web",
	},
	"internal/platform/webhook": {"internal/platform/jobs", "internal/platform/outbound"},

	"internal/protocol/client":  {"internal/protocol/jws", "internal/protocol/oauth"},
	"internal/protocol/dpop":    {"internal/protocol/jws", "internal/protocol/oauth"},
	"internal/protocol/signing": {"internal/protocol/jws", "internal/protocol/oauth"},

	"internal/domain/employment": {"internal/domain/fault", "internal/domain/login", "internal/domain/queue"},
	"internal/domain/fault":      {"internal/domain/login"},
	"internal/domain/login":      {"internal/domain/hetu", "internal/domain/queue", "internal/domain/shown"},
	"internal/domain/operations": {"internal/domain/login", "internal/domain/queue"},
	"internal/domain/reasons":    {"internal/domain/login"},

	"internal/testkit/demo": {"internal/testkit/brokersim", "internal/testkit/loopback"},
}

// libraries are what the nouns use besides the standard library: names are compared by the
// rules of Unicode.
var libraries = map[string][]string{"internal/domain/names": {"golang.org/x/text"}}

// onlyFor names packages that few may import, besides tests. brokersim can log
// anybody in: it must not be in the service's binary.
var onlyFor = map[string][]string{
	"internal/testkit/brokersim": {"internal/testkit/demo", "cmd/demo", "cmd/bench", "cmd/hostile"},
	"internal/testkit/demo":      {"cmd/demo", "cmd/bench", "cmd/hostile", "cmd/conformance"},
	"internal/testkit/robot":     {"cmd/bench", "cmd/hostile"},
	"internal/testkit/loopback":  {"internal/testkit/demo", "cmd/bench"},
	"internal/testkit/archtest":  {},
	"internal/testkit/patience":  {"internal/platform/store/pgtest", "internal/platform/store/storetest"},

	"internal/platform/store/storetest": {},
	"internal/platform/store/pgtest":    {"internal/platform/store/storetest"},

	"internal/platform/bcp195/bcp195test": {},
}

func (f floor) String() string {
	names := [...]string{"command", "assembly", "reach", "truth", "upstream", "carriers", "protocols", "nouns", "beside the service", "unknown"}
	return names[f]
}

// folderOf is the folder of a package.
func folderOf(pkg string) string {
	parts := strings.SplitN(pkg, "/", 3)
	if parts[0] == "cmd" {
		return "cmd"
	}
	return strings.Join(parts[:min(2, len(parts))], "/")
}

// floorOf is the floor of a package.
func floorOf(pkg string) floor {
	if f, ok := folders[folderOf(pkg)]; ok {
		return f
	}
	return unknown
}

// roomOf is the room that a package belongs to: internal/platform/store for
// internal/platform/store/pgtest. A folder's own package is a room too.
func roomOf(pkg string) string {
	folder := folderOf(pkg)
	if folder == pkg || slices.Contains(whole, folder) {
		return folder
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(pkg, folder+"/"), "/")
	return folder + "/" + name
}

// mayImport holds one import against the picture and says what is wrong with it;
// empty when nothing is. In tests carriers and below may be put together with others of
// their own folder, with what lies below, and with what stands beside the service.
func mayImport(from, to string, inTest bool) string {
	here, there := floorOf(from), floorOf(to)
	switch {
	case there == unknown:
		return "has no place in the house; give its folder one in internal/testkit/archtest/layers.go"
	case roomOf(from) == "internal/testkit/robot" && roomOf(to) != "internal/testkit/robot":
		return "the robot shares no code with the service: both sides must agree on the protocol, not by accident"
	case roomOf(from) == roomOf(to):
		return mayUse(from, to, inTest)
	case there == beside:
		if here == beside && !slices.Contains(order[roomOf(from)], roomOf(to)) && !inTest {
			return "rooms of a folder stand beside each other (order)"
		}
		return mayUse(from, to, inTest)
	case here == beside:
		return ""
	case (here == reach || here == truth) && roomOf(to) == "internal/platform/store" && !inTest:
		return "never imports the store; declare the interface that is needed"
	case here == reach && there == reach && folderOf(from) != folderOf(to):
		return "what reaches people never imports each other"
	case folderOf(from) == folderOf(to):
		return asNeighbour(from, to, inTest)
	case there < here && !(inTest && here == protocols && there == carriers): // their tests keep things in a real store
		return "imports only go down"
	}
	return mayUse(from, to, inTest)
}

// asNeighbour judges an import within a folder.
func asNeighbour(from, to string, inTest bool) string {
	together := inTest && floorOf(from) >= carriers
	if !together && !slices.Contains(order[roomOf(from)], roomOf(to)) {
		return "rooms of a folder stand beside each other (order)"
	}
	return mayUse(from, to, inTest)
}

func mayUse(from, to string, inTest bool) string {
	allowed, limited := onlyFor[to]
	if !limited || inTest || roomOf(from) == to {
		return ""
	}
	if slices.Contains(allowed, from) {
		return ""
	}
	return "is for tests and for few others (onlyFor)"
}
