-- An entry of the audit log is written in the transaction of what it tells of, by its
-- process's own numbers, and signed by itself: no transaction waits for another one's. About
-- once a second one node seals what is new: it gives the entries their place in the chain.

-- +goose Up
-- The processes that write to the log now. An entry refers to its own; whoever removes a row
-- closes the stream, and waits for the transactions that write to it.
CREATE TABLE audit_streams (
    stream    BIGINT NOT NULL PRIMARY KEY,
    node      TEXT   NOT NULL, -- of the table nodes; empty: a command
    opened_at BIGINT NOT NULL
);

CREATE TABLE audit_unsealed (
    stream BIGINT NOT NULL REFERENCES audit_streams (stream),
    num    BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    actor  TEXT   NOT NULL,
    action TEXT   NOT NULL,
    target TEXT   NOT NULL,
    detail TEXT   NOT NULL,
    hash   BYTEA  NOT NULL,
    PRIMARY KEY (stream, num)
);

-- Entries that were not sealed, because the service had not written them so: evidence.
CREATE TABLE audit_refused (
    stream BIGINT NOT NULL,
    num    BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    actor  TEXT   NOT NULL,
    action TEXT   NOT NULL,
    target TEXT   NOT NULL,
    detail TEXT   NOT NULL,
    hash   BYTEA  NOT NULL
);

-- How far each stream has been sealed.
CREATE TABLE audit_sealed (
    stream  BIGINT NOT NULL PRIMARY KEY,
    num     BIGINT NOT NULL,
    missing TEXT   NOT NULL -- JSON
);

-- Who does what only one node needs to do.
CREATE TABLE leases (
    name   TEXT   NOT NULL PRIMARY KEY,
    holder TEXT   NOT NULL,
    until  BIGINT NOT NULL
);

ALTER TABLE audit ADD COLUMN stream BIGINT;
ALTER TABLE audit ADD COLUMN num BIGINT;

DROP TRIGGER audit_move_head ON audit;
DROP FUNCTION audit_move_head();

-- +goose Down
-- +goose StatementBegin
CREATE FUNCTION audit_move_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE meta SET value = NEW.seq || ':' || encode(NEW.hash, 'hex') WHERE name = 'audit_head';
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER audit_move_head AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_move_head();

ALTER TABLE audit DROP COLUMN num;
ALTER TABLE audit DROP COLUMN stream;
DROP TABLE leases;
DROP TABLE audit_sealed;
DROP TABLE audit_refused;
DROP TABLE audit_unsealed;
DROP TABLE audit_streams;
