// Package webhook tells the operator's other systems what has happened: that somebody
// activated their benefits, logged in, lost a device.
//
// It owns the events and what they may tell (ids, never who somebody is), the messages
// and their signatures by Standard Webhooks (https://www.standardwebhooks.com), and the
// delivery to the endpoints of the configuration and to no other address. A message is
// a job, ordered in the transaction of the act that it tells of ([Sender.Jobs]): it is
// delivered at least once, with the same id and body each time.
//
// It does not own when an event happens: that is the domain's. Keeping, repeating and
// giving up jobs is package jobs'; reading the secrets of the endpoints is package
// config's.
package webhook
