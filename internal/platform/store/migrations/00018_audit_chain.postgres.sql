-- Each entry of the audit log carries a hash over the entry and the hash before it,
-- keyed with a key that is outside the database. The head, number and hash of the last
-- entry, stands in meta; locking it gives the entries their order. Entries from before
-- have no hash: the first head, which avain migrate computes, covers them all.

-- +goose Up
ALTER TABLE audit ADD COLUMN hash BYTEA;
UPDATE meta SET name = 'audit_head', value = value || ':' WHERE name = 'audit_seq';

-- +goose StatementBegin
CREATE FUNCTION audit_move_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE meta SET value = NEW.seq || ':' || encode(NEW.hash, 'hex') WHERE name = 'audit_head';
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER audit_move_head AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_move_head();

-- +goose Down
DROP TRIGGER audit_move_head ON audit;
DROP FUNCTION audit_move_head();
UPDATE meta SET name = 'audit_seq', value = SPLIT_PART(value, ':', 1) WHERE name = 'audit_head';
ALTER TABLE audit DROP COLUMN hash;
