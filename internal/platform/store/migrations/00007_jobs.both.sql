-- Work that must happen although a process may die. A job is written in the
-- transaction that causes it. Claiming it moves run_at to the end of the lease and
-- counts claim up: whoever shows an older claim has lost the job.

-- +goose Up
CREATE TABLE jobs (
    id         TEXT   NOT NULL PRIMARY KEY,
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    payload    TEXT   NOT NULL,
    run_at     BIGINT NOT NULL,
    tries      BIGINT NOT NULL,
    claim      BIGINT NOT NULL,
    error      TEXT   NOT NULL,
    dead_at    BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX jobs_key ON jobs (kind, key) WHERE key <> '';
CREATE INDEX jobs_due ON jobs (kind, run_at, id) WHERE dead_at = 0;
CREATE INDEX jobs_dead ON jobs (dead_at, id) WHERE dead_at > 0;

-- +goose Down
DROP TABLE jobs;
