-- Whether an address that an employer wrote is the person's own. A link for activation
-- proves it, when it was mailed to that address and to no other; the links of before
-- may have gone elsewhere.

-- +goose Up
ALTER TABLE invitations ADD COLUMN mailed_to TEXT NOT NULL DEFAULT ''; -- the address; '*': several, or not known
ALTER TABLE employments ADD COLUMN email_proved BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE invitations SET mailed_to = '*';

-- +goose Down
ALTER TABLE employments DROP COLUMN email_proved;
ALTER TABLE invitations DROP COLUMN mailed_to;
