package broker

import (
	"slices"
	"strings"
)

// Advice is what there is to say of a failure word: what happened, and what an operator
// does about it. docs/brokers.md holds the same table; a test compares them.
type Advice struct {
	What string `json:"what"`
	Do   string `json:"do"`
}

// AdviceFor finds the advice for a failure word such as "id_token.missing:hetu"; false
// for what is no word of this package.
func AdviceFor(word string) (Advice, bool) {
	word, _, _ = strings.Cut(word, ":")
	for _, a := range advices() {
		if slices.Contains(a.words, word) {
			return a.Advice, true
		}
	}
	step, outcome, ok := strings.Cut(word, ".")
	if !ok || !slices.Contains([]string{"discovery", "jwks", "par", "token", "selector", "outage"}, step) {
		return Advice{}, false
	}
	if strings.HasPrefix(outcome, "http_") {
		outcome = "http_503"
	}
	for _, a := range advices() {
		if slices.Contains(a.words, anyStep+outcome) {
			return a.Advice, true
		}
	}
	return Advice{}, false
}

// anyStep stands for the name of a request to a broker.
const anyStep = "…."

type advice struct {
	Advice
	words []string
}

func advised(what, do string, words ...string) advice { return advice{Advice{what, do}, words} }

func advices() []advice {
	return slices.Concat(onTheWay(), beforeLeaving(), comingBack(), exchanging(), inTheToken(), ours())
}

func onTheWay() []advice {
	return []advice{
		advised("no answer within `timeout`", "nothing, if it passes; else ask the broker", anyStep+"timeout"),
		advised("no connection, or TLS failed", "check network, proxy and DNS from the node", anyStep+"unreachable"),
		advised("the broker answered with that status",
			"5xx: ask the broker. 400 or 401 at `token`: its log knows why; usually a wrong `client_id`, key or audience, or a code that came twice or too late",
			anyStep+"http_503"),
		advised("it answered with a redirect, which is never followed", "correct the address", anyStep+"redirect"),
		advised("the answer is larger than any real one", "ask the broker", anyStep+"size"),
		advised("the answer is not what it should be", "ask the broker; something may stand between", anyStep+"format"),
		advised("the address is not one of the configuration", "add it to `endpoints.allowed_hosts`, if it is right", anyStep+"host"),
		advised("the service was stopping", "nothing", anyStep+"cancelled"),
	}
}

func beforeLeaving() []advice {
	return []advice{
		advised("every broker of this bank counts as down", "see “Several brokers for one bank”", "circuit.open"),
		advised("nobody serves this bank any more; an old page", "nothing", "means.unknown"),
		advised("the person left while we waited for the broker", "nothing", "request.cancelled"),
		advised("the answer to our pushed request has no usable `request_uri`", "ask the broker", "par.request_uri"),
		advised("the metadata is not JSON", "ask the broker", "discovery.format"),
		advised("the metadata is of another issuer", "correct `issuer`, letter by letter", "discovery.issuer"),
		advised("it names a host that the configuration does not", "`endpoints.allowed_hosts`, if it is right", "discovery.host"),
		advised("it names no authorization or token endpoint", "write them out under `endpoints`", "discovery.incomplete"),
	}
}

func comingBack() []advice {
	return []advice{
		advised("the person cancelled", "nothing", "callback.cancelled"),
		advised("the person did not confirm in time, at the bank or on the phone", "nothing", "callback.timed_out"),
		advised("the broker sent an error that we do not know", "its guide; perhaps one for `errors.cancelled`", "callback.error"),
		advised("identification failed at the broker (OP); elsewhere this means cancelled", "nothing, if it is rare", "callback.access_denied"),
		advised("the broker did not like our request", "`avain admin brokers test ID` shows what is sent: compare it with the broker's guide and with what is registered there",
			"callback.invalid_request", "callback.invalid_request_object", "callback.invalid_request_uri", "callback.invalid_scope",
			"callback.invalid_ftn_idp_id", "callback.unsupported_response_type", "callback.unauthorized_client", "callback.input_params_notpresent"),
		advised("the broker has a problem", "nothing, if it passes", "callback.server_error", "callback.temporarily_unavailable", "callback.generalerror"),
		advised("identification failed at the bank, is still going on elsewhere, or the means has run out (IN Groupe)", "nothing, if it is rare",
			"callback.authfailed", "callback.inpro", "callback.idexpired"),
		advised("the broker would have had to ask the person, and was told not to", "`request.prompt` must not be `none`",
			"callback.login_required", "callback.interaction_required", "callback.consent_required"),
		advised("it brought neither a code nor an error", "ask the broker", "callback.code"),
		advised("the answer is of another journey", "an attack, or a broker that mixes people up: report it", "callback.state"),
		advised("the answer of another broker was sent here", "an attack, or a wrong `issuer`", "callback.iss"),
		advised("a parameter came twice", "an attack: report it", "callback.duplicate"),
	}
}

