-- What administrators do with people and groups over HTTP, the whole life of a membership, invitations, the audit log.

ALTER TABLE users ADD COLUMN email_verified_at BIGINT;
ALTER TABLE users ADD COLUMN status_reason TEXT;
ALTER TABLE users ADD COLUMN suspended_until BIGINT;
ALTER TABLE users ADD COLUMN show_groups BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN email_domain TEXT GENERATED ALWAYS AS (substr(email, instr(email, '@') + 1)) VIRTUAL;
CREATE INDEX users_by_verified_domain ON users (email_domain, id) WHERE email_verified_at IS NOT NULL;
CREATE INDEX users_suspended_until ON users (suspended_until) WHERE suspended_until IS NOT NULL;

ALTER TABLE group_types ADD COLUMN default_show_member_count BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE group_types ADD COLUMN default_invite_policy TEXT NOT NULL DEFAULT 'facilitators'
    CHECK (default_invite_policy IN ('members', 'facilitators', 'owners'));
ALTER TABLE group_types ADD COLUMN retired_at BIGINT;

ALTER TABLE groups ADD COLUMN parent_id BLOB CHECK (length(parent_id) = 16 AND parent_id <> id);
ALTER TABLE groups ADD COLUMN welcome_message TEXT NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN invite_policy TEXT NOT NULL DEFAULT 'facilitators'
    CHECK (invite_policy IN ('members', 'facilitators', 'owners'));
ALTER TABLE groups ADD COLUMN request_cooldown_days INTEGER NOT NULL DEFAULT 30
    CHECK (request_cooldown_days BETWEEN 0 AND 365);
ALTER TABLE groups ADD COLUMN join_questions TEXT NOT NULL DEFAULT '[]';
-- the current rules; the number counts every text there ever was
ALTER TABLE groups ADD COLUMN rules TEXT;
ALTER TABLE groups ADD COLUMN rules_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE groups ADD COLUMN auto_join_domains TEXT NOT NULL DEFAULT '[]';
ALTER TABLE groups ADD COLUMN closes_at BIGINT;
ALTER TABLE groups ADD COLUMN lessons_learned TEXT;
ALTER TABLE groups ADD COLUMN successor_id BLOB CHECK (length(successor_id) = 16 AND successor_id <> id);
CREATE INDEX groups_by_parent ON groups (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX groups_by_successor ON groups (successor_id) WHERE successor_id IS NOT NULL;
CREATE INDEX groups_closing ON groups (closes_at) WHERE closes_at IS NOT NULL AND status = 'active' AND deleted_at IS NULL;
CREATE INDEX groups_deleted ON groups (deleted_at DESC, id DESC) WHERE deleted_at IS NOT NULL;
CREATE INDEX groups_all_by_created ON groups (created_at DESC, id DESC);

-- names that groups had in URLs before
CREATE TABLE group_slugs (
    slug TEXT NOT NULL PRIMARY KEY,
    group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX group_slugs_by_group ON group_slugs (group_id);

CREATE TABLE group_rules (
    group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    version INTEGER NOT NULL CHECK (version > 0),
    text TEXT NOT NULL,
    published_by BLOB REFERENCES users (id),
    published_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, version)
);

-- whose verified addresses make members by themselves
CREATE TABLE group_domains (
    domain TEXT NOT NULL,
    group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (domain, group_id)
);
CREATE INDEX group_domains_by_group ON group_domains (group_id);

CREATE TABLE group_proposals (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    proposer_id BLOB NOT NULL REFERENCES users (id),
    proposal TEXT NOT NULL,
    note TEXT,
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'declined', 'withdrawn')),
    decided_by BLOB REFERENCES users (id),
    decided_at BIGINT,
    decision_reason TEXT,
    group_id BLOB REFERENCES groups (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX group_proposals_by_created ON group_proposals (created_at DESC, id DESC);
CREATE INDEX group_proposals_by_state ON group_proposals (state, created_at DESC, id DESC);
CREATE INDEX group_proposals_by_proposer ON group_proposals (proposer_id, created_at DESC, id DESC);

ALTER TABLE memberships ADD COLUMN answers TEXT NOT NULL DEFAULT '[]';
ALTER TABLE memberships ADD COLUMN accepted_rules_version INTEGER;
ALTER TABLE memberships ADD COLUMN rules_accepted_at BIGINT;
ALTER TABLE memberships ADD COLUMN role_ends_at BIGINT;
ALTER TABLE memberships ADD COLUMN banned_until BIGINT;
ALTER TABLE memberships ADD COLUMN decided_by BLOB CHECK (length(decided_by) = 16);
ALTER TABLE memberships ADD COLUMN decided_at BIGINT;
ALTER TABLE memberships ADD COLUMN private_note TEXT;
CREATE INDEX memberships_role_ends ON memberships (role_ends_at) WHERE role_ends_at IS NOT NULL;
CREATE INDEX memberships_ban_ends ON memberships (banned_until) WHERE banned_until IS NOT NULL;

ALTER TABLE membership_events ADD COLUMN private_note TEXT;
DROP INDEX membership_events_by_membership;
CREATE INDEX membership_events_by_time ON membership_events (group_id, user_id, at DESC, id DESC);

CREATE TABLE invitations (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'email', 'link')),
    user_id BLOB REFERENCES users (id),
    email TEXT,
    token_hash BLOB UNIQUE CHECK (length(token_hash) = 32),
    message TEXT,
    max_uses INTEGER CHECK (max_uses > 0),
    uses INTEGER NOT NULL DEFAULT 0 CHECK (uses >= 0 AND (max_uses IS NULL OR uses <= max_uses)),
    state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'declined', 'revoked', 'expired')),
    created_by BLOB NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    settled_at BIGINT,
    CHECK ((kind = 'person') = (user_id IS NOT NULL AND token_hash IS NULL)),
    CHECK (kind <> 'link' OR user_id IS NULL)
);
CREATE INDEX invitations_by_group ON invitations (group_id, created_at DESC, id DESC);
CREATE INDEX invitations_by_person ON invitations (user_id, state) WHERE user_id IS NOT NULL;
CREATE INDEX invitations_by_email ON invitations (email, state) WHERE email IS NOT NULL;
CREATE INDEX invitations_open ON invitations (expires_at) WHERE state = 'open';

