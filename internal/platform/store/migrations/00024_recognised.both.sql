-- Where a person has got in with a password: their browsers, by a cookie, and networks.
-- Tries from there have a budget of their own, so that nobody who guesses from elsewhere
-- can keep them out. The mark is a keyed hash of person and cookie, or person and network;
-- without the key it leads to neither.

-- +goose Up
CREATE TABLE recognised (
    mark       BYTEA  NOT NULL PRIMARY KEY,
    person     TEXT   NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX recognised_person ON recognised (person);
CREATE INDEX recognised_expires_at ON recognised (expires_at);

-- +goose Down
DROP TABLE recognised;