func exchanging() []advice {
	return []advice{
		advised("the answer holds no id_token", "scopes; ask the broker", "token.no_id_token"),
		advised("the keys are not a key set, or not signed as allowed", "ask the broker", "jwks.format"),
		advised("the signed keys say that they are something else (`typ`)", "`broker_keys.types`, if the broker's guide says so", "jwks.type"),
		advised("an entity statement, where the keys should be", "correct `broker_keys.signed_jwks_uri`", "jwks.statement"),
		advised("the keys are not signed by the pinned entity key", "**stop and ask the broker by phone**: its entity key has changed, or somebody is in its place", "jwks.signature"),
		advised("the signed keys are not the expected JSON", "ask the broker", "jwks.claims"),
		advised("they are of another entity", "`broker_keys.entity`", "jwks.iss"),
		advised("they are from the future", "clocks", "jwks.iat"),
		advised("they have run out, and no fresh ones could be had", "ask the broker; clocks", "jwks.expired"),
		advised("no usable RSA key of at least 2048 bits", "ask the broker", "jwks.no_keys"),
		advised("the statement in `entity_statement_file` has run out", "get the new one", "jwks.entity_statement_expired"),
	}
}

func inTheToken() []advice {
	return []advice{
		advised("it is not encrypted", "switch encryption on at the broker (Idura: `signedAndEncryptedJWT`; Signicat: encrypted id_token); never accept it", wordPlaintext),
		advised("encrypted in a way that `algorithms` does not allow, or damaged", "compare with the broker's guide", "id_token.encryption"),
		advised("none of our keys opens it", "does the broker have our present encryption key? Or did we remove an old one too early?", "id_token.decryption"),
		advised("compressed; no broker does that", "report it", "id_token.zip"),
		advised("what is inside is not called a JWT", "ask the broker", "id_token.content_type"),
		advised("larger than 64 KiB", "report it", "id_token.size"),
		advised("signed in a way that `algorithms` does not allow, or not at all", "report it", "id_token.signature_algorithm"),
		advised("signed with a key that the broker does not publish, even after asking again", "ask the broker", "id_token.unknown_key"),
		advised("the signature is wrong", "report it", "id_token.signature"),
		advised("it lacks the claim that the word names", "switch it on at the broker (scopes; Signicat: ID token user data *All*), or name the right one under `claims`", wordMissing),
		advised("from another issuer", "`issuer`, letter by letter", "id_token.iss"),
		advised("for another client", "`client_id`; else report it", "id_token.aud", "id_token.azp"),
		advised("run out, or not valid yet", "clocks", "id_token.exp", "id_token.nbf"),
		advised("made before this login began, or in the future", "clocks; else somebody replayed it", "id_token.iat"),
		advised("of another login", "somebody replayed it: report it", "id_token.nonce"),
		advised("not a subject", "ask the broker", "id_token.sub"),
		advised("not a time, or one in the future, where the time of authentication should be", "`claims.auth_time`; clocks; ask the broker", "id_token.auth_time"),
		advised("the person was authenticated before this login began: the broker answered from a session of its own", "`request.prompt: login`; where it is set, ask the broker", "id_token.auth_time_stale"),
		advised("an `acr` that is not in `accepted_acr`", "the broker's guide", "id_token.acr"),
		advised("a level of assurance that is not in `accepted_levels`", "the broker's guide; another kind of means than a Finnish one?", "id_token.level"),
		advised("a test level, in production", "a test client in production, or the wrong host", "id_token.acr_test"),
		advised("from a test bank, in production", "a test client in production, or the wrong host", "id_token.method_test"),
		advised("the identity code of a test person, where only real ones are believed", "in a test environment `hetu: artificial`; in production a test client, or the wrong host", "id_token.hetu_artificial"),
		advised("not a personal identity code", "a test bed: `hetu: lenient`; else ask the broker", "id_token.hetu"),
	}
}

func ours() []advice {
	return []advice{
		advised("we could not sign", "the log has the cause", "request.sign", "assertion.sign", "entity.sign"),
		advised("a mistake in our code", "report it to us", "start.incomplete", "return.incomplete"),
		advised("an address that names no broker of ours", "the redirect URI that the broker has registered", "broker.unknown"),
		advised("somebody asked for a statement that this broker has none of", "`our_keys.entity`, if the broker needs it", "entity.not_configured"),
		advised("OP's list cannot be used; the configured banks are shown", "ask OP", "selector.format", "selector.empty"),
		advised("the service stopped while it probed", "nothing", "probe.cancelled"),
	}
}
