-- Sources that name their messages otherwise than by UID: each name is given a number once, and keeps
-- it. A folder whose names are all others than before begins a new epoch.
CREATE TABLE numbered_folders (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    next_uid BIGINT NOT NULL,
    place TEXT,
    UNIQUE (account_id, name)
);
CREATE TABLE numbered_messages (
    folder_id BIGINT NOT NULL REFERENCES numbered_folders (id) ON DELETE CASCADE,
    foreign_id TEXT NOT NULL,
    uid BIGINT NOT NULL,
    gone_at BIGINT,
    PRIMARY KEY (folder_id, foreign_id)
);
CREATE UNIQUE INDEX numbered_messages_by_uid ON numbered_messages (folder_id, uid);
