-- Conversations with drafts, threads, marks and notifications; articles with a schedule; feeds, search and changes since.

-- A post is a draft without either date, scheduled with the first, published with the second.
ALTER TABLE posts ADD COLUMN publish_at BIGINT;
ALTER TABLE posts ADD COLUMN published_at BIGINT CHECK (published_at >= 946684800000000);
ALTER TABLE posts ADD COLUMN body_html TEXT;
ALTER TABLE posts ADD COLUMN link_url TEXT;
ALTER TABLE posts ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
-- each folded, between line breaks: for finding posts by one
ALTER TABLE posts ADD COLUMN tags_search TEXT NOT NULL DEFAULT '';
ALTER TABLE posts ADD COLUMN content_warnings TEXT NOT NULL DEFAULT '[]';
ALTER TABLE posts ADD COLUMN language TEXT;
ALTER TABLE posts ADD COLUMN pinned_at BIGINT;
ALTER TABLE posts ADD COLUMN pinned_until BIGINT;
ALTER TABLE posts ADD COLUMN locked_at BIGINT;
ALTER TABLE posts ADD COLUMN accepted_comment_id BLOB;
-- of the latest visible comment
ALTER TABLE posts ADD COLUMN last_reply_at BIGINT;
ALTER TABLE posts ADD COLUMN deleted_by BLOB REFERENCES users (id);
ALTER TABLE posts ADD COLUMN changed_at BIGINT;
ALTER TABLE posts ADD COLUMN active_at BIGINT GENERATED ALWAYS AS (coalesce(last_reply_at, published_at)) VIRTUAL;
UPDATE posts SET published_at = created_at, changed_at = coalesce(deleted_at, edited_at, created_at), last_reply_at = (
    SELECT max(comments.created_at) FROM comments WHERE comments.post_id = posts.id AND comments.deleted_at IS NULL);
DROP INDEX posts_by_group;
DROP INDEX posts_by_author;
CREATE INDEX posts_by_group ON posts (group_id, published_at DESC, id DESC)
    WHERE published_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX posts_by_activity ON posts (group_id, active_at DESC, id DESC)
    WHERE published_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX posts_by_author ON posts (author_id, group_id, published_at DESC, id DESC)
    WHERE published_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX posts_unpublished ON posts (author_id, group_id, created_at DESC, id DESC)
    WHERE published_at IS NULL AND deleted_at IS NULL;
CREATE INDEX posts_scheduled ON posts (publish_at)
    WHERE publish_at IS NOT NULL AND published_at IS NULL AND deleted_at IS NULL;
CREATE INDEX posts_pinned ON posts (group_id, pinned_at DESC, id DESC)
    WHERE pinned_at IS NOT NULL AND published_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX posts_deleted ON posts (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX posts_deleted_by_group ON posts (group_id, deleted_at DESC, id DESC) WHERE deleted_at IS NOT NULL;
CREATE INDEX posts_by_change ON posts (group_id, changed_at, id) WHERE published_at IS NOT NULL AND deleted_at IS NULL;

ALTER TABLE comments ADD COLUMN body_html TEXT;
ALTER TABLE comments ADD COLUMN deleted_by BLOB REFERENCES users (id);
DROP INDEX comments_by_group;
CREATE INDEX comments_by_group ON comments (group_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX comments_by_level ON comments (post_id, parent_id, created_at, id);
-- what has no words any more is purged
CREATE INDEX comments_deleted ON comments (deleted_at, id) WHERE deleted_at IS NOT NULL AND body <> '';

-- what posts and comments said before they were edited
CREATE TABLE revisions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    post_id BLOB NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    comment_id BLOB REFERENCES comments (id) ON DELETE CASCADE,
    title TEXT,
    body TEXT NOT NULL,
    replaced_by BLOB NOT NULL REFERENCES users (id),
    replaced_at BIGINT NOT NULL
);
CREATE INDEX revisions_by_post ON revisions (post_id, replaced_at DESC, id DESC) WHERE comment_id IS NULL;
CREATE INDEX revisions_by_comment ON revisions (comment_id, replaced_at DESC, id DESC) WHERE comment_id IS NOT NULL;

-- the target is a post, or a comment on it
CREATE TABLE reactions (
    target_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('like', 'support', 'thanks', 'insightful', 'celebrate')),
    user_id BLOB NOT NULL REFERENCES users (id),
    post_id BLOB NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (target_id, kind, user_id)
) WITHOUT ROWID;
CREATE INDEX reactions_by_post ON reactions (post_id);

-- what a post is to a person
CREATE TABLE post_marks (
    user_id BLOB NOT NULL REFERENCES users (id),
    post_id BLOB NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    read_at BIGINT,
    bookmarked_at BIGINT,
    -- null until the person has said so or written there
    follows BOOLEAN,
    PRIMARY KEY (user_id, post_id)
) WITHOUT ROWID;
CREATE INDEX post_marks_by_post ON post_marks (post_id, user_id) WHERE follows;
CREATE INDEX post_marks_bookmarks ON post_marks (user_id, bookmarked_at DESC, post_id DESC) WHERE bookmarked_at IS NOT NULL;

