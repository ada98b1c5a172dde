-- how far events are laid out for webhooks, in slices: one row
CREATE TABLE webhook_progress (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- up to here for all webhooks
    place BIGINT NOT NULL,
    -- up to here for those whose ids are not greater than this; nil before the first
    until BIGINT NOT NULL,
    webhook_id UUID NOT NULL
);
INSERT INTO webhook_progress SELECT 1, coalesce(max(position), 0), coalesce(max(position), 0), '00000000-0000-0000-0000-000000000000' FROM events;
