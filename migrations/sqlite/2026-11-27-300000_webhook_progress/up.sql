-- how far events are laid out for webhooks, in slices: one row
CREATE TABLE webhook_progress (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- up to here for all webhooks
    place INTEGER NOT NULL,
    -- up to here for those whose ids are not greater than this; nil before the first
    until INTEGER NOT NULL,
    webhook_id BLOB NOT NULL
);
INSERT INTO webhook_progress SELECT 1, coalesce(max(position), 0), coalesce(max(position), 0), zeroblob(16) FROM events;
