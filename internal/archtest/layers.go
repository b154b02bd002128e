package archtest

import (
	"strings"
)

// layer is a storey of the house, from the top down. Imports only go down.
type layer int

const (
	commands   layer = iota // cmd/…: programs
	rooms                   // demo: like a feature, but it builds a whole house for itself
	wiring                  // puts everything together
	features                // mount themselves; never import each other nor the store
	domain                  // what is true of attempts and people
	mechanisms              // never import features or domain
	ground                  // standard library only
	unknown
)

func (l layer) String() string {
	names := [...]string{"command", "demo", "wiring", "feature", "domain", "mechanism", "ground", "unknown"}
	return names[l]
}

// house says where each package stands. A package below another (store/pgtest) stands
// where that one does. A new package is refused until it has its place here.
var house = map[string]layer{
	"cmd/avain":       commands,
	"cmd/demo":        commands,
	"cmd/bench":       commands,
	"cmd/hostile":     commands,
	"cmd/conformance": commands,

	"internal/demo": rooms,

	"internal/wire":   wiring,
	"internal/config": wiring,

	"internal/oidc/authorize":     features,
	"internal/oidc/firstparty":    features,
	"internal/oidc/token":         features,
	"internal/oidc/discovery":     features,
	"internal/methods/bank":       features,
	"internal/methods/link":       features,
	"internal/methods/qr":         features,
	"internal/methods/password":   features,
	"internal/account/devices":    features,
	"internal/account/activation": features,
	"internal/account/home":       features,
	"internal/account/privacy":    features,
	"internal/public/news":        features,
	"internal/public/help":        features,
	"internal/public/status":      features,
	"internal/console":            features,
	"internal/admin/api":          features,
	"internal/admin/scim":         features,
	"internal/oidc/endsession":    features,

	"internal/core/availability": domain,
	"internal/core/notices":      domain,
	"internal/core/alerting":     domain,
	"internal/core/attempt":      domain,
	"internal/core/people":       domain,
	"internal/core/provisioning": domain,

	"internal/broker":                  mechanisms,
	"internal/brokersim":               mechanisms,
	"internal/protocol/client":         mechanisms,
	"internal/platform/connlimit":      mechanisms,
	"internal/platform/crowd":          mechanisms,
	"internal/protocol/dpop":           mechanisms,
	"internal/platform/expiry":         mechanisms,
	"internal/protocol/jws":            mechanisms,
	"internal/platform/keyset":         mechanisms,
	"internal/platform/geoip":          mechanisms,
	"internal/platform/apikey":         mechanisms,
	"internal/core/diagnosis":          mechanisms,
	"internal/core/counts":             mechanisms,
	"internal/platform/browsersession": mechanisms,
	"internal/protocol/signing":        mechanisms,
	"internal/platform/mail":           mechanisms,
	"internal/platform/jobs":           mechanisms,
	"internal/platform/outbound":       mechanisms,
	"internal/platform/webhook":        mechanisms,

	"internal/platform/backchannel": mechanisms,

	"internal/platform/passhash":  mechanisms,
	"internal/platform/audit":     mechanisms,
	"internal/platform/telemetry": mechanisms,
	"internal/platform/notify":    mechanisms,
	"internal/platform/refresh":   mechanisms,
	"internal/platform/web":       mechanisms,
	"internal/platform/store":     mechanisms,
	"internal/robot":              mechanisms,
	"internal/loopback":           mechanisms,
	"internal/domain/names":       mechanisms,
	"internal/archtest":           mechanisms,

	"internal/domain/login":    ground,
	"internal/domain/exact":    ground,
	"internal/domain/shown":    ground,
	"internal/domain/reasons":  ground,
	"internal/protocol/oauth":  ground,
	"internal/secret":          ground,
	"internal/platform/bcp195": ground,
	"internal/platform/steady": ground,
	"internal/patience":        ground,
	"internal/domain/hetu":     ground,
}

// onlyFor names packages that few may import, besides tests. brokersim can log
// anybody in: it must not be in the service's binary.
var onlyFor = map[string][]string{
	"internal/brokersim":                {"internal/brokersim", "internal/demo", "cmd/demo", "cmd/bench", "cmd/hostile"},
	"internal/demo":                     {"internal/demo", "cmd/demo", "cmd/bench", "cmd/hostile", "cmd/conformance"},
	"internal/platform/store/storetest": {},
	"internal/platform/store/pgtest":    {"internal/platform/store/storetest"},
	"internal/robot":                    {"cmd/bench", "cmd/hostile"},
	"internal/loopback":                 {"internal/demo", "cmd/bench"},
	"internal/archtest":                 {},
	"internal/patience":                 {"internal/platform/store/pgtest", "internal/platform/store/storetest"},

	"internal/platform/bcp195/bcp195test": {},
}

// placeOf finds the layer of a package, or of the nearest one above it.
func placeOf(pkg string) layer {
	for pkg != "" && pkg != "." {
		if place, ok := house[pkg]; ok {
			return place
		}
		pkg = pkg[:max(strings.LastIndexByte(pkg, '/'), 0)]
	}
	return unknown
}

// nounOf is the package of the house that pkg belongs to: store for store/pgtest.
func nounOf(pkg string) string {
	for room := pkg; room != ""; room = room[:max(strings.LastIndexByte(room, '/'), 0)] {
		if _, known := house[room]; known {
			return room
		}
	}
	return pkg
}

// mayImport holds one import against the picture and says what is wrong with it;
// empty when nothing is. In tests a package may be put together with others of its
// own layer and below, and with what only tests may use.
func mayImport(from, to string, inTest bool) string {
	here, there := placeOf(from), placeOf(to)
	switch {
	case there == unknown:
		return "has no place in the house; give it one in internal/archtest/layers.go"
	case nounOf(from) == "internal/robot" && nounOf(to) != "internal/robot":
		return "the robot shares no code with the service: both sides must agree on the wire, not by accident"
	case nounOf(from) == nounOf(to):
		return mayUse(from, to, inTest)
	case here == features && there == features:
		return "features never import each other"
	case here == features && nounOf(to) == "internal/platform/store" && !inTest:
		return "features never import the store; declare the interface that is needed"
	case here == domain && nounOf(to) == "internal/platform/store" && !inTest:
		return "the domain never imports the store; declare the interface that is needed"
	case here == ground && there != ground:
		return "ground stands on the standard library only"
	case there < here:
		return "imports only go down"
	case here == there && (here == domain || here == commands):
		return "packages of this layer stand beside each other"
	}
	return mayUse(from, to, inTest)
}

func mayUse(from, to string, inTest bool) string {
	allowed, limited := onlyFor[to]
	if !limited || inTest || nounOf(from) == to {
		return ""
	}
	for _, friend := range allowed {
		if from == friend {
			return ""
		}
	}
	return "is for tests and for few others (onlyFor)"
}
