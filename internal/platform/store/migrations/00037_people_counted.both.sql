-- What alerts stand on is not how often something failed but for how many people, so that
-- nobody makes one alone. marks are a set of which only the least size can be told: each
-- person sets one of 64 bits. broken is what a phone or an app has to mend; it stood among
-- the failed before, and of old hours nobody knows how much of it. Nor how many people
-- those were: what was disturbed then stays so.

-- +goose Up
ALTER TABLE tallies ADD COLUMN broken BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tallies ADD COLUMN people_ok BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tallies ADD COLUMN people_failed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tallies ADD COLUMN marks BIGINT NOT NULL DEFAULT 0;
CREATE INDEX tallies_hour ON tallies (hour); -- a page reads all dimensions of some hours at one moment
UPDATE tallies SET people_ok = ok, people_failed = failed, marks = CASE WHEN failed > 0 THEN -1 ELSE 0 END;

-- +goose Down
DROP INDEX tallies_hour;
ALTER TABLE tallies DROP COLUMN marks;
ALTER TABLE tallies DROP COLUMN people_failed;
ALTER TABLE tallies DROP COLUMN people_ok;
ALTER TABLE tallies DROP COLUMN broken;
