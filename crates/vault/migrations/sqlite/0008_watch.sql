-- How fast the mail comes that was there before: messages an hour over the last slices, pauses not
-- counted.
ALTER TABLE folders ADD COLUMN fill_per_hour INTEGER;

-- What is wrong with a mailbox although nothing fails: it is there until it is over.
CREATE TABLE alarms (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    since INTEGER NOT NULL,
    what TEXT NOT NULL,
    next TEXT NOT NULL,
    PRIMARY KEY (account_id, kind)
) STRICT;

-- Messages that Mailgrant sends to a mailbox to see them arrive there, known by a secret in their header.
CREATE TABLE canaries (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL UNIQUE,
    sent_at INTEGER NOT NULL,
    failure TEXT,                                               -- why it could not be sent
    arrived_at INTEGER,
    folder_id INTEGER,                                          -- where it arrived
    uid INTEGER
) STRICT;
CREATE INDEX canaries_of_account ON canaries (account_id, sent_at);
CREATE INDEX canaries_by_message ON canaries (folder_id, uid);
