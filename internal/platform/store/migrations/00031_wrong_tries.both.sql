-- How often a person's password was typed wrongly, per day and network: what support reads
-- when somebody guesses, long after the logins of those who guessed are gone. day is a
-- date where people have theirs. network is a keyed hash of person, day and network: it
-- tells two networks of one person's day apart and leads to neither; all zero is every
-- network beyond the first few. known counts those of the tries that came from where the
-- person had got in before.

-- +goose Up
CREATE TABLE wrong_tries (
    person  TEXT   NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    day     TEXT   NOT NULL,
    network BYTEA  NOT NULL,
    tries   BIGINT NOT NULL,
    known   BIGINT NOT NULL,
    PRIMARY KEY (person, day, network)
);
CREATE INDEX wrong_tries_day ON wrong_tries (day);

-- +goose Down
DROP TABLE wrong_tries;
