-- Public keys that have signed ID tokens and are no longer published. They verify the
-- id_token_hint of a log-out and nothing else.

-- +goose Up
CREATE TABLE hint_keys (
    kid       TEXT   NOT NULL PRIMARY KEY,
    alg       TEXT   NOT NULL,
    sealed    BYTEA  NOT NULL,
    forget_at BIGINT NOT NULL
);
