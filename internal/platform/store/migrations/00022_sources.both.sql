-- Whom an unfinished login counts against, and how far its person has come with it: so
-- that a flood is bounded where it comes from, and only what costs nobody anything makes
-- room. network and site are keyed hashes; network is that of the client where it has
-- proved who it is. stage: 0 begun, 1 a browser was shown the page, 2 left for a broker.
--
-- proved_at, digits_until and turned are what was read from the timeline before: whoever
-- can write lines into it must not change what is decided.

-- +goose Up
ALTER TABLE attempts ADD COLUMN network BYTEA;
ALTER TABLE attempts ADD COLUMN site BYTEA;
ALTER TABLE attempts ADD COLUMN stage BIGINT NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN digits_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN turned TEXT NOT NULL DEFAULT '';

UPDATE attempts SET stage = 2 WHERE browser IS NOT NULL OR person <> '';
UPDATE attempts SET proved_at = updated_at WHERE state = 'authenticated';
UPDATE attempts SET digits_until = (SELECT d.expires_at FROM digits d WHERE d.attempt = attempts.id)
    WHERE id IN (SELECT attempt FROM digits);

-- Now it can be counted by network without a look at the rows.
DROP INDEX attempts_running;
CREATE INDEX attempts_running ON attempts (expires_at, network, site)
    WHERE state IN ('created', 'opened', 'authenticated', 'confirmed', 'claimed', 'approved', 'verified');

-- What may make room. A login leaves these when its person leaves for a broker.
CREATE INDEX attempts_giving ON attempts (network, stage, created_at)
    WHERE state IN ('created', 'opened') AND stage < 2 AND method IN ('direct', 'link');
CREATE INDEX attempts_giving_site ON attempts (site, stage, created_at)
    WHERE site IS NOT NULL AND state IN ('created', 'opened') AND stage < 2 AND method IN ('direct', 'link');

-- What the purge walks: nobody ever came for these, these never left for a broker, and
-- these left and came to nothing.
DROP INDEX attempts_unopened;
CREATE INDEX attempts_unopened ON attempts (created_at)
    WHERE stage = 0 AND person = '' AND (state = 'expired' OR reason = 'crowded_out');
CREATE INDEX attempts_undeparted ON attempts (created_at)
    WHERE stage < 2 AND person = '' AND state IN ('expired', 'denied', 'burned', 'failed');
CREATE INDEX attempts_fruitless ON attempts (network, created_at)
    WHERE network IS NOT NULL AND person = '' AND state IN ('expired', 'denied', 'burned', 'failed');

-- +goose Down
DROP INDEX attempts_fruitless;
DROP INDEX attempts_undeparted;
DROP INDEX attempts_unopened;
CREATE INDEX attempts_unopened ON attempts (created_at) WHERE state = 'expired' AND browser IS NULL;
DROP INDEX attempts_giving_site;
DROP INDEX attempts_giving;
DROP INDEX attempts_running;
CREATE INDEX attempts_running ON attempts (expires_at)
    WHERE state IN ('created', 'opened', 'authenticated', 'confirmed', 'claimed', 'approved', 'verified');
ALTER TABLE attempts DROP COLUMN turned;
ALTER TABLE attempts DROP COLUMN digits_until;
ALTER TABLE attempts DROP COLUMN proved_at;
ALTER TABLE attempts DROP COLUMN stage;
ALTER TABLE attempts DROP COLUMN site;
ALTER TABLE attempts DROP COLUMN network;
