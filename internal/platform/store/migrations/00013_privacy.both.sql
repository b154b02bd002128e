-- To find what there is of a person, and what has become old. No start of a login pays
-- for these: nobody is known in it yet.

-- +goose Up
CREATE INDEX attempts_person ON attempts (person) WHERE person <> '';
CREATE INDEX audit_actor ON audit (actor);
CREATE INDEX audit_target ON audit (target);
CREATE INDEX invitations_expires_at ON invitations (expires_at);
CREATE INDEX employments_ended_at ON employments (ended_at) WHERE ended_at > 0;

-- +goose Down
DROP INDEX employments_ended_at;
DROP INDEX invitations_expires_at;
DROP INDEX audit_target;
DROP INDEX audit_actor;
DROP INDEX attempts_person;
