-- What it costs to compare each password, as its hash says it, so that it can be counted:
-- a user name that nobody has must cost what one that somebody has does.

-- +goose Up
ALTER TABLE credentials ADD COLUMN cost TEXT NOT NULL DEFAULT '';
UPDATE credentials SET cost = SUBSTR(hash, 16, INSTR(SUBSTR(hash, 16), '$') - 1) WHERE hash LIKE '$argon2id$v=19$m=%$%';
UPDATE credentials SET cost = SUBSTR(cost, 1, INSTR(cost, ',keyid=') - 1) WHERE INSTR(cost, ',keyid=') > 0;
CREATE INDEX credentials_cost ON credentials (cost);

-- +goose Down
DROP INDEX credentials_cost;
ALTER TABLE credentials DROP COLUMN cost;
