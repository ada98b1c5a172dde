-- an account for a program: nobody logs in to it
ALTER TABLE users ADD COLUMN is_service BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX users_services ON users (created_at DESC, id DESC) WHERE is_service;

CREATE TABLE api_keys (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    made_by UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- a JSON array
    scopes TEXT NOT NULL,
    is_restricted BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ
);
CREATE INDEX api_keys_by_user ON api_keys (user_id, created_at DESC, id DESC);
CREATE INDEX api_keys_by_maker ON api_keys (made_by);

-- what a restricted key opens
CREATE TABLE api_key_groups (
    api_key_id UUID NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    group_id UUID NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (api_key_id, group_id)
);
CREATE INDEX api_key_groups_by_group ON api_key_groups (group_id);

-- the secret in use and, while programs are changed over, the one before
CREATE TABLE api_key_secrets (
    secret_hash BYTEA PRIMARY KEY,
    api_key_id UUID NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL,
    valid_until TIMESTAMPTZ
);
CREATE INDEX api_key_secrets_by_key ON api_key_secrets (api_key_id);
