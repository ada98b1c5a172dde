-- what happened, written in the transaction in which it does; told to whoever listens in the order of the positions, which are
-- given after the commit, so that none comes later than one that was told. What is named may be gone by then
CREATE TABLE events (
    id BLOB NOT NULL PRIMARY KEY,
    position INTEGER,
    kind TEXT NOT NULL,
    happened_at BIGINT NOT NULL,
    group_id BLOB,
    user_id BLOB,
    post_id BLOB,
    comment_id BLOB,
    article_id BLOB,
    -- whether everybody could know of a group that is gone
    is_public BOOLEAN NOT NULL
);
CREATE INDEX events_waiting ON events (id) WHERE position IS NULL;
-- apart, so that what waits is not found by it, out of its order
CREATE UNIQUE INDEX events_by_position ON events (position) WHERE position IS NOT NULL;
