// Package auditlog is the page of the console on which operators search the audit log. It
// only reads: nobody can change the log from here, nor anywhere else. That it is still
// what was written, avain admin audit verify tells; the console does not hold the key.
package auditlog
