-- How often the refresh token of a session has been exchanged. A token says which
-- generation it is: an older one than this is a copy that somebody has kept, or stolen.

-- +goose Up
ALTER TABLE sessions ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE sessions DROP COLUMN generation;
