-- What the webhook requests of an account's named sinks are signed with, sealed.
CREATE TABLE sink_secrets (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    sink TEXT NOT NULL,
    webhook_secret BYTEA NOT NULL,
    PRIMARY KEY (account_id, sink)
);

-- Where a prepared message was going, as JSON; NULL where nobody could look for it there.
ALTER TABLE messages ADD COLUMN going_to TEXT;
-- When a message arrived that counts among its sender's.
ALTER TABLE messages ADD COLUMN counted_at BIGINT;
