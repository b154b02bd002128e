-- All times are unix milliseconds, UTC; 0 means "not set". Hashes are SHA-256, 32
-- bytes; NULL means "no such secret". Lists and maps are JSON.
-- BYTEA and BIGINT are PostgreSQL's words; SQLite takes any type name and stores
-- blobs and integers as they are.

-- +goose Up

CREATE TABLE attempts (
    id              TEXT    NOT NULL PRIMARY KEY,
    support_code    TEXT    NOT NULL,
    method          TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    client          TEXT    NOT NULL,
    jkt             TEXT    NOT NULL,
    person          TEXT    NOT NULL,
    broker          TEXT    NOT NULL,
    means           TEXT    NOT NULL,
    acr             TEXT    NOT NULL,
    amr             TEXT    NOT NULL,
    auth_time       BIGINT  NOT NULL,
    place           TEXT    NOT NULL,
    session         TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,
    code_expires_at BIGINT  NOT NULL,
    request_uri     BYTEA,
    auth_session    BYTEA,
    link            BYTEA,
    code            BYTEA,
    browser         BYTEA,
    request         TEXT    NOT NULL,
    device          TEXT    NOT NULL,
    timeline        TEXT    NOT NULL
);
CREATE UNIQUE INDEX attempts_support_code ON attempts (support_code);
CREATE UNIQUE INDEX attempts_request_uri ON attempts (request_uri) WHERE request_uri IS NOT NULL;
CREATE UNIQUE INDEX attempts_auth_session ON attempts (auth_session) WHERE auth_session IS NOT NULL;
CREATE UNIQUE INDEX attempts_link ON attempts (link) WHERE link IS NOT NULL;
CREATE UNIQUE INDEX attempts_code ON attempts (code) WHERE code IS NOT NULL;
CREATE INDEX attempts_created_at ON attempts (created_at);
-- The two that the purge walks: attempts that still run, and those nobody opened.
CREATE INDEX attempts_running ON attempts (expires_at)
    WHERE state IN ('created', 'opened', 'authenticated', 'confirmed', 'claimed', 'approved', 'verified');
CREATE INDEX attempts_unopened ON attempts (created_at) WHERE state = 'expired' AND browser IS NULL;

CREATE TABLE legs (
    state       BYTEA  NOT NULL PRIMARY KEY,
    attempt     TEXT   NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    broker      TEXT   NOT NULL,
    means       TEXT   NOT NULL,
    started_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    taken_until BIGINT NOT NULL,
    done_at     BIGINT NOT NULL
);
CREATE INDEX legs_attempt ON legs (attempt);
CREATE INDEX legs_expires_at ON legs (expires_at);

CREATE TABLE once (
    mark       BYTEA  NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX once_expires_at ON once (expires_at);

CREATE TABLE persons (
    id           TEXT    NOT NULL PRIMARY KEY,
    hetu_lookup  BYTEA,
    hetu_sealed  BYTEA,
    subject      TEXT    NOT NULL,
    given_name   TEXT    NOT NULL,
    family_name  TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    email        TEXT    NOT NULL,
    locale       TEXT    NOT NULL,
    smartum_plus BOOLEAN NOT NULL,
    locked_at    BIGINT  NOT NULL,
    created_at   BIGINT  NOT NULL,
    updated_at   BIGINT  NOT NULL
);
CREATE UNIQUE INDEX persons_hetu_lookup ON persons (hetu_lookup) WHERE hetu_lookup IS NOT NULL;
CREATE UNIQUE INDEX persons_subject ON persons (subject);

CREATE TABLE benefits (
    person   TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    kind     TEXT NOT NULL,
    employer TEXT NOT NULL,
    PRIMARY KEY (person, kind, employer)
);

CREATE TABLE sessions (
    id             TEXT    NOT NULL PRIMARY KEY,
    person         TEXT    NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    client         TEXT    NOT NULL,
    jkt            TEXT    NOT NULL,
    method         TEXT    NOT NULL,
    broker         TEXT    NOT NULL,
    means          TEXT    NOT NULL,
    acr            TEXT    NOT NULL,
    amr            TEXT    NOT NULL,
    auth_time      BIGINT  NOT NULL,
    scopes         TEXT    NOT NULL,
    nonce          TEXT    NOT NULL,
    device         TEXT    NOT NULL,
    place          TEXT    NOT NULL,
    refresh        BYTEA,
    previous       BYTEA,
    previous_until BIGINT  NOT NULL,
    created_at     BIGINT  NOT NULL,
    used           BOOLEAN NOT NULL,
    used_at        BIGINT  NOT NULL,
    idle_until     BIGINT  NOT NULL,
    ends_at        BIGINT  NOT NULL,
    revoked_at     BIGINT  NOT NULL,
    revoked_why    TEXT    NOT NULL
);
CREATE UNIQUE INDEX sessions_refresh ON sessions (refresh) WHERE refresh IS NOT NULL;
CREATE UNIQUE INDEX sessions_previous ON sessions (previous) WHERE previous IS NOT NULL;
CREATE INDEX sessions_person ON sessions (person);
CREATE INDEX sessions_idle_until ON sessions (idle_until);
CREATE INDEX sessions_revoked_at ON sessions (revoked_at) WHERE revoked_at > 0;

CREATE TABLE signing_keys (
    slot        BIGINT NOT NULL PRIMARY KEY,
    kid         TEXT   NOT NULL,
    alg         TEXT   NOT NULL,
    sealed      BYTEA  NOT NULL,
    public_jwk  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    active_from BIGINT NOT NULL,
    retire_at   BIGINT NOT NULL,
    remove_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX signing_keys_kid ON signing_keys (kid);

CREATE TABLE audit (
    seq    BIGINT NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL,
    actor  TEXT   NOT NULL,
    action TEXT   NOT NULL,
    target TEXT   NOT NULL,
    detail TEXT   NOT NULL
);

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
-- The number of the last audit entry. Taking the next one locks this row, so that
-- entries get their numbers in the order in which they become visible, without gaps.
INSERT INTO meta (name, value) VALUES ('audit_seq', '0');

-- +goose Down
DROP TABLE meta;
DROP TABLE audit;
DROP TABLE signing_keys;
DROP TABLE sessions;
DROP TABLE benefits;
DROP TABLE persons;
DROP TABLE once;
DROP TABLE legs;
DROP TABLE attempts;
