-- Notices: news for the people concerned, some of which act (package notices). Texts,
-- audience and act are JSON. What the service says by itself has a source, and its end
-- is pushed forward for as long as it lasts.

-- +goose Up
CREATE TABLE notices (
    id           TEXT   NOT NULL PRIMARY KEY,
    severity     TEXT   NOT NULL,
    words        TEXT   NOT NULL,
    starts_at    BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    audience     TEXT   NOT NULL,
    act          TEXT   NOT NULL,
    source       TEXT   NOT NULL,
    by           TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    changed_at   BIGINT NOT NULL,
    withdrawn_at BIGINT NOT NULL
);
CREATE INDEX notices_source ON notices (source, created_at);

-- +goose Down
DROP TABLE notices;
