-- which posts of a group stood in others: asked when the group closes
CREATE INDEX posts_shared ON posts (group_id) WHERE is_shared;
-- also of what was taken out: it goes with its group
DROP INDEX post_shares_by_change;
CREATE INDEX post_shares_by_change ON post_shares (group_id, changed_at, post_id);
