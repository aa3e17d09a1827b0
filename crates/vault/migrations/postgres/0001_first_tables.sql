-- Times are microseconds since 1970. Columns whose comment says "sealed" hold nothing that can be
-- read without the key; columns named *_hash hold SHA-256 (passwords: Argon2id).

-- One row: proof of the key, and the number of changes that others must notice.
CREATE TABLE vault (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    key_check BYTEA NOT NULL,                                    -- sealed
    changes BIGINT NOT NULL
);

CREATE TABLE providers (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handle TEXT NOT NULL UNIQUE,                                -- what sealed values are bound to
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_secret BYTEA,                                         -- sealed
    secret_method TEXT,
    tenant TEXT,
    issuer TEXT,
    endpoints TEXT NOT NULL,                                    -- JSON
    scopes TEXT,
    paused BOOLEAN NOT NULL,
    trouble_reason TEXT,
    trouble_since BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE accounts (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    provider_id BIGINT NOT NULL REFERENCES providers (id),
    settings TEXT NOT NULL,                                     -- JSON
    paused BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX accounts_of_provider ON accounts (provider_id);

CREATE TABLE grants (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    reason TEXT,
    version BIGINT NOT NULL,
    refresh_token BYTEA,                                         -- sealed
    scopes TEXT NOT NULL,
    subject TEXT,
    signed_in TEXT,
    authorized_at BIGINT,
    renewed_at BIGINT,
    failures BIGINT NOT NULL,
    last_failure TEXT,
    retry_at BIGINT,
    lease_owner TEXT,
    lease_until BIGINT
);

CREATE TABLE access_tokens (
    account_id BIGINT NOT NULL REFERENCES grants (account_id) ON DELETE CASCADE,
    resource TEXT NOT NULL,
    token BYTEA NOT NULL,                                        -- sealed
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    grant_version BIGINT NOT NULL,
    PRIMARY KEY (account_id, resource)
);

CREATE TABLE authorizations (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    ticket_hash BYTEA UNIQUE,
    redeemed_at BIGINT,
    state_hash BYTEA UNIQUE,
    browser_hash BYTEA,
    nonce BYTEA,                                                 -- sealed
    verifier BYTEA,                                              -- sealed
    redirect_uri TEXT,
    provider_id BIGINT,
    provider_version BIGINT,
    claimed_at BIGINT,
    held_grant BYTEA,                                            -- sealed
    outcome TEXT,                                               -- JSON
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX authorizations_of_account ON authorizations (account_id);
CREATE INDEX authorizations_by_age ON authorizations (expires_at);

CREATE TABLE folders (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    uid_validity BIGINT NOT NULL,
    next_uid BIGINT NOT NULL,
    present BOOLEAN NOT NULL,                                   -- the one being read now
    delivered BIGINT NOT NULL,
    last_delivered_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, name, uid_validity)
);

-- state: 0 waiting, 1 prepared, 2 delivered, 3 acknowledged, 4 quarantined
CREATE TABLE messages (
    folder_id BIGINT NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    uid BIGINT NOT NULL,
    state BIGINT NOT NULL,
    delivery_key TEXT NOT NULL,
    digest BYTEA,
    size BIGINT,
    attempts BIGINT NOT NULL,
    retry_at BIGINT,
    note TEXT,                                                  -- the sink's last words
    matched BOOLEAN NOT NULL,                                   -- by a message of a later epoch
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (folder_id, uid)
);

CREATE INDEX messages_unfinished ON messages (folder_id, state) WHERE state < 3;
CREATE INDEX messages_held ON messages (folder_id, state, changed_at) WHERE state IN (0, 4);
CREATE INDEX messages_by_digest ON messages (folder_id, digest);

CREATE TABLE administrators (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE setup_links (
    secret_hash BYTEA NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    administrator_id BIGINT NOT NULL REFERENCES administrators (id) ON DELETE CASCADE,
    csrf BYTEA NOT NULL,                                         -- sealed
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sessions_of_administrator ON sessions (administrator_id);

-- No foreign keys: what happened stays known when what it happened to is gone.
CREATE TABLE events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    provider_id BIGINT,
    account_id BIGINT,
    text TEXT NOT NULL
);

CREATE INDEX events_of_account ON events (account_id, id);
