DROP TABLE submissions;
ALTER TABLE group_types DROP COLUMN default_review_policy;
ALTER TABLE groups DROP COLUMN review_policy;
