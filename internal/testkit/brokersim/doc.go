// Package brokersim is a simulated identification broker of the Finnish Trust
// Network: a whole broker in one http.Handler, with keys, banks and sample people of
// its own, for the demo, the bench and tests.
//
// It speaks the dialect of OP, Telia, Idura or Signicat as the brokers' own guides and
// published messages have it, and is strict: what a real broker would refuse is refused,
// with the reason. Each dialect is a set of rules in a file of its own, where every rule
// names its source; "Invented:" marks what no published source proves. What sandboxes
// let pass and guides forbid passes only with Config.Lenient; [Leniencies] lists it.
//
// It shares no code with package broker, so that each of the two checks the other.
//
// It owns the broker's side of the protocol (request object, pushed request, client
// assertion, code, nested id_token, published keys), the pages that a person meets there
// (bank selection, an invented bank's login, Mobile Certificate with a simulated phone),
// the toggles that make it misbehave, and the sample people.
//
// It does not own our side of the protocol (package broker) or our pages (package
// signin). No production binary may import it; internal/testkit/archtest watches.
package brokersim
