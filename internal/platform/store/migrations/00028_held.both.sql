-- Activations that were held because the verified name is another than the employer's. A
-- row has no name: it says under a keyed hash which human somebody of the staff may let in.

-- +goose Up
ALTER TABLE employers ADD COLUMN any_name BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE invitations ADD COLUMN held_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE held_activations (
    id           TEXT   NOT NULL PRIMARY KEY,
    invitation   TEXT   NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    lookup       BYTEA  NOT NULL,
    support_code TEXT   NOT NULL,
    held_at      BIGINT NOT NULL,
    released_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX held_activations_human ON held_activations (invitation, lookup);
CREATE INDEX held_activations_lookup ON held_activations (lookup);
