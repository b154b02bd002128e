-- The pages that show QR codes: one row per showing, for one phone. Frames, numbers
-- and typed codes are derived from the id with a key outside the database; of the
-- typed code the keyed hash is kept, to find the page by it.

-- +goose Up
CREATE TABLE qr_pages (
    id          TEXT    NOT NULL PRIMARY KEY,
    session     TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    state       TEXT    NOT NULL,
    person      TEXT    NOT NULL,
    broker      TEXT    NOT NULL,
    means       TEXT    NOT NULL,
    acr         TEXT    NOT NULL,
    amr         TEXT    NOT NULL,
    auth_time   BIGINT  NOT NULL,
    network     BYTEA,
    created_at  BIGINT  NOT NULL,
    shown_until BIGINT  NOT NULL,
    typed       BYTEA,
    typed_until BIGINT  NOT NULL,
    attempt     TEXT    NOT NULL,
    elsewhere   BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX qr_pages_typed ON qr_pages (typed) WHERE typed IS NOT NULL;
CREATE INDEX qr_pages_person ON qr_pages (person, created_at);
CREATE INDEX qr_pages_session ON qr_pages (session);
CREATE INDEX qr_pages_created_at ON qr_pages (created_at);

-- +goose Down
DROP TABLE qr_pages;
