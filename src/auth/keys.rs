//! Who calls with an API key: the key is looked up for each request, so that it is void as soon as it is revoked.

use std::time::Duration;

use diesel::prelude::*;
use quick_cache::sync::Cache;

use super::actor::PlatformRole;
use super::scopes::Scope;
use super::tokens::{KEY_PREFIX, token_hash};
use crate::db::schema::{api_key_secrets, api_keys, users};
use crate::db::sql_types::JsonList;
use crate::db::{Conn, Db, each_backend};
use crate::error::{Code, Error, Result};
use crate::types::{ApiKeyId, Timestamp, UserId};

/// How many keys are remembered for counting requests, and for how long after each use: whoever has one that is void by then
/// does not use up what its owner may ask.
const REMEMBERED: usize = 10_000;
const REMEMBERED_FOR: Duration = Duration::from_mins(1);

/// A key in force, and as whom it acts.
#[derive(Debug, Clone, Queryable)]
pub struct Key {
    /// The key.
    pub id: ApiKeyId,
    /// The person or service account.
    pub user_id: UserId,
    /// What they may do on the whole platform, at this moment.
    pub role: PlatformRole,
    /// What the key may do.
    pub scopes: JsonList<Scope>,
    /// Whether it opens some groups only.
    pub is_restricted: bool,
    /// The hash of the secret with which it was opened.
    pub secret_hash: Vec<u8>,
}

/// Whose keys are, by their hashes, and when that was seen: for counting requests, never for letting them pass.
struct Owners(Cache<Vec<u8>, (UserId, Timestamp)>);

impl Owners {
    fn note(&self, hash: Vec<u8>, owner: UserId, now: Timestamp) {
        self.0.insert(hash, (owner, now));
    }

    fn of(&self, hash: &[u8], now: Timestamp) -> Option<UserId> {
        let (owner, seen_at) = self.0.get(hash)?;
        (seen_at.after(REMEMBERED_FOR) > now).then_some(owner)
    }
}

/// Knows keys.
pub struct Keys {
    db: Db,
    owners: Owners,
}

/// The conditions for a key in force: not expired, its account in use, and whoever made it for a program still an administrator.
macro_rules! in_force {
    ($now:expr) => {{
        let makers = diesel::alias!(users as makers);
        let is_good = makers
            .filter(makers.field(users::id).eq(api_keys::made_by))
            .filter(makers.field(users::status).eq("active"))
            .filter(makers.field(users::platform_role).eq(PlatformRole::Admin))
            .select(makers.field(users::id));
        api_keys::expires_at
            .is_null()
            .or(api_keys::expires_at.gt($now))
            .and(users::status.eq("active"))
            .and(api_keys::made_by.eq(api_keys::user_id).or(diesel::dsl::exists(is_good)))
    }};
}

impl Keys {
    /// None known yet.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db, owners: Owners(Cache::new(REMEMBERED)) }
    }

    /// Whether a bearer's token is a key, by its form.
    #[must_use]
    pub fn is_key(token: &str) -> bool {
        token.starts_with(KEY_PREFIX)
    }

    /// Whose key it was when it was used here a moment ago.
    #[must_use]
    pub fn owner(&self, token: &str) -> Option<UserId> {
        self.owners.of(&token_hash(token), Timestamp::now())
    }

    /// The key.
    ///
    /// # Errors
    /// `invalid_token` where there is none in force; when the database does not answer.
    pub async fn verify(&self, token: &str) -> Result<Key> {
        let hash = token_hash(token);
        let (now, wanted) = (Timestamp::now(), hash.clone());
        let key = self.db.read(move |conn| find(conn, &wanted, now)).await?;
        let Some(key) = key else {
            self.owners.0.remove(&hash);
            return Err(Error::new(Code::InvalidToken, "The API key is unknown, expired or revoked."));
        };
        self.owners.note(hash, key.user_id, now);
        Ok(key)
    }
}

fn find(conn: &mut Conn, hash: &[u8], now: Timestamp) -> Result<Option<Key>> {
    let is_good = api_key_secrets::valid_until.is_null().or(api_key_secrets::valid_until.gt(now));
    let key = api_key_secrets::table
        .inner_join(api_keys::table)
        .inner_join(users::table.on(users::id.eq(api_keys::user_id)))
        .filter(api_key_secrets::secret_hash.eq(hash))
        .filter(is_good)
        .filter(in_force!(now))
        .select((
            api_keys::id,
            api_keys::user_id,
            users::platform_role,
            api_keys::scopes,
            api_keys::is_restricted,
            api_key_secrets::secret_hash,
        ));
    Ok(each_backend!(conn => key.first(conn).optional())?)
}

/// Which of these keys are in force.
///
/// # Errors
/// When the database does not answer.
pub fn in_force(conn: &mut Conn, ids: &[ApiKeyId], now: Timestamp) -> Result<Vec<ApiKeyId>> {
    let keys = api_keys::table
        .inner_join(users::table.on(users::id.eq(api_keys::user_id)))
        .filter(api_keys::id.eq_any(ids))
        .filter(in_force!(now))
        .select(api_keys::id);
    Ok(each_backend!(conn => keys.load(conn))?)
}

/// Whether a key goes on, and the secret with which it was opened; with `holds` it cannot be removed until the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub fn goes_on(conn: &mut Conn, id: ApiKeyId, secret: &[u8], now: Timestamp, holds: bool) -> Result<bool> {
    let is_good = api_key_secrets::valid_until.is_null().or(api_key_secrets::valid_until.gt(now));
    let key = api_key_secrets::table
        .inner_join(api_keys::table)
        .inner_join(users::table.on(users::id.eq(api_keys::user_id)))
        .filter(api_key_secrets::secret_hash.eq(secret))
        .filter(api_keys::id.eq(id))
        .filter(is_good)
        .filter(in_force!(now))
        .select(api_keys::id);
    let found: Option<ApiKeyId> = match conn {
        Conn::Postgres(conn) if holds => key.for_key_share().first(conn).optional()?,
        conn => each_backend!(conn => key.first(conn).optional())?,
    };
    Ok(found.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_not_used_for_a_minute_uses_up_nobodys_limit() {
        let (owners, user, now) = (Owners(Cache::new(8)), UserId::new(), Timestamp::now());
        owners.note(vec![1], user, now);
        assert_eq!(owners.of(&[1], now.after(Duration::from_secs(59))), Some(user));
        assert_eq!(owners.of(&[1], now.after(Duration::from_mins(1))), None);
        assert_eq!(owners.of(&[2], now), None);
    }
}
