// Package catalogue holds what there is to say about every reason why a login did not
// go on: whose side it is on, which ways lead on, and the words for the person who sees
// a page, for the app, for the agent who helps, and the agent's answer to the person.
// Nothing of that is written anywhere else; tests prove that it is complete.
//
// The reasons themselves are in package login, because everybody who refuses something
// names one. Which reason a login's timeline comes to is found by package diagnosis.
// Package web shows the words on pages, and the app has its own, from the files in
// texts/app.*.json, which its build reads.
package catalogue
