//! The table of contents: one line a feature, in the order of `docs/ARCHITECTURE.md`; a feature imports only those below.

pub mod admin_groups;
pub mod api_keys;
pub mod articles;
pub mod audit;
pub mod comments;
pub mod event_stream;
pub mod events;
pub mod feeds;
pub mod group_types;
pub mod groups;
pub mod health;
pub mod idempotency;
pub mod inbox;
pub mod invitations;
pub mod last_seen;
pub mod marks;
pub mod me;
pub mod memberships;
pub mod moderation;
pub mod notices;
pub mod ownership;
pub mod people;
pub mod posts;
pub mod proposals;
pub mod reactions;
pub mod registration;
pub mod requests;
pub mod rosters;
pub mod search;
pub mod sessions;
pub mod settings;
pub mod shares;
pub mod submissions;
pub mod subscriptions;
pub mod users;
pub mod webhooks;

use actix_web::guard::{self, GuardContext};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

/// Every route. It takes no state, so that it yields both the router and the document.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.configure(sessions::routes::configure_root).configure(health::configure_root);
    config.service(scope::scope("/api/v1").configure(configure_v1));
}

fn configure_v1(config: &mut ServiceConfig<'_>) {
    // a request is compared with one route after the other: what is asked most comes first, administrators stand aside
    let is_for_administrators = |context: &GuardContext<'_>| context.head().uri.path().starts_with("/api/v1/admin/");
    config.service(scope::scope("").guard(guard::fn_guard(is_for_administrators)).configure(configure_admin));
    groups::routes::configure(config);
    memberships::routes::configure(config);
    requests::routes::configure(config);
    posts::routes::configure(config);
    comments::routes::configure(config);
    articles::routes::configure(config);
    feeds::routes::configure(config);
    inbox::routes::configure(config);
    marks::routes::configure(config);
    reactions::routes::configure(config);
    shares::routes::configure(config);
    search::routes::configure(config);
    me::routes::configure(config);
    people::routes::configure(config);
    api_keys::routes::configure(config);
    event_stream::routes::configure(config);
    webhooks::routes::configure(config);
    registration::routes::configure(config);
    subscriptions::routes::configure(config);
    invitations::routes::configure(config);
    proposals::routes::configure(config);
    moderation::routes::configure(config);
    submissions::routes::configure(config);
    group_types::routes::configure(config);
    ownership::routes::configure(config);
    rosters::routes::configure(config);
    sessions::routes::configure(config);
    notices::routes::configure(config);
}

fn configure_admin(config: &mut ServiceConfig<'_>) {
    admin_groups::routes::configure(config);
    users::routes::configure(config);
    api_keys::routes::configure_admin(config);
    settings::routes::configure(config);
    audit::routes::configure(config);
}
