//! How many keys somebody has, what goes together, and whose keys administrators make.

use super::model::NewApiKey;
use crate::api::users::model::User;
use crate::auth::actor::PlatformRole;
use crate::auth::scopes::Scope;
use crate::db::sql_types::TextEnum as _;
use crate::error::{Code, Error, Result};
use crate::types::Timestamp;

/// API keys that an account has at most.
pub const MOST: i64 = 20;

/// Whether an account with so many keys and this role may have this one.
pub fn create(new: &NewApiKey, role: PlatformRole, held: i64, now: Timestamp) -> Result<()> {
    if new.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::invalid("/expires_at", "past", "must be in the future"));
    }
    let scopes = &new.scopes.0;
    let too_much = |scope: &&Scope| role != PlatformRole::Admin && scope.is_for_administrators();
    if let Some(scope) = scopes.iter().find(too_much) {
        return Err(Error::invalid("/scopes", "forbidden", format!("{} is for administrators", scope.as_str())));
    }
    if let Some(scope) = scopes.iter().find(|scope| new.group_ids.is_some() && !scope.is_of_groups()) {
        let words = format!("{} goes beyond groups, to which the key is restricted", scope.as_str());
        return Err(Error::invalid("/scopes", "conflict", words));
    }
    if held >= MOST {
        let words = format!("{MOST} API keys are in use; revoke one that is not needed any more.");
        return Err(Error::new(Code::InUse, words));
    }
    Ok(())
}

/// Administrators make keys for programs, never for people: with those they would act under another's name.
pub fn is_for_program(account: &User) -> Result<()> {
    if account.is_service {
        return Ok(());
    }
    Err(Error::new(Code::InvalidState, "People make their keys themselves.")
        .with("state", account.status.as_str())
        .with("allowed", Vec::<&str>::new()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::api::api_keys::model::{GroupList, KeyName, ScopeList};
    use crate::types::GroupId;

    #[test]
    fn what_a_key_may_do_depends_on_whose_it_is_and_what_it_opens() {
        let now = Timestamp::now();
        let (soon, before) = (Some(now.after(Duration::from_secs(1))), Some(now.before(Duration::from_secs(1))));
        let (member, admin) = (PlatformRole::Member, PlatformRole::Admin);
        for (scopes, is_restricted, expires_at, role, held, expected) in [
            (vec![Scope::GroupsRead], false, None, member, 0, Ok(())),
            (vec![Scope::GroupsRead], true, soon, member, MOST - 1, Ok(())),
            (vec![Scope::GroupsRead], false, Some(now), member, 0, Err("/expires_at")),
            (vec![Scope::GroupsRead], false, before, member, 0, Err("/expires_at")),
            (vec![Scope::GroupsRead], false, None, member, MOST, Err("")),
            (vec![Scope::GroupsRead, Scope::AdminRead], false, None, member, 0, Err("/scopes")),
            (vec![Scope::AdminWrite], false, None, PlatformRole::Moderator, 0, Err("/scopes")),
            (vec![Scope::AdminWrite], false, None, admin, 0, Ok(())),
            (vec![Scope::AdminWrite], true, None, admin, 0, Err("/scopes")),
            (vec![Scope::PostsRead, Scope::AccountRead], true, None, member, 0, Err("/scopes")),
            (vec![Scope::AccountRead], false, None, member, 0, Ok(())),
        ] {
            let new = NewApiKey {
                name: KeyName::parse("Sync").unwrap(),
                scopes: ScopeList(scopes.clone()),
                group_ids: is_restricted.then(|| GroupList(vec![GroupId::new()])),
                expires_at,
            };
            let field = |error: Error| error.fields().first().map_or(String::new(), |field| field.pointer.clone());
            let is = create(&new, role, held, now).map_err(field);
            assert_eq!(is, expected.map_err(str::to_owned), "{scopes:?} {is_restricted} {role:?} {held}");
        }
    }
}
