-- whose posts and comments those who moderate read before they come out
ALTER TABLE groups ADD COLUMN review_policy TEXT NOT NULL DEFAULT 'nobody'
    CHECK (review_policy IN ('nobody', 'newcomers', 'everyone'));
ALTER TABLE group_types ADD COLUMN default_review_policy TEXT NOT NULL DEFAULT 'nobody'
    CHECK (default_review_policy IN ('nobody', 'newcomers', 'everyone'));
-- what waits for them, and what they declined
CREATE TABLE submissions (
    id BLOB NOT NULL PRIMARY KEY,
    group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    author_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('discussion', 'question', 'announcement', 'resource', 'comment')),
    title TEXT,
    body TEXT NOT NULL,
    link_url TEXT,
    -- JSON lists
    tags TEXT NOT NULL,
    content_warnings TEXT NOT NULL,
    language TEXT,
    -- the conversation of a comment
    post_id BLOB REFERENCES posts (id) ON DELETE CASCADE,
    parent_id BLOB REFERENCES comments (id) ON DELETE CASCADE,
    submitted_at BIGINT NOT NULL CHECK (submitted_at >= 946684800000000),
    declined_at BIGINT CHECK (declined_at >= 946684800000000),
    reason TEXT,
    CHECK ((kind = 'comment') = (post_id IS NOT NULL)),
    CHECK ((kind = 'comment') = (title IS NULL)),
    CHECK (parent_id IS NULL OR kind = 'comment')
);
CREATE INDEX submissions_waiting ON submissions (group_id, submitted_at, id) WHERE declined_at IS NULL;
CREATE INDEX submissions_own ON submissions (author_id, submitted_at, id);
CREATE INDEX submissions_declined ON submissions (declined_at, id) WHERE declined_at IS NOT NULL;
CREATE INDEX submissions_post ON submissions (post_id) WHERE post_id IS NOT NULL;
CREATE INDEX submissions_parent ON submissions (parent_id) WHERE parent_id IS NOT NULL;
