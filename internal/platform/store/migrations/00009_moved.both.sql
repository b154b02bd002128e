-- Which attempts have changed lately: read every second by a node where apps wait.
-- A start is no change that anybody waits for, and the flood of starts shall not pay
-- for this index.

-- +goose Up
CREATE INDEX attempts_updated_at ON attempts (updated_at) WHERE state <> 'created';

-- +goose Down
DROP INDEX attempts_updated_at;
