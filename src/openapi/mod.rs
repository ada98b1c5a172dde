//! The OpenAPI document: built from the route table without any state, then made strict where the generator is lax.

mod dialect;
mod examples;
mod guide;
mod limits;
mod operations;
mod schemas;

use std::borrow::Cow;
use std::sync::LazyLock;

use actix_web::App;
use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_actix_web::AppExt as _;

use crate::api;
use crate::api::admin_groups::model::{AdminGroupStatus, OwnerCount};
use crate::api::comments::model::CommentMode;
use crate::api::group_types::model::GroupTypeStatusFilter;
use crate::api::groups::model::{GroupIds, GroupSort, GroupStatusFilter, TypeMatch, TypeSlugs};
use crate::api::invitations::model::{InvitationKind, InvitationState};
use crate::api::memberships::model::MemberSort;
use crate::api::posts::model::{PostSort, PostStatusFilter};
use crate::api::proposals::model::ProposalState;
use crate::api::requests::model::RequestState;
use crate::api::search::model::SearchKinds;
use crate::api::users::model::Skill;
use crate::auth::scopes::{Scope, Scopes};
use crate::config::{Dialect, Notation};
use crate::db::sql_types::TextEnum as _;
use crate::error::{Error, Result};
use crate::http::page::Limit;
use crate::http::problem::Problem;
use crate::http::text::Slug;

pub use guide::page as guide;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Praxis",
        description = include_str!("description.md"),
        contact(name = "The developers of Praxis"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "The server that this document comes from, be it production, staging or local")),
    // beside the problem, what only query parameters refer to: utoipa does not collect those by itself
    components(schemas(
        Problem,
        Limit,
        AdminGroupStatus,
        OwnerCount,
        GroupTypeStatusFilter,
        GroupIds,
        GroupSort,
        GroupStatusFilter,
        TypeMatch,
        TypeSlugs,
        MemberSort,
        Skill,
        RequestState,
        ProposalState,
        InvitationState,
        InvitationKind,
        PostStatusFilter,
        PostSort,
        CommentMode,
        SearchKinds,
        Slug
    )),
    modifiers(&Schemes),
    tags(
        (name = "articles", description = "Editorial pieces and the groups that contributed to them"),
        (name = "posts", description = "Conversations in a group, with comments in threads"),
        (name = "groups", description = "Communities of practice, peer support groups and their kinds"),
        (name = "memberships", description = "Who belongs to a group, who asks to, and who decides"),
        (name = "people", description = "People who let others see which groups they are in"),
        (name = "search", description = "Everything that the caller may read, by its words"),
        (name = "me", description = "One's own account"),
        (name = "events", description = "What happens, for programs that listen"),
        (name = "webhooks", description = "Addresses that are told what happens"),
        (name = "api-keys", description = "What programs call with"),
        (name = "sessions", description = "Registering, logging in and out"),
        (name = "admin", description = "What administrators do"),
        (name = "operations", description = "For load balancers and monitoring"),
    ),
)]
struct Base;

struct Schemes;

impl utoipa::Modify for Schemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        for (name, format, words) in [
            ("bearer", "JWT", "An access token: a JWT, signed with EdDSA and verified as RFC8725 wants it."),
            (
                "api_key",
                "prx_key_…",
                "An API key: the secret of a program. Each operation names the scope that it wants.",
            ),
            (
                "feed_key",
                "prx_feed_…",
                "A feed key. Readers of feeds send it as a password: HTTP Basic, with any name.",
            ),
        ] {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format);
            let scheme = scheme.description(Some(words)).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// The role that operations of administrators name beside the scope of a key.
const ADMINISTRATORS: &str = "admin";

/// The document, version 3.1. The program alone decides what it says, so that it is built once.
#[must_use]
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(build);
    &DOCUMENT
}

fn build() -> Value {
    let (_, document) =
        App::new().into_utoipa_app().openapi(Base::openapi()).configure(api::configure).split_for_parts();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    operations::complete(&mut document);
    schemas::tidy(&mut document);
    limits::fill(&mut document);
    examples::fill(&mut document);
    operations::open(&mut document);
    if let Some(server) = document.pointer_mut("/servers/0").and_then(Value::as_object_mut) {
        // it is meant for everybody
        server.insert("x-internal".to_owned(), Value::Bool(false));
    }
    document
}

/// The document as it is committed and served.
///
/// # Errors
/// None that is known: what JSON says YAML can say.
pub fn text(dialect: Dialect, notation: Notation) -> Result<String> {
    let document = match dialect {
        Dialect::V3_1 => Cow::Borrowed(document()),
        Dialect::V3_0 => Cow::Owned(dialect::to_3_0(document().clone())),
    };
    match notation {
        Notation::Json => Ok(format!("{document:#}\n")),
        Notation::Yaml => yaml_serde::to_string(&document).map_err(Error::internal),
    }
}

/// Which scope each operation wants of an API key.
#[must_use]
pub fn scopes() -> Scopes {
    let paths = document().get("paths").and_then(Value::as_object).into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| (method.to_uppercase(), path, operation))
    });
    let wanted = operations.filter_map(|(method, path, operation)| {
        let schemes = operation.get("security")?.as_array()?;
        let named = schemes.iter().find_map(|scheme| scheme.get("api_key")?.as_array())?;
        let names = named.iter().filter(|name| *name != ADMINISTRATORS);
        let scopes = names.map(|name| Scope::parse(name.as_str()?)).collect::<Option<Vec<_>>>()?;
        Some(((method, path.clone()), scopes))
    });
    Scopes(wanted.collect())
}
