-- What a directory says of a person that was lost until now: that a user name is the same
-- in any case of letters (RFC 7643 §4.1.1), and addresses beside the one that letters go to.
--
-- The key is written by the program, which knows the letters of all languages; here only
-- a-z can be lowered alike on both databases. Names that differed in nothing but case were
-- two until now and stay two: their key is the name as it is, which no other key can be.

-- +goose Up
ALTER TABLE employments ADD COLUMN user_name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE employments ADD COLUMN addresses TEXT NOT NULL DEFAULT '[]';
UPDATE employments SET user_name_key = LOWER(user_name) WHERE user_name <> '';
UPDATE employments SET user_name_key = user_name WHERE user_name <> '' AND (employer, user_name_key) IN
    (SELECT employer, user_name_key FROM employments WHERE user_name <> '' GROUP BY employer, user_name_key HAVING COUNT(*) > 1);
CREATE UNIQUE INDEX employments_user_name_key ON employments (employer, user_name_key) WHERE user_name_key <> '';
CREATE INDEX employments_addresses ON employments (employer, id) WHERE addresses <> '[]';

-- +goose Down
DROP INDEX employments_addresses;
DROP INDEX employments_user_name_key;
ALTER TABLE employments DROP COLUMN addresses;
ALTER TABLE employments DROP COLUMN user_name_key;
