-- What a folder held when it was first seen (or when its UIDs began anew) is fetched beside its new
-- mail: the UIDs from fill_next on, below fill_until, of messages that arrived on the day of
-- fill_since or later (NULL: whenever), or that nobody has read where fill_unseen says so.
ALTER TABLE folders ADD COLUMN fill_next INTEGER NOT NULL DEFAULT 0;
ALTER TABLE folders ADD COLUMN fill_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE folders ADD COLUMN fill_since INTEGER;
ALTER TABLE folders ADD COLUMN fill_unseen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE folders ADD COLUMN fill_total INTEGER;
ALTER TABLE folders ADD COLUMN fill_left INTEGER;
ALTER TABLE folders ADD COLUMN fill_began_at INTEGER;
ALTER TABLE folders ADD COLUMN fill_told_at INTEGER;
ALTER TABLE accounts ADD COLUMN fill_paused INTEGER NOT NULL DEFAULT 0;
