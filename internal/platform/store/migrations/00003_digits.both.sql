-- The six digits that a browser shows when it cannot return to the app. At most one
-- set per attempt; the hash is keyed with a secret outside the database, because six
-- digits could otherwise be found by trying all of them.

-- +goose Up
CREATE TABLE digits (
    attempt    TEXT   NOT NULL PRIMARY KEY REFERENCES attempts (id) ON DELETE CASCADE,
    hash       BYTEA  NOT NULL,
    expires_at BIGINT NOT NULL,
    tries      BIGINT NOT NULL
);

-- +goose Down
DROP TABLE digits;
