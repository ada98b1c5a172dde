-- addresses that are told what happens, as their owner may know of it
CREATE TABLE webhooks (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- by which it was made, and with which it ends
    api_key_id BLOB REFERENCES api_keys (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    -- a JSON array; null for all
    types TEXT,
    -- a JSON array; null for all
    group_ids TEXT,
    status TEXT NOT NULL,
    -- what signs: a hash would not do
    secret TEXT NOT NULL,
    previous_secret TEXT,
    previous_valid_until BIGINT,
    failing_since BIGINT,
    -- when it was made, or last began or ceased to be active
    switched_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX webhooks_by_user ON webhooks (user_id, created_at DESC, id DESC);
CREATE INDEX webhooks_with_former_secret ON webhooks (previous_valid_until) WHERE previous_valid_until IS NOT NULL;
CREATE INDEX webhooks_by_key ON webhooks (api_key_id) WHERE api_key_id IS NOT NULL;

-- what each of them is told: the event as it was, since events are forgotten sooner
CREATE TABLE webhook_deliveries (
    id BLOB NOT NULL PRIMARY KEY,
    webhook_id BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    happened_at BIGINT NOT NULL,
    group_id BLOB,
    user_id BLOB,
    post_id BLOB,
    comment_id BLOB,
    article_id BLOB,
    is_public BOOLEAN NOT NULL,
    -- the group, or nothing: within it one is told after the other
    sequence_id BLOB NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    -- null when it is not sent: taken, parked, or the webhook is not active
    due_at BIGINT,
    leased_until BIGINT,
    last_attempt_at BIGINT,
    last_status INTEGER,
    last_error TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_in_sequence ON webhook_deliveries (webhook_id, sequence_id, position, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_leased ON webhook_deliveries (leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, created_at DESC, id DESC);
-- all but what was taken, which is nearly everything
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (webhook_id, created_at DESC, id DESC) WHERE state <> 'delivered';
CREATE INDEX webhook_deliveries_done ON webhook_deliveries (id) WHERE state <> 'pending';