-- at most one at a time in a group
CREATE TABLE ownership_offers (
    group_id BLOB NOT NULL PRIMARY KEY REFERENCES groups (id) ON DELETE CASCADE,
    from_id BLOB NOT NULL REFERENCES users (id),
    to_id BLOB NOT NULL REFERENCES users (id),
    role_afterwards TEXT NOT NULL CHECK (role_afterwards IN ('owner', 'facilitator', 'member')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- one row
CREATE TABLE platform_settings (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    group_creation TEXT NOT NULL CHECK (group_creation IN ('everyone', 'approval', 'admins')),
    invitation_days INTEGER NOT NULL CHECK (invitation_days BETWEEN 1 AND 365),
    request_cooldown_days INTEGER NOT NULL CHECK (request_cooldown_days BETWEEN 0 AND 365),
    updated_at BIGINT NOT NULL
);
INSERT INTO platform_settings VALUES (1, 'everyone', 28, 30, 1763856000000000);

-- who did what to what; rows are added, never changed. No address and nothing that a member wrote stands here.
CREATE TABLE audit_events (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at BIGINT NOT NULL,
    actor_id BLOB CHECK (length(actor_id) = 16),
    action TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id BLOB CHECK (length(target_id) = 16),
    group_id BLOB CHECK (length(group_id) = 16),
    changes TEXT NOT NULL,
    reason TEXT,
    request_id TEXT
);
CREATE INDEX audit_events_by_time ON audit_events (at DESC, id DESC);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, at DESC, id DESC) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_events_by_action ON audit_events (action, at DESC, id DESC);
CREATE INDEX audit_events_by_target ON audit_events (target_id, at DESC, id DESC) WHERE target_id IS NOT NULL;
CREATE INDEX audit_events_by_group ON audit_events (group_id, at DESC, id DESC) WHERE group_id IS NOT NULL;
CREATE TRIGGER audit_events_stay_as_they_are BEFORE UPDATE ON audit_events
BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_events_stay BEFORE DELETE ON audit_events
BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
