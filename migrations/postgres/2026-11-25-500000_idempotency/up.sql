-- answers to requests that may be sent again, kept for a day: whoever has the key can read them, and nobody else
CREATE TABLE idempotency_keys (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    operation TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    request_hash BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    status INTEGER NOT NULL,
    location TEXT,
    etag TEXT,
    nonce BYTEA NOT NULL,
    sealed_body BYTEA NOT NULL,
    PRIMARY KEY (user_id, operation, key_hash)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
