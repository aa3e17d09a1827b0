-- Each message's way with its times, and what a person recognises it by.
-- state, besides those of the beginning: 5 dropped (an administrator threw it away)
ALTER TABLE messages ADD COLUMN account_id INTEGER NOT NULL DEFAULT 0;          -- its folder's
ALTER TABLE messages ADD COLUMN first_seen_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN fetched_at INTEGER;
ALTER TABLE messages ADD COLUMN delivered_at INTEGER;
ALTER TABLE messages ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE messages ADD COLUMN message_id TEXT;
ALTER TABLE messages ADD COLUMN sender TEXT;
ALTER TABLE messages ADD COLUMN subject TEXT;
ALTER TABLE messages ADD COLUMN found_by TEXT;                                  -- lower case; NULL once details are cleared

UPDATE messages SET
    account_id = (SELECT f.account_id FROM folders f WHERE f.id = messages.folder_id),
    first_seen_at = changed_at,
    delivered_at = CASE WHEN state = 2 THEN changed_at END,
    acknowledged_at = CASE WHEN state = 3 THEN changed_at END,
    found_by = '';

CREATE INDEX messages_by_time ON messages (first_seen_at, folder_id, uid);
CREATE INDEX messages_of_account ON messages (account_id, first_seen_at, folder_id, uid);
CREATE INDEX messages_by_message_id ON messages (message_id);
CREATE INDEX messages_with_details ON messages (changed_at)
    WHERE found_by IS NOT NULL AND state IN (3, 5);
