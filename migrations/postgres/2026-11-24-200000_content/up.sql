-- Conversations with drafts, threads, marks and notifications; articles with a schedule; feeds, search and changes since.

-- A post is a draft without either date, scheduled with the first, published with the second.
ALTER TABLE posts ADD COLUMN publish_at TIMESTAMPTZ;
ALTER TABLE posts ADD COLUMN published_at TIMESTAMPTZ CHECK (published_at >= '2000-01-01 00:00:00+00');
ALTER TABLE posts ADD COLUMN body_html TEXT;
ALTER TABLE posts ADD COLUMN link_url TEXT;
ALTER TABLE posts ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
-- each folded, between line breaks: for finding posts by one
ALTER TABLE posts ADD COLUMN tags_search TEXT NOT NULL DEFAULT '';
ALTER TABLE posts ADD COLUMN content_warnings TEXT NOT NULL DEFAULT '[]';
ALTER TABLE posts ADD COLUMN language TEXT;
ALTER TABLE posts ADD COLUMN pinned_at TIMESTAMPTZ;
ALTER TABLE posts ADD COLUMN pinned_until TIMESTAMPTZ;
ALTER TABLE posts ADD COLUMN locked_at TIMESTAMPTZ;
ALTER TABLE posts ADD COLUMN accepted_comment_id UUID;
-- of the latest visible comment
ALTER TABLE posts ADD COLUMN last_reply_at TIMESTAMPTZ;
ALTER TABLE posts ADD COLUMN deleted_by UUID REFERENCES users (id);
ALTER TABLE posts ADD COLUMN changed_at TIMESTAMPTZ;
ALTER TABLE posts ADD COLUMN active_at TIMESTAMPTZ GENERATED ALWAYS AS (coalesce(last_reply_at, published_at)) STORED;
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
ALTER TABLE comments ADD COLUMN deleted_by UUID REFERENCES users (id);
DROP INDEX comments_by_group;
CREATE INDEX comments_by_group ON comments (group_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX comments_by_level ON comments (post_id, parent_id, created_at, id);
-- what has no words any more is purged
CREATE INDEX comments_deleted ON comments (deleted_at, id) WHERE deleted_at IS NOT NULL AND body <> '';

-- what posts and comments said before they were edited
CREATE TABLE revisions (
    id UUID NOT NULL PRIMARY KEY,
    post_id UUID NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    comment_id UUID REFERENCES comments (id) ON DELETE CASCADE,
    title TEXT,
    body TEXT NOT NULL,
    replaced_by UUID NOT NULL REFERENCES users (id),
    replaced_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX revisions_by_post ON revisions (post_id, replaced_at DESC, id DESC) WHERE comment_id IS NULL;
CREATE INDEX revisions_by_comment ON revisions (comment_id, replaced_at DESC, id DESC) WHERE comment_id IS NOT NULL;

-- the target is a post, or a comment on it
CREATE TABLE reactions (
    target_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('like', 'support', 'thanks', 'insightful', 'celebrate')),
    user_id UUID NOT NULL REFERENCES users (id),
    post_id UUID NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (target_id, kind, user_id)
);
CREATE INDEX reactions_by_post ON reactions (post_id);

-- what a post is to a person
CREATE TABLE post_marks (
    user_id UUID NOT NULL REFERENCES users (id),
    post_id UUID NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    read_at TIMESTAMPTZ,
    bookmarked_at TIMESTAMPTZ,
    -- null until the person has said so or written there
    follows BOOLEAN,
    PRIMARY KEY (user_id, post_id)
);
CREATE INDEX post_marks_by_post ON post_marks (post_id, user_id) WHERE follows;
CREATE INDEX post_marks_bookmarks ON post_marks (user_id, bookmarked_at DESC, post_id DESC) WHERE bookmarked_at IS NOT NULL;

-- all that came out until then counts as read
ALTER TABLE memberships ADD COLUMN read_until TIMESTAMPTZ;
-- nobody was told what is unread: what came out before counts as read
UPDATE memberships SET read_until = now() WHERE state = 'active';
ALTER TABLE memberships ADD COLUMN notification_level TEXT NOT NULL DEFAULT 'all'
    CHECK (notification_level IN ('all', 'mentions', 'none'));
-- what mentions a person who has a name of the group's own
ALTER TABLE memberships ADD COLUMN handle TEXT;
CREATE UNIQUE INDEX memberships_by_handle ON memberships (group_id, handle) WHERE handle IS NOT NULL;
ALTER TABLE users ADD COLUMN handle TEXT;
CREATE UNIQUE INDEX users_by_handle ON users (handle);
UPDATE users SET handle = 'person-' || substr(replace(id::text, '-', ''), 21) WHERE status <> 'deleted';
ALTER TABLE users ADD COLUMN muted_notifications TEXT NOT NULL DEFAULT '[]';

CREATE TABLE notifications (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    -- what happened: one notification a person and event
    event_id UUID NOT NULL,
    actor_id UUID REFERENCES users (id),
    group_id UUID REFERENCES groups (id) ON DELETE CASCADE,
    post_id UUID REFERENCES posts (id) ON DELETE CASCADE,
    comment_id UUID REFERENCES comments (id) ON DELETE CASCADE,
    article_id UUID REFERENCES articles (id) ON DELETE CASCADE,
    -- may be gone by now
    webhook_id UUID,
    created_at TIMESTAMPTZ NOT NULL,
    read_at TIMESTAMPTZ,
    UNIQUE (user_id, event_id)
);
CREATE INDEX notifications_by_user ON notifications (user_id, created_at DESC, id DESC);
CREATE INDEX notifications_unread ON notifications (user_id, created_at DESC, id DESC) WHERE read_at IS NULL;
CREATE INDEX notifications_by_post ON notifications (post_id) WHERE post_id IS NOT NULL;
CREATE INDEX notifications_by_comment ON notifications (comment_id) WHERE comment_id IS NOT NULL;

-- a draft with a date is scheduled
ALTER TABLE articles ADD COLUMN publish_at TIMESTAMPTZ;
ALTER TABLE articles ADD COLUMN body_html TEXT;
ALTER TABLE articles ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE articles ADD COLUMN cover_url TEXT;
ALTER TABLE articles ADD COLUMN cover_alt TEXT;
ALTER TABLE articles ADD COLUMN changed_at TIMESTAMPTZ;
UPDATE articles SET changed_at = updated_at;
CREATE INDEX articles_scheduled ON articles (publish_at) WHERE publish_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX articles_by_kind ON articles (status, kind, published_order DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX articles_by_change ON articles (status, changed_at, id) WHERE deleted_at IS NULL;

-- names that articles had in URLs before
CREATE TABLE article_slugs (
    slug TEXT NOT NULL PRIMARY KEY,
    article_id UUID NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX article_slugs_by_article ON article_slugs (article_id);

-- each tag of an article, folded: for finding what is related
CREATE TABLE article_tags (
    article_id UUID NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (tag, article_id)
);
CREATE INDEX article_tags_by_article ON article_tags (article_id);

-- members who write an article with the editors
CREATE TABLE article_authors (
    article_id UUID NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id),
    PRIMARY KEY (article_id, user_id)
);
CREATE INDEX article_authors_by_user ON article_authors (user_id);

-- secrets that open private feeds
CREATE TABLE feed_keys (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    secret_hash BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ
);
CREATE INDEX feed_keys_by_user ON feed_keys (user_id, created_at DESC, id DESC);

ALTER TABLE groups ADD COLUMN changed_at TIMESTAMPTZ;
UPDATE groups SET changed_at = updated_at;
CREATE INDEX groups_by_change ON groups (changed_at, id) WHERE deleted_at IS NULL;
CREATE INDEX memberships_by_change ON memberships (group_id, updated_at, user_id);

-- what is gone, for those who keep a copy
CREATE TABLE tombstones (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('group', 'member', 'post', 'article')),
    target_id UUID NOT NULL,
    group_id UUID,
    -- whether everybody could know of it, or members of its group only
    is_public BOOLEAN NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
CREATE INDEX tombstones_by_kind ON tombstones (kind, at, target_id);
CREATE INDEX tombstones_by_group ON tombstones (group_id, kind, at, target_id) WHERE group_id IS NOT NULL;
CREATE INDEX tombstones_by_time ON tombstones (at);

-- What can be searched. Its words, folded and stemmed by the program, are in the engine's own index.
CREATE TABLE search_documents (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('group', 'post', 'comment', 'article', 'person')),
    target_id UUID NOT NULL UNIQUE,
    group_id UUID,
    post_id UUID,
    at TIMESTAMPTZ NOT NULL,
    words TSVECTOR NOT NULL
);
CREATE INDEX search_documents_by_group ON search_documents (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX search_documents_by_post ON search_documents (post_id) WHERE post_id IS NOT NULL;
CREATE INDEX search_documents_by_word ON search_documents USING gin (words);
CREATE INDEX search_documents_by_time ON search_documents (number DESC);
