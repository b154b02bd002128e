-- What the operator has switched on or off while the service runs: methods and means.
-- No row means "as configured". The reasons are texts for people, JSON by language.

-- +goose Up
CREATE TABLE switches (
    name    TEXT   NOT NULL PRIMARY KEY,
    state   TEXT   NOT NULL,
    reasons TEXT   NOT NULL,
    by      TEXT   NOT NULL,
    at      BIGINT NOT NULL
);

-- +goose Down
DROP TABLE switches;
