-- whether members may write without their name
ALTER TABLE groups ADD COLUMN allow_anonymous BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE group_types ADD COLUMN default_allow_anonymous BOOLEAN NOT NULL DEFAULT FALSE;
-- the id by which others know the author of what was written without a name: one in a conversation, leading nowhere
ALTER TABLE posts ADD COLUMN pseudonym_id UUID;
ALTER TABLE comments ADD COLUMN pseudonym_id UUID;
ALTER TABLE submissions ADD COLUMN pseudonym_id UUID;
CREATE INDEX comments_pseudonym ON comments (post_id, author_id) WHERE pseudonym_id IS NOT NULL;