-- all that came out until then counts as read
ALTER TABLE memberships ADD COLUMN read_until BIGINT;
-- nobody was told what is unread: what came out before counts as read
UPDATE memberships SET read_until = CAST(strftime('%s', 'now') AS INTEGER) * 1000000 WHERE state = 'active';
ALTER TABLE memberships ADD COLUMN notification_level TEXT NOT NULL DEFAULT 'all'
    CHECK (notification_level IN ('all', 'mentions', 'none'));
-- what mentions a person who has a name of the group's own
ALTER TABLE memberships ADD COLUMN handle TEXT;
CREATE UNIQUE INDEX memberships_by_handle ON memberships (group_id, handle) WHERE handle IS NOT NULL;
ALTER TABLE users ADD COLUMN handle TEXT;
CREATE UNIQUE INDEX users_by_handle ON users (handle);
UPDATE users SET handle = 'person-' || lower(hex(substr(id, 11))) WHERE status <> 'deleted';
ALTER TABLE users ADD COLUMN muted_notifications TEXT NOT NULL DEFAULT '[]';

CREATE TABLE notifications (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id BLOB NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    -- what happened: one notification a person and event
    event_id BLOB NOT NULL,
    actor_id BLOB REFERENCES users (id),
    group_id BLOB REFERENCES groups (id) ON DELETE CASCADE,
    post_id BLOB REFERENCES posts (id) ON DELETE CASCADE,
    comment_id BLOB REFERENCES comments (id) ON DELETE CASCADE,
    article_id BLOB REFERENCES articles (id) ON DELETE CASCADE,
    -- may be gone by now
    webhook_id BLOB,
    created_at BIGINT NOT NULL,
    read_at BIGINT,
    UNIQUE (user_id, event_id)
);
CREATE INDEX notifications_by_user ON notifications (user_id, created_at DESC, id DESC);
CREATE INDEX notifications_unread ON notifications (user_id, created_at DESC, id DESC) WHERE read_at IS NULL;
CREATE INDEX notifications_by_post ON notifications (post_id) WHERE post_id IS NOT NULL;
CREATE INDEX notifications_by_comment ON notifications (comment_id) WHERE comment_id IS NOT NULL;

-- a draft with a date is scheduled
ALTER TABLE articles ADD COLUMN publish_at BIGINT;
ALTER TABLE articles ADD COLUMN body_html TEXT;
ALTER TABLE articles ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE articles ADD COLUMN cover_url TEXT;
ALTER TABLE articles ADD COLUMN cover_alt TEXT;
ALTER TABLE articles ADD COLUMN changed_at BIGINT;
UPDATE articles SET changed_at = updated_at;
CREATE INDEX articles_scheduled ON articles (publish_at) WHERE publish_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX articles_by_kind ON articles (status, kind, published_order DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX articles_by_change ON articles (status, changed_at, id) WHERE deleted_at IS NULL;

-- names that articles had in URLs before
CREATE TABLE article_slugs (
    slug TEXT NOT NULL PRIMARY KEY,
    article_id BLOB NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX article_slugs_by_article ON article_slugs (article_id);

-- each tag of an article, folded: for finding what is related
CREATE TABLE article_tags (
    article_id BLOB NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (tag, article_id)
) WITHOUT ROWID;
CREATE INDEX article_tags_by_article ON article_tags (article_id);

-- members who write an article with the editors
CREATE TABLE article_authors (
    article_id BLOB NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id),
    PRIMARY KEY (article_id, user_id)
) WITHOUT ROWID;
CREATE INDEX article_authors_by_user ON article_authors (user_id);

-- secrets that open private feeds
CREATE TABLE feed_keys (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id BLOB NOT NULL REFERENCES users (id),
    secret_hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX feed_keys_by_user ON feed_keys (user_id, created_at DESC, id DESC);

ALTER TABLE groups ADD COLUMN changed_at BIGINT;
UPDATE groups SET changed_at = updated_at;
CREATE INDEX groups_by_change ON groups (changed_at, id) WHERE deleted_at IS NULL;
CREATE INDEX memberships_by_change ON memberships (group_id, updated_at, user_id);

-- what is gone, for those who keep a copy
CREATE TABLE tombstones (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind TEXT NOT NULL CHECK (kind IN ('group', 'member', 'post', 'article')),
    target_id BLOB NOT NULL,
    group_id BLOB,
    -- whether everybody could know of it, or members of its group only
    is_public BOOLEAN NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX tombstones_by_kind ON tombstones (kind, at, target_id);
CREATE INDEX tombstones_by_group ON tombstones (group_id, kind, at, target_id) WHERE group_id IS NOT NULL;
CREATE INDEX tombstones_by_time ON tombstones (at);

-- What can be searched. Its words, folded and stemmed by the program, are in the engine's own index.
CREATE TABLE search_documents (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('group', 'post', 'comment', 'article', 'person')),
    target_id BLOB NOT NULL UNIQUE,
    group_id BLOB,
    post_id BLOB,
    at BIGINT NOT NULL
);
CREATE INDEX search_documents_by_group ON search_documents (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX search_documents_by_post ON search_documents (post_id) WHERE post_id IS NOT NULL;
-- contentless: the row's number is that of the document
CREATE VIRTUAL TABLE search_index USING fts5 (
    title, body, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* S* Co'"
);
