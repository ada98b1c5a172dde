//! Every statement about API keys. Whether one is in force is asked in `auth/keys.rs`.

use std::collections::HashMap;

use diesel::prelude::*;

use super::model::{ApiKeyRow, SecretRow, WholeKey};
use crate::db::schema::{api_key_groups, api_key_secrets, api_keys};
use crate::db::{Conn, each_backend};
use crate::error::{Error, Result};
use crate::types::{ApiKeyId, GroupId, Timestamp, UserId};

/// An account's keys, the newest first.
pub fn list(conn: &mut Conn, user: UserId) -> Result<Vec<WholeKey>> {
    let keys =
        api_keys::table.filter(api_keys::user_id.eq(user)).order((api_keys::created_at.desc(), api_keys::id.desc()));
    let rows = each_backend!(conn => keys.select(ApiKeyRow::as_select()).load(conn))?;
    whole(conn, rows)
}

/// A key of this account's; not found where there is none.
pub fn get(conn: &mut Conn, user: UserId, id: ApiKeyId) -> Result<WholeKey> {
    let key = api_keys::table.find(id).filter(api_keys::user_id.eq(user));
    let row: ApiKeyRow = each_backend!(conn => key.select(ApiKeyRow::as_select()).first(conn))?;
    whole(conn, vec![row])?.pop().ok_or_else(Error::not_found)
}

fn whole(conn: &mut Conn, rows: Vec<ApiKeyRow>) -> Result<Vec<WholeKey>> {
    let ids: Vec<ApiKeyId> = rows.iter().map(|row| row.id).collect();
    let mut groups: HashMap<ApiKeyId, Vec<GroupId>> = HashMap::new();
    let opened = api_key_groups::table
        .filter(api_key_groups::api_key_id.eq_any(&ids))
        .order((api_key_groups::api_key_id, api_key_groups::group_id));
    for (key, group) in each_backend!(conn => opened.load::<(ApiKeyId, GroupId)>(conn))? {
        groups.entry(key).or_default().push(group);
    }
    let mut secrets: HashMap<ApiKeyId, Vec<SecretRow>> = HashMap::new();
    let kept = api_key_secrets::table.filter(api_key_secrets::api_key_id.eq_any(&ids));
    for secret in each_backend!(conn => kept.select(SecretRow::as_select()).load(conn))? {
        secrets.entry(secret.api_key_id).or_default().push(secret);
    }
    let keys = rows.into_iter().map(|row| {
        let secrets = secrets.remove(&row.id).unwrap_or_default();
        let newest = secrets.iter().find(|secret| secret.valid_until.is_none());
        WholeKey {
            groups: groups.remove(&row.id).unwrap_or_default(),
            secret_created_at: newest.map_or(row.created_at, |secret| secret.created_at),
            previous_valid_until: secrets.iter().filter_map(|secret| secret.valid_until).max(),
            row,
        }
    });
    Ok(keys.collect())
}

/// How many keys an account has.
pub fn count(conn: &mut Conn, user: UserId) -> Result<i64> {
    let keys = api_keys::table.filter(api_keys::user_id.eq(user));
    Ok(each_backend!(conn => keys.count().get_result(conn))?)
}

/// Adds a key with its first secret.
pub fn insert(conn: &mut Conn, row: &ApiKeyRow, groups: &[GroupId], secret: &SecretRow) -> Result<()> {
    each_backend!(conn => diesel::insert_into(api_keys::table).values(row).execute(conn))?;
    for group in groups {
        let opened = (api_key_groups::api_key_id.eq(row.id), api_key_groups::group_id.eq(group));
        each_backend!(conn => diesel::insert_into(api_key_groups::table).values(opened).execute(conn))?;
    }
    each_backend!(conn => diesel::insert_into(api_key_secrets::table).values(secret).execute(conn))?;
    Ok(())
}

/// Gives a key a new secret; the one until now is good until `until`, those before no more.
pub fn rotate(conn: &mut Conn, secret: &SecretRow, until: Timestamp) -> Result<()> {
    let of_key = api_key_secrets::table.filter(api_key_secrets::api_key_id.eq(secret.api_key_id));
    let former = of_key.filter(api_key_secrets::valid_until.is_not_null());
    each_backend!(conn => diesel::delete(former).execute(conn))?;
    let current = of_key.filter(api_key_secrets::valid_until.is_null());
    let ends = api_key_secrets::valid_until.eq(until);
    each_backend!(conn => diesel::update(current).set(ends).execute(conn))?;
    each_backend!(conn => diesel::insert_into(api_key_secrets::table).values(secret).execute(conn))?;
    Ok(())
}

/// Removes a key of this account's; not found where there is none.
pub fn delete(conn: &mut Conn, user: UserId, id: ApiKeyId) -> Result<()> {
    let key = api_keys::table.find(id).filter(api_keys::user_id.eq(user));
    let deleted = each_backend!(conn => diesel::delete(key).execute(conn))?;
    if deleted == 1 { Ok(()) } else { Err(Error::not_found()) }
}

/// Removes all keys of a person who goes.
pub fn forget(conn: &mut Conn, user: UserId) -> Result<()> {
    let keys = api_keys::table.filter(api_keys::user_id.eq(user));
    each_backend!(conn => diesel::delete(keys).execute(conn))?;
    Ok(())
}

/// Notes when keys were last used, where that is later than what is known.
pub fn touch(conn: &mut Conn, used: &[(ApiKeyId, Timestamp)]) -> Result<()> {
    for (id, at) in used {
        let earlier = api_keys::last_used_at.is_null().or(api_keys::last_used_at.lt(at));
        let key = api_keys::table.find(id).filter(earlier);
        each_backend!(conn => diesel::update(key).set(api_keys::last_used_at.eq(at)).execute(conn))?;
    }
    Ok(())
}
