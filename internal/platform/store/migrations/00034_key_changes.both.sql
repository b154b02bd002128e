-- What lets keys outside the database be changed while the service runs: which of them each
-- node that lives holds, the one that it uses first, so that a new key is used when all have
-- it; and the name of the key that a QR page began with, so that all nodes draw it alike.

-- +goose Up
ALTER TABLE nodes ADD COLUMN key_names TEXT NOT NULL DEFAULT '';
ALTER TABLE qr_pages ADD COLUMN key_name TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE qr_pages DROP COLUMN key_name;
ALTER TABLE nodes DROP COLUMN key_names;
