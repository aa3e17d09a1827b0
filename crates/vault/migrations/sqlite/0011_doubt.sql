-- Messages that are handed to another mailbox (APPEND), until the ledger knows what became of them:
-- what is in the folder from uid_next on may be the message. digest: what it is
-- whichever way its lines end. taken: as which UID the folder has it, 0 where it did not say.
CREATE TABLE appends (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    delivery_key TEXT NOT NULL,
    target TEXT NOT NULL,
    message_id TEXT NOT NULL,
    digest BLOB NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid_next INTEGER NOT NULL,
    taken INTEGER,
    since INTEGER NOT NULL,
    PRIMARY KEY (account_id, delivery_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX appends_alike ON appends (target, message_id);

-- octets: the size that a name's message had, where that is told beforehand; -1 where whatever comes
-- under the name has to be looked at. by_content: the name was known, and its message seems to be
-- another one: whether it is, its content tells.
ALTER TABLE numbered_messages ADD COLUMN octets INTEGER;
ALTER TABLE numbered_messages ADD COLUMN by_content INTEGER NOT NULL DEFAULT 0;
