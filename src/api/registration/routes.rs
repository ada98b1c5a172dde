//! `/auth/register`.

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{NewAccountStatus, Registered, Registration};
use super::{policy, queries};
use crate::api::invitations::acceptance;
use crate::api::invitations::model::InvitationAcceptance;
use crate::api::memberships::model::Answers;
use crate::api::users::model::UserRow;
use crate::api::{invitations, users};
use crate::auth::actor::PlatformRole;
use crate::auth::password::Passwords;
use crate::db::Db;
use crate::error::Result;
use crate::http::json::Body;
use crate::types::{RequestId, Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(register);
}

/// Register
///
/// The answer is the same when the address has an account already, so that nobody learns who is here. With the token of an
/// invitation the new account becomes a member; where it waits for approval, or the group has rules that it does not accept,
/// it is invited.
#[utoipa::path(tag = "sessions", operation_id = "register_account", security(()), request_body = Registration, responses(
    (status = 202, description = "Accepted", body = Registered),
    (status = 403, description = "Registration is closed, or the invitation is for another address (`forbidden`, `registration_closed`)"),
    (status = 404, description = "No such token of an invitation"),
    (status = 409, description = "The inviting group is archived (`archived`)"),
    (status = 410, description = "The invitation is over; `state` says how"),
))]
#[post("/auth/register")]
async fn register(
    request: HttpRequest,
    db: web::Data<Db>,
    passwords: web::Data<Passwords>,
    status: web::Data<NewAccountStatus>,
    body: Body<Registration>,
) -> Result<HttpResponse> {
    let status = policy::register(**status)?;
    let Registration { email, password, display_name, invitation_token, accepted_rules_version } = body.0;
    let (now, request_id) = (Timestamp::now(), request.extensions().get::<RequestId>().copied().unwrap_or_default());
    let row = UserRow {
        id: UserId::new(),
        email: Some(email.into_string()),
        display_name: display_name.into_string(),
        password_hash: passwords.hash(password).await?,
        status,
        platform_role: PlatformRole::Member,
        is_service: false,
        show_last_seen: true,
        created_at: now,
        updated_at: now,
    };
    let answers = Answers::default();
    let acceptance = invitation_token.map(|token| InvitationAcceptance {
        token,
        accepted_rules_version,
        answers,
        display_name: None,
    });
    db.write(move |conn| {
        let Some(acceptance) = &acceptance else { return users::queries::insert(conn, &row).map(drop) };
        // what is wrong with the invitation is told whether or not the address has an account
        let open = acceptance::lock(conn, acceptance.token.as_str(), now)?;
        invitations::policy::meant(&open.row, row.email.as_deref())?;
        if users::queries::insert(conn, &row)? {
            queries::welcome(conn, &row, &open, acceptance, request_id, now)?;
        }
        Ok(())
    })
    .await?;
    Ok(HttpResponse::Accepted().json(Registered { status }))
}
