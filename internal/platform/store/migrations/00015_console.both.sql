-- The support console: who works there, and how they find people.

-- +goose Up

CREATE TABLE staff (
    id          TEXT   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL,
    role        TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    disabled_at BIGINT NOT NULL
);

-- Deleted when they are used.
CREATE TABLE staff_invitations (
    token      BYTEA  NOT NULL PRIMARY KEY,
    staff      TEXT   NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
    invited_by TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX staff_invitations_staff ON staff_invitations (staff);
CREATE INDEX staff_invitations_expires_at ON staff_invitations (expires_at);

CREATE TABLE passkeys (
    id         TEXT   NOT NULL PRIMARY KEY,
    staff      TEXT   NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
    credential BYTEA  NOT NULL,
    name       TEXT   NOT NULL,
    record     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX passkeys_credential ON passkeys (credential);
CREATE INDEX passkeys_staff ON passkeys (staff);

-- Whoever's passkey goes is out of every browser that it opened.
CREATE TABLE staff_sessions (
    token      BYTEA  NOT NULL PRIMARY KEY,
    staff      TEXT   NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
    passkey    TEXT   NOT NULL REFERENCES passkeys (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    idle_until BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL
);
CREATE INDEX staff_sessions_staff ON staff_sessions (staff);
CREATE INDEX staff_sessions_passkey ON staff_sessions (passkey);
CREATE INDEX staff_sessions_idle_until ON staff_sessions (idle_until);

-- The words of names, without case and accents, to find people by the beginnings of
-- them. Bytes, because they are in one order on both databases, whatever the collation.
CREATE TABLE person_words (
    word   BYTEA NOT NULL,
    person TEXT  NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    PRIMARY KEY (person, word)
);
CREATE INDEX person_words_word ON person_words (word, person);
CREATE TABLE employment_words (
    word       BYTEA NOT NULL,
    employment TEXT  NOT NULL REFERENCES employments (id) ON DELETE CASCADE,
    PRIMARY KEY (employment, word)
);
CREATE INDEX employment_words_word ON employment_words (word, employment);
CREATE TABLE employer_words (
    word     BYTEA NOT NULL,
    employer TEXT  NOT NULL REFERENCES employers (id) ON DELETE CASCADE,
    PRIMARY KEY (employer, word)
);
CREATE INDEX employer_words_word ON employer_words (word, employer);

-- People by e-mail address, whoever gave it.
CREATE INDEX persons_email ON persons (LOWER(email)) WHERE email <> '';
CREATE INDEX employments_any_email ON employments (LOWER(email)) WHERE email <> '';

-- The words of what was here before are written by the service, while it runs.
INSERT INTO meta (name, value) VALUES ('words', 'missing');

-- +goose Down
DELETE FROM meta WHERE name = 'words';
DROP INDEX employments_any_email;
DROP INDEX persons_email;
DROP TABLE employer_words;
DROP TABLE employment_words;
DROP TABLE person_words;
DROP TABLE staff_sessions;
DROP TABLE passkeys;
DROP TABLE staff_invitations;
DROP TABLE staff;
