DROP INDEX post_shares_by_change;
CREATE INDEX post_shares_by_change ON post_shares (group_id, changed_at, post_id) WHERE removed_at IS NULL;
DROP INDEX posts_shared;
