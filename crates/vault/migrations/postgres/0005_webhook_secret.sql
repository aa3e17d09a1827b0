-- What an account's webhook requests are signed with, sealed; NULL until the first one is.
ALTER TABLE accounts ADD COLUMN webhook_secret BYTEA;
