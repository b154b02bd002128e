// Package expiry knows when the files end that logins depend on, and says so in time:
// 60, 30 and 7 days before, in avain check-config, in the log and as a metric. Nothing
// else would: an entity statement lives for ten years and then stops every login of its
// broker at one second, when nobody remembers that it was ever there.
//
// What ends, and is watched:
//
//   - brokers' entity statements, and ours as they were handed over (exp);
//   - the chain of public.tls;
//   - certificates that stand beside a key in the file of one: brokers' entity keys, our
//     keys, clients' key sets (PEM blocks, or x5c of a JWK). The service believes the keys
//     and does not look at these certificates; who issued them, or who gets them, may;
//   - the certificates that the connection string of PostgreSQL names, or PGSSLCERT and
//     PGSSLROOTCERT.
//
// What is left out, and why:
//
//   - keysets, secrets, passwords and bare keys have no end;
//   - our token signing keys, and the keys that brokers publish, follow each other by
//     themselves (packages signing and broker);
//   - mail server, webhooks, brokers and the collector of traces are checked with the
//     certificates of the system, which its packages renew; what they themselves show ends
//     on their side and in no file of ours;
//   - of apps (App Links) only fingerprints stand in the configuration, and stores take
//     updates signed with a certificate that has ended;
//   - the databases of places and leaked passwords get old and do not end; logins do
//     without them;
//   - certificates of a proxy in front are in no file of ours.
//
// It reads; which settings there are is known to packages config and broker.
package expiry
