-- How often something may be done that is counted for a person, across all nodes and
-- restarts: guesses at six digits, confirmations. One row per budget that is not full,
-- with the time at which it is full again; the key is a keyed hash of what it is for.

-- +goose Up
CREATE TABLE budgets (
    key     BYTEA  NOT NULL PRIMARY KEY,
    full_at BIGINT NOT NULL
);
CREATE INDEX budgets_full_at ON budgets (full_at);

-- +goose Down
DROP TABLE budgets;
