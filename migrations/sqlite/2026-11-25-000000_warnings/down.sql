DROP INDEX comments_removed;
DROP INDEX posts_removed;
ALTER TABLE membership_events DROP COLUMN invitation_id;
ALTER TABLE membership_events DROP COLUMN comment_id;
ALTER TABLE membership_events DROP COLUMN post_id;
