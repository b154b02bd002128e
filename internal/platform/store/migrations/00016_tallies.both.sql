-- How logins end, counted by the hour, and the alerts that follow. No login waits for
-- these: each node adds what it has counted every few seconds.

-- +goose Up
CREATE TABLE tallies (
    dimension TEXT   NOT NULL,
    hour      BIGINT NOT NULL,
    value     TEXT   NOT NULL,
    ok        BIGINT NOT NULL,
    gone      BIGINT NOT NULL,
    failed    BIGINT NOT NULL,
    PRIMARY KEY (dimension, hour, value)
);

-- usual is in thousandths.
CREATE TABLE alerts (
    id        TEXT   NOT NULL PRIMARY KEY,
    dimension TEXT   NOT NULL,
    value     TEXT   NOT NULL,
    raised_at BIGINT NOT NULL,
    ended_at  BIGINT NOT NULL,
    ok        BIGINT NOT NULL,
    gone      BIGINT NOT NULL,
    failed    BIGINT NOT NULL,
    usual     BIGINT NOT NULL
);
CREATE UNIQUE INDEX alerts_lasting ON alerts (dimension, value) WHERE ended_at = 0;
CREATE INDEX alerts_ended_at ON alerts (ended_at);

-- +goose Down
DROP TABLE alerts;
DROP TABLE tallies;
