-- A mailbox's owner may authorise an account with a link, without an account in Mailgrant.
CREATE TABLE invitations (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL UNIQUE,
    invited_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

CREATE INDEX invitations_of_account ON invitations (account_id);

-- The invitation that an authorization began with; it may be withdrawn meanwhile.
ALTER TABLE authorizations ADD COLUMN invitation_id INTEGER;

-- What people have been warned of, so that each warning is given once.
CREATE TABLE warnings (
    subject TEXT NOT NULL PRIMARY KEY,
    told_at INTEGER NOT NULL
) STRICT;
