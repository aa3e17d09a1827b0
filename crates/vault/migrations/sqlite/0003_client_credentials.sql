-- Client credentials of every kind, and a second one for a roll-over without a gap.

ALTER TABLE providers ADD COLUMN access TEXT NOT NULL DEFAULT 'delegated';
ALTER TABLE providers ADD COLUMN credential TEXT NOT NULL DEFAULT '{"kind":"none"}'; -- JSON
ALTER TABLE providers ADD COLUMN client_key BLOB;                                -- sealed
ALTER TABLE providers ADD COLUMN credential_expires_at INTEGER;
ALTER TABLE providers ADD COLUMN second_credential TEXT;                         -- JSON
ALTER TABLE providers ADD COLUMN second_secret BLOB;                             -- sealed
ALTER TABLE providers ADD COLUMN second_key BLOB;                                -- sealed
ALTER TABLE providers ADD COLUMN second_expires_at INTEGER;

UPDATE providers SET credential = '{"kind":"secret","method":"' || secret_method || '"}'
WHERE client_secret IS NOT NULL AND secret_method IS NOT NULL;

ALTER TABLE providers DROP COLUMN secret_method;
