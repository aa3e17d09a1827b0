-- What a folder held when it was first seen (or when its UIDs began anew) is fetched beside its new
-- mail: the UIDs from fill_next on, below fill_until, of messages that arrived on the day of
-- fill_since or later (NULL: whenever), or that nobody has read where fill_unseen says so.
ALTER TABLE folders ADD COLUMN fill_next BIGINT NOT NULL DEFAULT 0;
ALTER TABLE folders ADD COLUMN fill_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE folders ADD COLUMN fill_since BIGINT;
ALTER TABLE folders ADD COLUMN fill_unseen BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE folders ADD COLUMN fill_total BIGINT;
ALTER TABLE folders ADD COLUMN fill_left BIGINT;
ALTER TABLE folders ADD COLUMN fill_began_at BIGINT;
ALTER TABLE folders ADD COLUMN fill_told_at BIGINT;
ALTER TABLE accounts ADD COLUMN fill_paused BOOLEAN NOT NULL DEFAULT FALSE;
