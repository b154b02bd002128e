package brokersim

// Leniency is one thing that passes only when [Config.Lenient] is set: a sandbox lets it
// pass, or an example of the broker's own does it, and the guide forbids it.
type Leniency struct {
	Dialect Dialect
	What    string
	Source  string // who says so; what follows "Invented:" no published source proves
}

// Leniencies lists everything that Config.Lenient changes. At Idura a request whose
// login_hint holds enforce_ftn_requirements gets none of it.
func Leniencies() []Leniency {
	return []Leniency{
		{OP, "redirect_uri is any web address", "README §15: it does not have to be agreed in the sandbox"},
		{OP, "the client assertion's header has no kid", "README §14 wants one; the assertion printed in §8 has none"},
		{OP, "the client assertion's aud is the authorization endpoint", "README §8 wants the token endpoint; OP's Python example sends the other. Invented: that the sandbox takes it"},
		{OP, "request objects and client assertions live up to an hour", "Invented: the README suggests 600 s and names no maximum"},
		{Telia, "acr_values is missing", "guide 2.36 §2.4.3 wants a level or a method; the samples of §2.4.4 and of the Python example have neither"},
		{Telia, "acr_values holds a level of another environment, or loa3", "Invented: guide 2.36 §2.4.3 names one level for each environment"},
		{Telia, "acr_values holds a method as the URI that stands in amr", "Invented: guide 2.36 §2.4.3 and §2.4.5 show short ids only"},
		{Idura, "parameters come without a request object, in the query or pushed", "the login_hint enforce_ftn_requirements tests this. Invented: that a test tenant lets it pass without"},
		{Idura, "the header of a request object or client assertion has no kid", "privatekey-jwt: optional for others than the Finnish Trust Network"},
		{Idura, "the client assertion has no jti", "privatekey-jwt: optional for others than the Finnish Trust Network"},
		{Idura, "the client assertion lives up to an hour", "privatekey-jwt only recommends 5 minutes"},
		{Idura, "the client's keys are fetched from an address", "privatekey-jwt recommends it; the Finnish Trust Network page wants a static set"},
		{Idura, "acr_values is urn:grn:authn:fi:bankid", "login-methods-and-path-encoded spells it so; the other pages say bank-id"},
		{Signicat, "parameters come in the query without a request object", "quick start: so they do at other eIDs. Invented: that a sandbox lets it pass for the Finnish Trust Network"},
		{Signicat, "the header of a request object or client assertion has no kid", "Invented: whether it is demanded is not published"},
		{Signicat, "acr_values names a bank: ftn_idp:fi-…", "Invented: scoping to one bank exists, its words could not be read; by analogy with idp:nbid nbid_idp:BID"},
	}
}
