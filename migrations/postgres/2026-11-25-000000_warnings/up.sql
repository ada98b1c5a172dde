-- what a person was warned of: a post, or a comment on it; kept when that is gone
ALTER TABLE membership_events ADD COLUMN post_id UUID;
ALTER TABLE membership_events ADD COLUMN comment_id UUID;
-- the link or e-mail by which a person came
ALTER TABLE membership_events ADD COLUMN invitation_id UUID;
-- what moderators removed of one person at one time
CREATE INDEX posts_removed ON posts (author_id, group_id, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX comments_removed ON comments (author_id, group_id, deleted_at) WHERE deleted_at IS NOT NULL;
