-- posts that everybody may read, where they stand in other groups too
CREATE TABLE post_shares (
    post_id UUID NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    group_id UUID NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    shared_by UUID NOT NULL REFERENCES users (id),
    shared_at TIMESTAMPTZ NOT NULL CHECK (shared_at >= TIMESTAMPTZ '2000-01-01 00:00:00Z'),
    pinned_at TIMESTAMPTZ,
    pinned_until TIMESTAMPTZ,
    -- taken out by others than who shared it: it does not come back but through those who moderate
    removed_at TIMESTAMPTZ,
    removed_by UUID REFERENCES users (id),
    -- for those who keep a copy of what stands in the group
    changed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (post_id, group_id)
);
CREATE INDEX post_shares_by_group ON post_shares (group_id, shared_at DESC, post_id DESC) WHERE removed_at IS NULL;
CREATE INDEX post_shares_by_change ON post_shares (group_id, changed_at, post_id) WHERE removed_at IS NULL;
-- whether there was ever a share of it, or with it: where not, nobody asks
ALTER TABLE posts ADD COLUMN is_shared BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE groups ADD COLUMN has_shares BOOLEAN NOT NULL DEFAULT FALSE;
