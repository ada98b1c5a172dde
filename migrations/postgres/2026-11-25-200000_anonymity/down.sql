DROP INDEX IF EXISTS comments_pseudonym;
ALTER TABLE submissions DROP COLUMN pseudonym_id;
ALTER TABLE comments DROP COLUMN pseudonym_id;
ALTER TABLE posts DROP COLUMN pseudonym_id;
ALTER TABLE group_types DROP COLUMN default_allow_anonymous;
ALTER TABLE groups DROP COLUMN allow_anonymous;
