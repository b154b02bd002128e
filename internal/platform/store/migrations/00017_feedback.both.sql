-- What people say of the help pages: counts per day, and what some of them wrote. A row
-- names nobody. The counts stay; the comments go after half a year.

-- +goose Up
CREATE TABLE feedback (
    day    BIGINT NOT NULL,
    page   TEXT   NOT NULL,
    lang   TEXT   NOT NULL,
    reason TEXT   NOT NULL,
    yes    BIGINT NOT NULL,
    no     BIGINT NOT NULL,
    PRIMARY KEY (day, page, lang, reason)
);

CREATE TABLE feedback_comments (
    id      TEXT    NOT NULL PRIMARY KEY,
    at      BIGINT  NOT NULL,
    page    TEXT    NOT NULL,
    lang    TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    helped  BOOLEAN NOT NULL,
    comment TEXT    NOT NULL
);
CREATE INDEX feedback_comments_at ON feedback_comments (at);

-- +goose Down
DROP TABLE feedback_comments;
DROP TABLE feedback;
