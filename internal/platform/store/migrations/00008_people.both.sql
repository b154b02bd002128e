-- Employers and what they give to whom. An employment is an employer's record of a
-- person: it exists before anybody has proved to be that person.

-- +goose Up

CREATE TABLE employers (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    locale     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX employers_name ON employers (name);

-- Two records can turn out to be one human: then one of them is the same as the other
-- from there on, and nothing that hangs on it has to move. A record that stands alone
-- is the same as itself.
ALTER TABLE persons ADD COLUMN same_as TEXT NOT NULL DEFAULT '';
ALTER TABLE persons ADD COLUMN paused_until BIGINT NOT NULL DEFAULT 0;
UPDATE persons SET same_as = id;
CREATE INDEX persons_same_as ON persons (same_as);

CREATE TABLE employments (
    id            TEXT   NOT NULL PRIMARY KEY,
    employer      TEXT   NOT NULL REFERENCES employers (id),
    person        TEXT   REFERENCES persons (id),
    kind          TEXT   NOT NULL,
    external_id   TEXT   NOT NULL,
    user_name     TEXT   NOT NULL,
    email         TEXT   NOT NULL,
    given_name    TEXT   NOT NULL,
    family_name   TEXT   NOT NULL,
    locale        TEXT   NOT NULL,
    hetu_lookup   BYTEA,
    terms         TEXT   NOT NULL,
    terms_at      BIGINT NOT NULL,
    activated_at  BIGINT NOT NULL,
    ended_at      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX employments_of_employer ON employments (employer, id);
CREATE UNIQUE INDEX employments_external_id ON employments (employer, external_id) WHERE external_id <> '';
CREATE UNIQUE INDEX employments_user_name ON employments (employer, user_name) WHERE user_name <> '';
CREATE INDEX employments_email ON employments (employer, LOWER(email));
CREATE INDEX employments_hetu_lookup ON employments (hetu_lookup) WHERE hetu_lookup IS NOT NULL;
CREATE INDEX employments_person ON employments (person) WHERE person IS NOT NULL;

ALTER TABLE benefits RENAME TO benefits_of_persons;

CREATE TABLE benefits (
    employment   TEXT   NOT NULL REFERENCES employments (id) ON DELETE CASCADE,
    kind         TEXT   NOT NULL,
    starts_at    BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    released_at  BIGINT NOT NULL,
    activated_at BIGINT NOT NULL,
    PRIMARY KEY (employment, kind)
);

-- Until now an employer was a name, and a benefit was active from the start.
INSERT INTO employers (id, name, locale, created_at, updated_at)
    SELECT 'name ' || employer, employer, 'fi', MIN(p.created_at), MIN(p.created_at)
    FROM benefits_of_persons b JOIN persons p ON p.id = b.person GROUP BY employer;
INSERT INTO employments (id, employer, person, kind, external_id, user_name, email, given_name, family_name, locale,
        terms, terms_at, activated_at, ended_at, created_at, updated_at)
    SELECT DISTINCT p.id || ' ' || b.employer, 'name ' || b.employer, p.id, 'smartumplus', '', '', p.email, p.given_name, p.family_name, p.locale,
        '', CAST(0 AS BIGINT), p.created_at, CAST(0 AS BIGINT), p.created_at, p.created_at
    FROM benefits_of_persons b JOIN persons p ON p.id = b.person;
INSERT INTO benefits (employment, kind, starts_at, ends_at, released_at, activated_at)
    SELECT p.id || ' ' || b.employer, b.kind, 0, 0, p.created_at, p.created_at
    FROM benefits_of_persons b JOIN persons p ON p.id = b.person;
DROP TABLE benefits_of_persons;

CREATE TABLE invitations (
    id          TEXT   NOT NULL PRIMARY KEY,
    employment  TEXT   NOT NULL REFERENCES employments (id) ON DELETE CASCADE,
    token       BYTEA  NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    remind_at   BIGINT NOT NULL,
    used_at     BIGINT NOT NULL,
    revoked_at  BIGINT NOT NULL,
    mail        TEXT   NOT NULL,
    mail_at     BIGINT NOT NULL,
    mail_detail TEXT   NOT NULL
);
CREATE UNIQUE INDEX invitations_token ON invitations (token);
CREATE INDEX invitations_employment ON invitations (employment, created_at);
CREATE INDEX invitations_remind_at ON invitations (remind_at) WHERE remind_at > 0;

CREATE TABLE credentials (
    id         TEXT   NOT NULL PRIMARY KEY,
    person     TEXT   NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    user_name  TEXT   NOT NULL,
    email      TEXT   NOT NULL,
    hash       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX credentials_user_name ON credentials (user_name) WHERE user_name <> '';
CREATE UNIQUE INDEX credentials_email ON credentials (email) WHERE email <> '';
CREATE INDEX credentials_person ON credentials (person);

CREATE TABLE password_resets (
    hash       BYTEA  NOT NULL PRIMARY KEY,
    credential TEXT   NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX password_resets_expires_at ON password_resets (expires_at);
CREATE INDEX password_resets_credential ON password_resets (credential);

-- +goose Down
DROP TABLE password_resets;
DROP TABLE credentials;
DROP TABLE invitations;
DROP TABLE benefits;
DROP TABLE employments;
DROP TABLE employers;
ALTER TABLE persons DROP COLUMN paused_until;
DROP INDEX persons_same_as;
ALTER TABLE persons DROP COLUMN same_as;
CREATE TABLE benefits (
    person   TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    kind     TEXT NOT NULL,
    employer TEXT NOT NULL,
    PRIMARY KEY (person, kind, employer)
);
