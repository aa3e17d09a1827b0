-- Times are microseconds since 1970. Columns whose comment says "sealed" hold nothing that can be
-- read without the key; columns named *_hash hold SHA-256 (passwords: Argon2id).

-- One row: proof of the key, and the number of changes that others must notice.
CREATE TABLE vault (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    key_check BLOB NOT NULL,                                    -- sealed
    changes INTEGER NOT NULL
) STRICT;

CREATE TABLE providers (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    handle TEXT NOT NULL UNIQUE,                                -- what sealed values are bound to
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_secret BLOB,                                         -- sealed
    secret_method TEXT,
    tenant TEXT,
    issuer TEXT,
    endpoints TEXT NOT NULL,                                    -- JSON
    scopes TEXT,
    paused INTEGER NOT NULL,
    trouble_reason TEXT,
    trouble_since INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    provider_id INTEGER NOT NULL REFERENCES providers (id),
    settings TEXT NOT NULL,                                     -- JSON
    paused INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX accounts_of_provider ON accounts (provider_id);

CREATE TABLE grants (
    account_id INTEGER NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    reason TEXT,
    version INTEGER NOT NULL,
    refresh_token BLOB,                                         -- sealed
    scopes TEXT NOT NULL,
    subject TEXT,
    signed_in TEXT,
    authorized_at INTEGER,
    renewed_at INTEGER,
    failures INTEGER NOT NULL,
    last_failure TEXT,
    retry_at INTEGER,
    lease_owner TEXT,
    lease_until INTEGER
) STRICT;

CREATE TABLE access_tokens (
    account_id INTEGER NOT NULL REFERENCES grants (account_id) ON DELETE CASCADE,
    resource TEXT NOT NULL,
    token BLOB NOT NULL,                                        -- sealed
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    grant_version INTEGER NOT NULL,
    PRIMARY KEY (account_id, resource)
) STRICT;

CREATE TABLE authorizations (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    ticket_hash BLOB UNIQUE,
    redeemed_at INTEGER,
    state_hash BLOB UNIQUE,
    browser_hash BLOB,
    nonce BLOB,                                                 -- sealed
    verifier BLOB,                                              -- sealed
    redirect_uri TEXT,
    provider_id INTEGER,
    provider_version INTEGER,
    claimed_at INTEGER,
    held_grant BLOB,                                            -- sealed
    outcome TEXT,                                               -- JSON
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX authorizations_of_account ON authorizations (account_id);
CREATE INDEX authorizations_by_age ON authorizations (expires_at);

CREATE TABLE folders (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    next_uid INTEGER NOT NULL,
    present INTEGER NOT NULL,                                   -- the one being read now
    delivered INTEGER NOT NULL,
    last_delivered_at INTEGER,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, name, uid_validity)
) STRICT;

-- state: 0 waiting, 1 prepared, 2 delivered, 3 acknowledged, 4 quarantined
CREATE TABLE messages (
    folder_id INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    uid INTEGER NOT NULL,
    state INTEGER NOT NULL,
    delivery_key TEXT NOT NULL,
    digest BLOB,
    size INTEGER,
    attempts INTEGER NOT NULL,
    retry_at INTEGER,
    note TEXT,                                                  -- the sink's last words
    matched INTEGER NOT NULL,                                   -- by a message of a later epoch
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (folder_id, uid)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_unfinished ON messages (folder_id, state) WHERE state < 3;
CREATE INDEX messages_held ON messages (folder_id, state, changed_at) WHERE state IN (0, 4);
CREATE INDEX messages_by_digest ON messages (folder_id, digest);

CREATE TABLE administrators (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE setup_links (
    secret_hash BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_hash BLOB NOT NULL PRIMARY KEY,
    administrator_id INTEGER NOT NULL REFERENCES administrators (id) ON DELETE CASCADE,
    csrf BLOB NOT NULL,                                         -- sealed
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_of_administrator ON sessions (administrator_id);

-- No foreign keys: what happened stays known when what it happened to is gone.
CREATE TABLE events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    provider_id INTEGER,
    account_id INTEGER,
    text TEXT NOT NULL
) STRICT;

CREATE INDEX events_of_account ON events (account_id, id);
