-- Of the logins that let nobody in, only those that left for a broker are counted and
-- thinned by network: with the others among them, starts, which cost nothing, pushed out
-- what support reads of the people behind the same address.

-- +goose Up
DROP INDEX attempts_fruitless;
CREATE INDEX attempts_fruitless ON attempts (network, created_at)
    WHERE network IS NOT NULL AND stage = 2 AND person = '' AND state IN ('expired', 'denied', 'burned', 'failed');

-- +goose Down
DROP INDEX attempts_fruitless;
CREATE INDEX attempts_fruitless ON attempts (network, created_at)
    WHERE network IS NOT NULL AND person = '' AND state IN ('expired', 'denied', 'burned', 'failed');
