-- What the admin API keeps: its keys, the answers to requests that may be sent again, and
-- imports of many people.

-- +goose Up

CREATE TABLE api_keys (
    id             TEXT   NOT NULL PRIMARY KEY,
    name           TEXT   NOT NULL,
    scopes         TEXT   NOT NULL,
    employers      TEXT   NOT NULL,
    hash           BYTEA  NOT NULL,
    previous       BYTEA,
    previous_until BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    revoked_at     BIGINT NOT NULL,
    used_at        BIGINT NOT NULL
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);
CREATE UNIQUE INDEX api_keys_previous ON api_keys (previous) WHERE previous IS NOT NULL;

-- The answer is empty while the first request is being worked on.
CREATE TABLE idempotency (
    mark         BYTEA  NOT NULL PRIMARY KEY,
    request      BYTEA  NOT NULL,
    status       BIGINT NOT NULL,
    answer       TEXT   NOT NULL,
    busy_until   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX idempotency_expires_at ON idempotency (expires_at);

CREATE TABLE imports (
    id          TEXT   NOT NULL PRIMARY KEY,
    employer    TEXT   NOT NULL REFERENCES employers (id),
    state       TEXT   NOT NULL,
    invite      BIGINT NOT NULL,
    rows_total  BIGINT NOT NULL,
    rows_done   BIGINT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    invited     BIGINT NOT NULL,
    failed      BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    finished_at BIGINT NOT NULL
);
CREATE INDEX imports_employer ON imports (employer, created_at);
CREATE INDEX imports_created_at ON imports (created_at);

-- Rows that wait for their turn, without identity codes: only their keyed hashes.
CREATE TABLE import_chunks (
    import  TEXT   NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    n       BIGINT NOT NULL,
    content TEXT   NOT NULL,
    PRIMARY KEY (import, n)
);

CREATE TABLE import_mistakes (
    import TEXT   NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    line   BIGINT NOT NULL,
    n      BIGINT NOT NULL,
    field  TEXT   NOT NULL,
    detail TEXT   NOT NULL,
    PRIMARY KEY (import, line, n)
);

-- +goose Down
DROP TABLE import_mistakes;
DROP TABLE import_chunks;
DROP TABLE imports;
DROP TABLE idempotency;
DROP TABLE api_keys;
