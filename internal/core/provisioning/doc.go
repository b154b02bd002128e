// Package provisioning reads what employers write about people, one at a time or in files of
// many, and takes such files in as jobs.
//
// It owns what each field may hold and how a mistake is named, the forms CSV and NDJSON,
// and the import: a file is read once while it comes, its good rows are kept in chunks
// without identity codes (only their keyed hashes), and each chunk is one job that is
// done exactly once. A bad row stops no other one.
//
// It does not own what a record means (package people), who may send one (packages
// adminapi and scim), or the rows (package store).
package provisioning
