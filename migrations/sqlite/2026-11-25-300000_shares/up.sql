-- posts that everybody may read, where they stand in other groups too
CREATE TABLE post_shares (
    post_id BLOB NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    shared_by BLOB NOT NULL REFERENCES users (id),
    shared_at BIGINT NOT NULL CHECK (shared_at >= 946684800000000),
    pinned_at BIGINT,
    pinned_until BIGINT,
    -- taken out by others than who shared it: it does not come back but through those who moderate
    removed_at BIGINT,
    removed_by BLOB REFERENCES users (id),
    -- for those who keep a copy of what stands in the group
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (post_id, group_id)
) WITHOUT ROWID;
CREATE INDEX post_shares_by_group ON post_shares (group_id, shared_at DESC, post_id DESC) WHERE removed_at IS NULL;
CREATE INDEX post_shares_by_change ON post_shares (group_id, changed_at, post_id) WHERE removed_at IS NULL;
-- whether there was ever a share of it, or with it: where not, nobody asks
ALTER TABLE posts ADD COLUMN is_shared BOOLEAN NOT NULL DEFAULT 0;
ALTER TABLE groups ADD COLUMN has_shares BOOLEAN NOT NULL DEFAULT 0;
