// Package reasons holds what there is to say about every reason why a login did not
// go on: whose side it is on, which ways lead on, and the words for the person who sees
// a page, for the app, for the agent who helps, and the agent's answer to the person.
// Nothing of that is written anywhere else; tests prove that it is complete.
//
// The reasons themselves are in package login, because everybody who refuses something
// names one. Which reason a login's timeline comes to is found by package diagnosis.
// Package web shows the words on pages. The app has its own words in app/, which its
// build reads; app/reasons.json is written from the entries here by
// go test ./internal/domain/reasons -update.
package reasons
