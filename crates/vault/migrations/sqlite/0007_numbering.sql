-- Sources that name their messages otherwise than by UID: each name is given a number once, and keeps
-- it. A folder whose names are all others than before begins a new epoch.
CREATE TABLE numbered_folders (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    next_uid INTEGER NOT NULL,
    place TEXT,
    UNIQUE (account_id, name)
) STRICT;
CREATE TABLE numbered_messages (
    folder_id INTEGER NOT NULL REFERENCES numbered_folders (id) ON DELETE CASCADE,
    foreign_id TEXT NOT NULL,
    uid INTEGER NOT NULL,
    gone_at INTEGER,
    PRIMARY KEY (folder_id, foreign_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX numbered_messages_by_uid ON numbered_messages (folder_id, uid);
