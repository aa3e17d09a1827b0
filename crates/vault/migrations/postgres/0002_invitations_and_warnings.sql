-- A mailbox's owner may authorise an account with a link, without an account in Mailgrant.
CREATE TABLE invitations (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    secret_hash BYTEA NOT NULL UNIQUE,
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX invitations_of_account ON invitations (account_id);

-- The invitation that an authorization began with; it may be withdrawn meanwhile.
ALTER TABLE authorizations ADD COLUMN invitation_id BIGINT;

-- What people have been warned of, so that each warning is given once.
CREATE TABLE warnings (
    subject TEXT NOT NULL PRIMARY KEY,
    told_at BIGINT NOT NULL
);
