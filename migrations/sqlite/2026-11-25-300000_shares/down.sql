ALTER TABLE groups DROP COLUMN has_shares;
ALTER TABLE posts DROP COLUMN is_shared;
DROP TABLE post_shares;
