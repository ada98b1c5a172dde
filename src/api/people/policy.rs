//! Who finds whom.

use crate::api::users::model::{User, UserStatus};
use crate::auth::actor::Actor;
use crate::error::{Error, Result};

/// A person's groups are theirs to show: others find a person who does, as if nobody else were here. Whoever has another name
/// in a group is not found: the id that stands beside that name would tell whose it is.
pub fn find(actor: &Actor, person: &User, has_pseudonym: bool) -> Result<()> {
    let shows = person.show_groups && person.status == UserStatus::Active && !has_pseudonym;
    let may = shows || actor.user_id == person.id || actor.is_admin();
    if may { Ok(()) } else { Err(Error::not_found()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::actor::PlatformRole;
    use crate::db::sql_types::JsonList;
    use crate::types::{RequestId, Timestamp, UserId};

    #[test]
    fn others_find_only_those_who_show_themselves() {
        let now = Timestamp::from_micros(0);
        let person = |show_groups, status| User {
            id: UserId::new(),
            email: None,
            display_name: String::new(),
            password_hash: String::new(),
            status,
            platform_role: PlatformRole::Member,
            show_last_seen: true,
            last_seen_at: None,
            created_at: now,
            updated_at: now,
            email_verified_at: None,
            status_reason: None,
            suspended_until: None,
            show_groups,
            organisation: None,
            skills: JsonList(Vec::new()),
            handle: None,
            is_service: false,
        };
        let actor = |user_id, role| Actor::on_behalf(user_id, role, RequestId::new());
        for (show, status, other, own, admin) in [
            (false, UserStatus::Active, false, true, true),
            (true, UserStatus::Active, true, true, true),
            (true, UserStatus::Suspended, false, true, true),
            (true, UserStatus::Pending, false, true, true),
        ] {
            let person = person(show, status);
            assert_eq!(
                find(&actor(UserId::new(), PlatformRole::Moderator), &person, false).is_ok(),
                other,
                "{show} {status:?}"
            );
            assert!(find(&actor(UserId::new(), PlatformRole::Moderator), &person, true).is_err());
            for hides in [false, true] {
                let (own_caller, admin_caller) =
                    (actor(person.id, PlatformRole::Member), actor(UserId::new(), PlatformRole::Admin));
                assert_eq!(find(&own_caller, &person, hides).is_ok(), own, "{show} {status:?}");
                assert_eq!(find(&admin_caller, &person, hides).is_ok(), admin, "{show} {status:?}");
            }
        }
    }
}
