-- Ids are UUIDv7, made by the program; instants are microsecond timestamps with time zone.

CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
    email TEXT UNIQUE,
    display_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'declined', 'suspended', 'deleted')),
    platform_role TEXT NOT NULL CHECK (platform_role IN ('member', 'editor', 'moderator', 'admin')),
    show_last_seen BOOLEAN NOT NULL,
    last_seen_at TIMESTAMPTZ CHECK (last_seen_at >= '2000-01-01 00:00:00+00'),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    -- the name, folded for searching
    name_order TEXT COLLATE "C" NOT NULL
);
CREATE INDEX users_by_status ON users (status, created_at DESC, id DESC);
CREATE INDEX users_by_created ON users (created_at DESC, id DESC);

CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_agent TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at DESC, id DESC);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    token_hash BYTEA NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

CREATE TABLE group_types (
    id UUID NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    plural TEXT NOT NULL,
    description TEXT NOT NULL,
    position INTEGER NOT NULL,
    default_visibility TEXT NOT NULL CHECK (default_visibility IN ('public', 'listed', 'hidden')),
    default_join_policy TEXT NOT NULL CHECK (default_join_policy IN ('open', 'request', 'invite_only')),
    default_post_policy TEXT NOT NULL CHECK (default_post_policy IN ('members', 'facilitators')),
    default_member_list_visibility TEXT NOT NULL
        CHECK (default_member_list_visibility IN ('everyone', 'members', 'facilitators')),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE groups (
    id UUID NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    summary TEXT NOT NULL,
    description TEXT NOT NULL,
    purpose TEXT NOT NULL,
    learning_question TEXT,
    tags TEXT NOT NULL,
    external_id TEXT UNIQUE,
    visibility TEXT NOT NULL CHECK (visibility IN ('public', 'listed', 'hidden')),
    join_policy TEXT NOT NULL CHECK (join_policy IN ('open', 'request', 'invite_only')),
    post_policy TEXT NOT NULL CHECK (post_policy IN ('members', 'facilitators')),
    member_list_visibility TEXT NOT NULL
        CHECK (member_list_visibility IN ('everyone', 'members', 'facilitators')),
    show_member_count BOOLEAN NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'archived')),
    member_count INTEGER NOT NULL DEFAULT 0 CHECK (member_count >= 0),
    last_active_at TIMESTAMPTZ CHECK (last_active_at >= '2000-01-01 00:00:00+00'),
    created_by UUID REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ,
    -- what the sorts and the search read; never shown
    name_order TEXT COLLATE "C" NOT NULL,
    search_text TEXT NOT NULL,
    active_order TIMESTAMPTZ NOT NULL GENERATED ALWAYS AS (coalesce(last_active_at, '-infinity'::timestamptz)) STORED,
    members_order INTEGER NOT NULL
        GENERATED ALWAYS AS (CASE WHEN show_member_count THEN member_count ELSE -1 END) STORED
);
CREATE INDEX groups_by_activity ON groups (active_order DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX groups_by_created ON groups (created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX groups_by_name ON groups (name_order, id) WHERE deleted_at IS NULL;
CREATE INDEX groups_by_members ON groups (members_order DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE group_type_links (
    group_id UUID NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    group_type_id UUID NOT NULL REFERENCES group_types (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (group_id, group_type_id)
);
CREATE INDEX group_type_links_by_type ON group_type_links (group_type_id, group_id);

CREATE TABLE memberships (
    group_id UUID NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'facilitator', 'member')),
    state TEXT NOT NULL
        CHECK (state IN ('invited', 'requested', 'active', 'declined', 'left', 'removed', 'banned')),
    display_name TEXT,
    message TEXT,
    decision_reason TEXT,
    requested_at TIMESTAMPTZ,
    joined_at TIMESTAMPTZ,
    last_contributed_at TIMESTAMPTZ CHECK (last_contributed_at >= '2000-01-01 00:00:00+00'),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    name_order TEXT COLLATE "C" NOT NULL,
    joined_order TIMESTAMPTZ NOT NULL GENERATED ALWAYS AS (
        CASE WHEN state = 'requested' THEN coalesce(requested_at, created_at) ELSE coalesce(joined_at, created_at) END
    ) STORED,
    contributed_order TIMESTAMPTZ NOT NULL
        GENERATED ALWAYS AS (coalesce(last_contributed_at, '-infinity'::timestamptz)) STORED,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id, state, group_id);
CREATE INDEX memberships_by_joined ON memberships (group_id, state, joined_order DESC, user_id DESC);
CREATE INDEX memberships_by_name ON memberships (group_id, state, name_order, user_id);
CREATE INDEX memberships_by_contribution ON memberships (group_id, state, contributed_order DESC, user_id DESC);
CREATE INDEX memberships_leading ON memberships (group_id, role) WHERE role <> 'member';

CREATE TABLE membership_events (
    id UUID NOT NULL PRIMARY KEY,
    group_id UUID NOT NULL,
    user_id UUID NOT NULL,
    actor_id UUID REFERENCES users (id),
    at TIMESTAMPTZ NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    from_role TEXT,
    to_role TEXT NOT NULL,
    reason TEXT,
    FOREIGN KEY (group_id, user_id) REFERENCES memberships (group_id, user_id) ON DELETE CASCADE
);
CREATE INDEX membership_events_by_membership ON membership_events (group_id, user_id, at);

CREATE TABLE posts (
    id UUID NOT NULL PRIMARY KEY,
    group_id UUID NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    author_id UUID NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL CHECK (kind IN ('discussion', 'question', 'announcement', 'resource')),
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    comment_count INTEGER NOT NULL DEFAULT 0 CHECK (comment_count >= 0),
    created_at TIMESTAMPTZ NOT NULL CHECK (created_at >= '2000-01-01 00:00:00+00'),
    edited_at TIMESTAMPTZ,
    deleted_at TIMESTAMPTZ
);
CREATE INDEX posts_by_group ON posts (group_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX posts_by_author ON posts (author_id, group_id, created_at DESC) WHERE deleted_at IS NULL;

CREATE TABLE comments (
    id UUID NOT NULL PRIMARY KEY,
    post_id UUID NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    group_id UUID NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    parent_id UUID REFERENCES comments (id),
    author_id UUID NOT NULL REFERENCES users (id),
    depth INTEGER NOT NULL CHECK (depth BETWEEN 0 AND 15),
    -- replies that are listed; a deleted comment is listed, without its text, while it has any
    reply_count INTEGER NOT NULL DEFAULT 0 CHECK (reply_count >= 0),
    body TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL CHECK (created_at >= '2000-01-01 00:00:00+00'),
    edited_at TIMESTAMPTZ,
    deleted_at TIMESTAMPTZ
);
CREATE INDEX comments_by_post ON comments (post_id, created_at, id);
CREATE INDEX comments_by_group ON comments (group_id, created_at DESC) WHERE deleted_at IS NULL;
CREATE INDEX comments_by_author ON comments (author_id, group_id, created_at DESC) WHERE deleted_at IS NULL;
CREATE INDEX comments_by_parent ON comments (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE articles (
    id UUID NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('opinion_piece', 'case_study', 'news', 'evidence_review')),
    title TEXT NOT NULL,
    standfirst TEXT NOT NULL,
    body TEXT NOT NULL,
    byline_name TEXT,
    byline_job_title TEXT,
    links TEXT NOT NULL,
    reading_minutes INTEGER NOT NULL CHECK (reading_minutes >= 0),
    status TEXT NOT NULL CHECK (status IN ('draft', 'published')),
    -- null in a published article: the date is unknown
    published_at TIMESTAMPTZ CHECK (published_at >= '2000-01-01 00:00:00+00'),
    created_by UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ,
    published_order TIMESTAMPTZ NOT NULL GENERATED ALWAYS AS (coalesce(published_at, '-infinity'::timestamptz)) STORED,
    CHECK (status = 'published' OR published_at IS NULL)
);
CREATE INDEX articles_by_publication ON articles (status, published_order DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE article_relations (
    article_id UUID NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    related_id UUID NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    PRIMARY KEY (article_id, related_id),
    CHECK (article_id <> related_id)
);
CREATE INDEX article_relations_by_related ON article_relations (related_id);

CREATE TABLE article_contributions (
    article_id UUID NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    group_id UUID NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('wrote', 'reviewed', 'tested', 'hosted', 'contributed')),
    state TEXT NOT NULL CHECK (state IN ('proposed', 'accepted', 'declined')),
    position INTEGER NOT NULL,
    proposed_by UUID NOT NULL REFERENCES users (id),
    decided_by UUID REFERENCES users (id),
    decided_at TIMESTAMPTZ,
    decision_reason TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (article_id, group_id)
);
CREATE INDEX article_contributions_by_group ON article_contributions (group_id, state, article_id);

INSERT INTO group_types (id, slug, name, plural, description, position, default_visibility, default_join_policy,
                         default_post_policy, default_member_list_visibility, created_at, updated_at)
VALUES
    ('019aaf5c-0000-7000-8000-000000000001', 'community-of-practice', 'Community of practice', 'Communities of practice',
     'People who share a practice and learn from each other how to do it better.', 1,
     'public', 'open', 'members', 'members', '2025-11-23 00:00:00+00', '2025-11-23 00:00:00+00'),
    ('019aaf5c-0000-7000-8000-000000000002', 'peer-support', 'Peer support', 'Peer support groups',
     'People with an experience in common who support each other.', 2,
     'listed', 'request', 'members', 'members', '2025-11-23 00:00:00+00', '2025-11-23 00:00:00+00'),
    ('019aaf5c-0000-7000-8000-000000000003', 'special-interest-group', 'Special interest group', 'Special interest groups',
     'People who follow one topic closely and keep the others informed.', 3,
     'public', 'open', 'members', 'members', '2025-11-23 00:00:00+00', '2025-11-23 00:00:00+00'),
    ('019aaf5c-0000-7000-8000-000000000004', 'lab', 'Lab', 'Labs',
     'A time-limited team that works on one challenge and tests ideas in practice.', 4,
     'public', 'request', 'members', 'members', '2025-11-23 00:00:00+00', '2025-11-23 00:00:00+00');
