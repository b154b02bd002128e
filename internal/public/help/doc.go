// Package help shows what a person reads who cannot log in: the article, kept true by
// what the service knows (which methods are on, the versions, the stores, the news), and
// a short tree of questions that ends in what to do. Both ask whether they helped.
//
// It owns the article, the tree ([Questions], [Answers]) and what may be kept of an
// answer ([Clean]). It does not own the words of the reasons (package reasons), nor
// the news (package notices), nor what the staff sees of the answers
// (internal/console/feedback). Nothing here needs a cookie, a script or a login, and
// nothing here tells anything about a person: addresses name a reason, never a login.
package help
