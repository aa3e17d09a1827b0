-- Client credentials of every kind, and a second one for a roll-over without a gap.

ALTER TABLE providers ADD COLUMN access TEXT NOT NULL DEFAULT 'delegated';
ALTER TABLE providers ADD COLUMN credential TEXT NOT NULL DEFAULT '{"kind":"none"}'; -- JSON
ALTER TABLE providers ADD COLUMN client_key BYTEA;                               -- sealed
ALTER TABLE providers ADD COLUMN credential_expires_at BIGINT;
ALTER TABLE providers ADD COLUMN second_credential TEXT;                         -- JSON
ALTER TABLE providers ADD COLUMN second_secret BYTEA;                            -- sealed
ALTER TABLE providers ADD COLUMN second_key BYTEA;                               -- sealed
ALTER TABLE providers ADD COLUMN second_expires_at BIGINT;

UPDATE providers SET credential = '{"kind":"secret","method":"' || secret_method || '"}'
WHERE client_secret IS NOT NULL AND secret_method IS NOT NULL;

ALTER TABLE providers DROP COLUMN secret_method;
