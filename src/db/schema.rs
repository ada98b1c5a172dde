//! The tables as diesel sees them. By hand, since ids and instants are types of our own;
//! `tests/api/migrations.rs` compares it with both databases.

#![expect(missing_docs, reason = "the migrations describe the tables")]

use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

table! {
    use diesel::sql_types::{Text, Nullable, Bool};
    use crate::db::sql_types::{Id, Instant};
    users (id) {
        id -> Id,
        email -> Nullable<Text>,
        display_name -> Text,
        password_hash -> Text,
        status -> Text,
        platform_role -> Text,
        show_last_seen -> Bool,
        last_seen_at -> Nullable<Instant>,
        created_at -> Instant,
        updated_at -> Instant,
        name_order -> Text,
        email_verified_at -> Nullable<Instant>,
        status_reason -> Nullable<Text>,
        suspended_until -> Nullable<Instant>,
        show_groups -> Bool,
        email_domain -> Nullable<Text>,
        organisation -> Nullable<Text>,
        skills -> Text,
        skills_search -> Text,
        handle -> Nullable<Text>,
        muted_notifications -> Text,
        is_service -> Bool,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable};
    use crate::db::sql_types::{Id, Instant};
    sessions (id) {
        id -> Id,
        user_id -> Id,
        user_agent -> Nullable<Text>,
        created_at -> Instant,
        last_used_at -> Instant,
        expires_at -> Instant,
        revoked_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{Binary, Nullable};
    use crate::db::sql_types::{Id, Instant};
    refresh_tokens (token_hash) {
        token_hash -> Binary,
        session_id -> Id,
        created_at -> Instant,
        used_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable, Bool, Integer};
    use crate::db::sql_types::{Id, Instant};
    group_types (id) {
        id -> Id,
        slug -> Text,
        name -> Text,
        plural -> Text,
        description -> Text,
        position -> Integer,
        default_visibility -> Text,
        default_join_policy -> Text,
        default_post_policy -> Text,
        default_member_list_visibility -> Text,
        created_at -> Instant,
        updated_at -> Instant,
        default_show_member_count -> Bool,
        default_invite_policy -> Text,
        retired_at -> Nullable<Instant>,
        default_review_policy -> Text,
        default_allow_anonymous -> Bool,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable, Bool, Integer};
    use crate::db::sql_types::{Id, Instant};
    groups (id) {
        id -> Id,
        slug -> Text,
        name -> Text,
        summary -> Text,
        description -> Text,
        purpose -> Text,
        learning_question -> Nullable<Text>,
        tags -> Text,
        external_id -> Nullable<Text>,
        visibility -> Text,
        join_policy -> Text,
        post_policy -> Text,
        member_list_visibility -> Text,
        show_member_count -> Bool,
        status -> Text,
        member_count -> Integer,
        last_active_at -> Nullable<Instant>,
        created_by -> Nullable<Id>,
        created_at -> Instant,
        updated_at -> Instant,
        deleted_at -> Nullable<Instant>,
        name_order -> Text,
        search_text -> Text,
        active_order -> Instant,
        members_order -> Integer,
        parent_id -> Nullable<Id>,
        welcome_message -> Text,
        invite_policy -> Text,
        request_cooldown_days -> Integer,
        join_questions -> Text,
        rules -> Nullable<Text>,
        rules_version -> Integer,
        auto_join_domains -> Text,
        closes_at -> Nullable<Instant>,
        lessons_learned -> Nullable<Text>,
        successor_id -> Nullable<Id>,
        description_html -> Nullable<Text>,
        purpose_html -> Nullable<Text>,
        changed_at -> Nullable<Instant>,
        review_policy -> Text,
        allow_anonymous -> Bool,
        has_shares -> Bool,
    }
}

table! {
    use diesel::sql_types::Integer;
    use crate::db::sql_types::Id;
    group_type_links (group_id, group_type_id) {
        group_id -> Id,
        group_type_id -> Id,
        position -> Integer,
    }
}

table! {
    use diesel::sql_types::Text;
    use crate::db::sql_types::{Id, Instant};
    group_slugs (slug) {
        slug -> Text,
        group_id -> Id,
        created_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable, Integer};
    use crate::db::sql_types::{Id, Instant};
    group_rules (group_id, version) {
        group_id -> Id,
        version -> Integer,
        text -> Text,
        published_by -> Nullable<Id>,
        published_at -> Instant,
    }
}

table! {
    use diesel::sql_types::Text;
    use crate::db::sql_types::Id;
    group_domains (domain, group_id) {
        domain -> Text,
        group_id -> Id,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable};
    use crate::db::sql_types::{Id, Instant};
    group_proposals (id) {
        id -> Id,
        proposer_id -> Id,
        proposal -> Text,
        note -> Nullable<Text>,
        state -> Text,
        decided_by -> Nullable<Id>,
        decided_at -> Nullable<Instant>,
        decision_reason -> Nullable<Text>,
        group_id -> Nullable<Id>,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable, Integer};
    use crate::db::sql_types::{Id, Instant};
    memberships (group_id, user_id) {
        group_id -> Id,
        user_id -> Id,
        role -> Text,
        state -> Text,
        display_name -> Nullable<Text>,
        message -> Nullable<Text>,
        decision_reason -> Nullable<Text>,
        requested_at -> Nullable<Instant>,
        joined_at -> Nullable<Instant>,
        last_contributed_at -> Nullable<Instant>,
        created_at -> Instant,
        updated_at -> Instant,
        name_order -> Text,
        joined_order -> Instant,
        contributed_order -> Instant,
        answers -> Text,
        accepted_rules_version -> Nullable<Integer>,
        rules_accepted_at -> Nullable<Instant>,
        role_ends_at -> Nullable<Instant>,
        banned_until -> Nullable<Instant>,
        decided_by -> Nullable<Id>,
        decided_at -> Nullable<Instant>,
        private_note -> Nullable<Text>,
        read_until -> Nullable<Instant>,
        notification_level -> Text,
        handle -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable};
    use crate::db::sql_types::{Id, Instant};
    membership_events (id) {
        id -> Id,
        group_id -> Id,
        user_id -> Id,
        actor_id -> Nullable<Id>,
        at -> Instant,
        from_state -> Nullable<Text>,
        to_state -> Text,
        from_role -> Nullable<Text>,
        to_role -> Text,
        reason -> Nullable<Text>,
        private_note -> Nullable<Text>,
        post_id -> Nullable<Id>,
        comment_id -> Nullable<Id>,
        invitation_id -> Nullable<Id>,
    }
}

table! {
    use diesel::sql_types::{Binary, Text, Nullable, Integer};
    use crate::db::sql_types::{Id, Instant};
    invitations (id) {
        id -> Id,
        group_id -> Id,
        kind -> Text,
        user_id -> Nullable<Id>,
        email -> Nullable<Text>,
        token_hash -> Nullable<Binary>,
        message -> Nullable<Text>,
        max_uses -> Nullable<Integer>,
        uses -> Integer,
        state -> Text,
        created_by -> Id,
        created_at -> Instant,
        expires_at -> Instant,
        settled_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::Text;
    use crate::db::sql_types::{Id, Instant};
    ownership_offers (group_id) {
        group_id -> Id,
        from_id -> Id,
        to_id -> Id,
        role_afterwards -> Text,
        created_at -> Instant,
        expires_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Text, Integer};
    use crate::db::sql_types::Instant;
    platform_settings (id) {
        id -> Integer,
        group_creation -> Text,
        invitation_days -> Integer,
        request_cooldown_days -> Integer,
        updated_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable};
    use crate::db::sql_types::{Id, Instant};
    audit_events (id) {
        id -> Id,
        at -> Instant,
        actor_id -> Nullable<Id>,
        action -> Text,
        target_kind -> Text,
        target_id -> Nullable<Id>,
        group_id -> Nullable<Id>,
        changes -> Text,
        reason -> Nullable<Text>,
        request_id -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{Bool, Text, Nullable, Integer};
    use crate::db::sql_types::{Id, Instant};
    posts (id) {
        id -> Id,
        group_id -> Id,
        author_id -> Id,
        kind -> Text,
        title -> Text,
        body -> Text,
        comment_count -> Integer,
        created_at -> Instant,
        edited_at -> Nullable<Instant>,
        deleted_at -> Nullable<Instant>,
        publish_at -> Nullable<Instant>,
        published_at -> Nullable<Instant>,
        body_html -> Nullable<Text>,
        link_url -> Nullable<Text>,
        tags -> Text,
        tags_search -> Text,
        content_warnings -> Text,
        language -> Nullable<Text>,
        pinned_at -> Nullable<Instant>,
        pinned_until -> Nullable<Instant>,
        locked_at -> Nullable<Instant>,
        accepted_comment_id -> Nullable<Id>,
        last_reply_at -> Nullable<Instant>,
        deleted_by -> Nullable<Id>,
        changed_at -> Nullable<Instant>,
        active_at -> Nullable<Instant>,
        pseudonym_id -> Nullable<Id>,
        is_shared -> Bool,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable, Integer};
    use crate::db::sql_types::{Id, Instant};
    comments (id) {
        id -> Id,
        post_id -> Id,
        group_id -> Id,
        parent_id -> Nullable<Id>,
        author_id -> Id,
        depth -> Integer,
        reply_count -> Integer,
        body -> Text,
        created_at -> Instant,
        edited_at -> Nullable<Instant>,
        deleted_at -> Nullable<Instant>,
        body_html -> Nullable<Text>,
        deleted_by -> Nullable<Id>,
        pseudonym_id -> Nullable<Id>,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable};
    use crate::db::sql_types::{Id, Instant};
    revisions (id) {
        id -> Id,
        post_id -> Id,
        comment_id -> Nullable<Id>,
        title -> Nullable<Text>,
        body -> Text,
        replaced_by -> Id,
        replaced_at -> Instant,
    }
}

table! {
    use diesel::sql_types::Text;
    use crate::db::sql_types::{Id, Instant};
    reactions (target_id, kind, user_id) {
        target_id -> Id,
        kind -> Text,
        user_id -> Id,
        post_id -> Id,
        created_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Bool, Nullable};
    use crate::db::sql_types::{Id, Instant};
    post_marks (user_id, post_id) {
        user_id -> Id,
        post_id -> Id,
        read_at -> Nullable<Instant>,
        bookmarked_at -> Nullable<Instant>,
        follows -> Nullable<Bool>,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable};
    use crate::db::sql_types::{Id, Instant};
    notifications (id) {
        id -> Id,
        user_id -> Id,
        kind -> Text,
        event_id -> Id,
        actor_id -> Nullable<Id>,
        group_id -> Nullable<Id>,
        post_id -> Nullable<Id>,
        comment_id -> Nullable<Id>,
        article_id -> Nullable<Id>,
        webhook_id -> Nullable<Id>,
        created_at -> Instant,
        read_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable, Integer};
    use crate::db::sql_types::{Id, Instant};
    articles (id) {
        id -> Id,
        slug -> Text,
        kind -> Text,
        title -> Text,
        standfirst -> Text,
        body -> Text,
        byline_name -> Nullable<Text>,
        byline_job_title -> Nullable<Text>,
        links -> Text,
        reading_minutes -> Integer,
        status -> Text,
        published_at -> Nullable<Instant>,
        created_by -> Id,
        created_at -> Instant,
        updated_at -> Instant,
        deleted_at -> Nullable<Instant>,
        published_order -> Instant,
        publish_at -> Nullable<Instant>,
        body_html -> Nullable<Text>,
        tags -> Text,
        cover_url -> Nullable<Text>,
        cover_alt -> Nullable<Text>,
        changed_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::Text;
    use crate::db::sql_types::{Id, Instant};
    article_slugs (slug) {
        slug -> Text,
        article_id -> Id,
        created_at -> Instant,
    }
}

table! {
    use diesel::sql_types::Text;
    use crate::db::sql_types::Id;
    article_tags (tag, article_id) {
        article_id -> Id,
        tag -> Text,
    }
}

table! {
    use crate::db::sql_types::Id;
    article_authors (article_id, user_id) {
        article_id -> Id,
        user_id -> Id,
    }
}

table! {
    use diesel::sql_types::{Binary, Text, Nullable};
    use crate::db::sql_types::{Id, Instant};
    feed_keys (id) {
        id -> Id,
        user_id -> Id,
        secret_hash -> Binary,
        name -> Text,
        created_at -> Instant,
        last_used_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable, Bool};
    use crate::db::sql_types::{Id, Instant};
    tombstones (id) {
        id -> Id,
        kind -> Text,
        target_id -> Id,
        group_id -> Nullable<Id>,
        is_public -> Bool,
        at -> Instant,
    }
}

// what each engine's index has besides is in `db/search.rs`
table! {
    use diesel::sql_types::{BigInt, Text, Nullable};
    use crate::db::sql_types::{Id, Instant};
    search_documents (number) {
        number -> BigInt,
        kind -> Text,
        target_id -> Id,
        group_id -> Nullable<Id>,
        post_id -> Nullable<Id>,
        at -> Instant,
    }
}

table! {
    use diesel::sql_types::Integer;
    use crate::db::sql_types::Id;
    article_relations (article_id, related_id) {
        article_id -> Id,
        related_id -> Id,
        position -> Integer,
    }
}

table! {
    use diesel::sql_types::{Text, Nullable, Integer};
    use crate::db::sql_types::{Id, Instant};
    article_contributions (article_id, group_id) {
        article_id -> Id,
        group_id -> Id,
        role -> Text,
        state -> Text,
        position -> Integer,
        proposed_by -> Id,
        decided_by -> Nullable<Id>,
        decided_at -> Nullable<Instant>,
        decision_reason -> Nullable<Text>,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::sql_types::{Id, Instant};
    submissions (id) {
        id -> Id,
        group_id -> Id,
        author_id -> Id,
        kind -> Text,
        title -> Nullable<Text>,
        body -> Text,
        link_url -> Nullable<Text>,
        tags -> Text,
        content_warnings -> Text,
        language -> Nullable<Text>,
        post_id -> Nullable<Id>,
        parent_id -> Nullable<Id>,
        submitted_at -> Instant,
        declined_at -> Nullable<Instant>,
        reason -> Nullable<Text>,
        pseudonym_id -> Nullable<Id>,
    }
}

table! {
    use diesel::sql_types::Nullable;
    use crate::db::sql_types::{Id, Instant};
    post_shares (post_id, group_id) {
        post_id -> Id,
        group_id -> Id,
        shared_by -> Id,
        shared_at -> Instant,
        pinned_at -> Nullable<Instant>,
        pinned_until -> Nullable<Instant>,
        removed_at -> Nullable<Instant>,
        removed_by -> Nullable<Id>,
        changed_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Binary, Integer, Nullable, Text};
    use crate::db::sql_types::{Id, Instant};
    idempotency_keys (user_id, operation, key_hash) {
        user_id -> Id,
        operation -> Text,
        key_hash -> Binary,
        request_hash -> Binary,
        created_at -> Instant,
        status -> Integer,
        location -> Nullable<Text>,
        etag -> Nullable<Text>,
        nonce -> Binary,
        sealed_body -> Binary,
    }
}

table! {
    use diesel::sql_types::Text;
    use crate::db::sql_types::Instant;
    rate_limits (caller) {
        caller -> Text,
        whole_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use crate::db::sql_types::{Id, Instant};
    api_keys (id) {
        id -> Id,
        user_id -> Id,
        made_by -> Id,
        name -> Text,
        scopes -> Text,
        is_restricted -> Bool,
        created_at -> Instant,
        expires_at -> Nullable<Instant>,
        last_used_at -> Nullable<Instant>,
    }
}

table! {
    use crate::db::sql_types::Id;
    api_key_groups (api_key_id, group_id) {
        api_key_id -> Id,
        group_id -> Id,
    }
}

table! {
    use diesel::sql_types::{Binary, Nullable};
    use crate::db::sql_types::{Id, Instant};
    api_key_secrets (secret_hash) {
        secret_hash -> Binary,
        api_key_id -> Id,
        created_at -> Instant,
        valid_until -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::db::sql_types::{Id, Instant};
    events (id) {
        id -> Id,
        position -> Nullable<BigInt>,
        kind -> Text,
        happened_at -> Instant,
        group_id -> Nullable<Id>,
        user_id -> Nullable<Id>,
        post_id -> Nullable<Id>,
        comment_id -> Nullable<Id>,
        article_id -> Nullable<Id>,
        is_public -> Bool,
    }
}

table! {
    use diesel::sql_types::{BigInt, Integer};
    use crate::db::sql_types::Id;
    webhook_progress (id) {
        id -> Integer,
        place -> BigInt,
        until -> BigInt,
        webhook_id -> Id,
    }
}

table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::sql_types::{Id, Instant};
    webhooks (id) {
        id -> Id,
        user_id -> Id,
        api_key_id -> Nullable<Id>,
        url -> Text,
        description -> Text,
        types -> Nullable<Text>,
        group_ids -> Nullable<Text>,
        status -> Text,
        secret -> Text,
        previous_secret -> Nullable<Text>,
        previous_valid_until -> Nullable<Instant>,
        failing_since -> Nullable<Instant>,
        switched_at -> Instant,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
    use crate::db::sql_types::{Id, Instant};
    webhook_deliveries (id) {
        id -> Id,
        webhook_id -> Id,
        event_id -> Id,
        position -> BigInt,
        kind -> Text,
        happened_at -> Instant,
        group_id -> Nullable<Id>,
        user_id -> Nullable<Id>,
        post_id -> Nullable<Id>,
        comment_id -> Nullable<Id>,
        article_id -> Nullable<Id>,
        is_public -> Bool,
        sequence_id -> Id,
        state -> Text,
        attempts -> Integer,
        due_at -> Nullable<Instant>,
        leased_until -> Nullable<Instant>,
        last_attempt_at -> Nullable<Instant>,
        last_status -> Nullable<Integer>,
        last_error -> Nullable<Text>,
        created_at -> Instant,
    }
}

joinable!(sessions -> users (user_id));
joinable!(refresh_tokens -> sessions (session_id));
joinable!(api_key_secrets -> api_keys (api_key_id));
joinable!(webhook_deliveries -> webhooks (webhook_id));
joinable!(group_type_links -> groups (group_id));
joinable!(group_type_links -> group_types (group_type_id));
joinable!(memberships -> groups (group_id));
joinable!(memberships -> users (user_id));
joinable!(group_slugs -> groups (group_id));
joinable!(group_domains -> groups (group_id));
joinable!(invitations -> groups (group_id));
joinable!(posts -> groups (group_id));
joinable!(posts -> users (author_id));
joinable!(comments -> posts (post_id));
joinable!(comments -> users (author_id));
joinable!(article_contributions -> articles (article_id));
joinable!(article_contributions -> groups (group_id));
joinable!(article_authors -> users (user_id));
joinable!(notifications -> users (user_id));
joinable!(revisions -> posts (post_id));
joinable!(submissions -> users (author_id));
joinable!(post_shares -> posts (post_id));
joinable!(post_shares -> groups (group_id));
joinable!(post_shares -> users (shared_by));

allow_tables_to_appear_in_same_query!(
    users,
    webhooks,
    webhook_deliveries,
    webhook_progress,
    events,
    api_keys,
    api_key_groups,
    api_key_secrets,
    sessions,
    refresh_tokens,
    group_types,
    groups,
    group_type_links,
    memberships,
    membership_events,
    group_slugs,
    group_rules,
    group_domains,
    group_proposals,
    invitations,
    ownership_offers,
    platform_settings,
    audit_events,
    posts,
    comments,
    articles,
    article_relations,
    article_contributions,
    article_slugs,
    article_tags,
    article_authors,
    revisions,
    reactions,
    post_marks,
    notifications,
    feed_keys,
    tombstones,
    search_documents,
    submissions,
    post_shares,
    idempotency_keys,
);
