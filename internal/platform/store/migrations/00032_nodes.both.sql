-- The nodes that live, and how far the clock of each is ahead of the database's, in
-- milliseconds: so that nodes which agree with each other go on when the database's is off.

-- +goose Up
CREATE TABLE nodes (
    id      TEXT   NOT NULL PRIMARY KEY,
    ahead   BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE nodes;
