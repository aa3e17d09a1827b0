-- Messages that are handed to another mailbox (APPEND), until the ledger knows what became of them:
-- what is in the folder from uid_next on may be the message. digest: what it is
-- whichever way its lines end. taken: as which UID the folder has it, 0 where it did not say.
CREATE TABLE appends (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    delivery_key TEXT NOT NULL,
    target TEXT NOT NULL,
    message_id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid_next BIGINT NOT NULL,
    taken BIGINT,
    since BIGINT NOT NULL,
    PRIMARY KEY (account_id, delivery_key)
);
CREATE INDEX appends_alike ON appends (target, message_id);

-- octets: the size that a name's message had, where that is told beforehand; -1 where whatever comes
-- under the name has to be looked at. by_content: the name was known, and its message seems to be
-- another one: whether it is, its content tells.
ALTER TABLE numbered_messages ADD COLUMN octets BIGINT;
ALTER TABLE numbered_messages ADD COLUMN by_content BOOLEAN NOT NULL DEFAULT FALSE;
