-- What applications log in to the proxy with.
CREATE TABLE app_passwords (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    secret_mac BYTEA NOT NULL,                                  -- HMAC-SHA256 under app_password_key
    protocols TEXT NOT NULL,                                    -- JSON; the protocols that it opens
    networks TEXT NOT NULL,                                     -- JSON; empty: from everywhere
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    last_used_from TEXT,
    last_used_protocol TEXT
);

CREATE INDEX app_passwords_of_account ON app_passwords (account_id);

-- Applications name a mailbox in large and small letters as they like.
CREATE INDEX accounts_by_address ON accounts (lower(address));
CREATE INDEX accounts_by_name ON accounts (lower(name));

-- Made with the first app password.
ALTER TABLE vault ADD COLUMN app_password_key BYTEA;            -- sealed
