//! Every statement about the platform's settings: one row.

use std::time::Duration;

use diesel::prelude::*;

use super::model::{Settings, SettingsPatch};
use crate::db::schema::platform_settings;
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::types::Timestamp;

/// The settings.
pub fn get(conn: &mut Conn) -> Result<Settings> {
    Ok(each_backend!(conn => platform_settings::table.find(1).select(Settings::as_select()).first(conn))?)
}

/// Locks the settings until the transaction ends: whoever changes what concerns the whole platform (the settings, the order
/// of the kinds of group, which group is within which) begins so. SQLite has one writer, which is lock enough.
pub fn lock(conn: &mut Conn) -> Result<()> {
    if let Conn::Postgres(conn) = conn {
        platform_settings::table.find(1).select(platform_settings::id).for_update().first::<i32>(conn)?;
    }
    Ok(())
}

/// Changes the settings.
pub fn update(conn: &mut Conn, before: &Settings, patch: &SettingsPatch, now: Timestamp) -> Result<Settings> {
    let changes = (
        patch.group_creation.0.map(|value| platform_settings::group_creation.eq(value)),
        patch.invitation_days.0.map(|days| platform_settings::invitation_days.eq(days.0)),
        patch.request_cooldown_days.0.map(|days| platform_settings::request_cooldown_days.eq(days.0)),
        platform_settings::updated_at.eq(before.updated_at),
    );
    let changed = diesel::update(platform_settings::table.find(1)).set(changes);
    let after: Settings = each_backend!(conn => changed.returning(Settings::as_returning()).get_result(conn))?;
    if after == *before {
        return Ok(after);
    }
    // the tag of what is shown is the time of the last change
    let now = now.max(before.updated_at.after(Duration::from_micros(1)));
    let changed = diesel::update(platform_settings::table.find(1)).set(platform_settings::updated_at.eq(now));
    Ok(each_backend!(conn => changed.returning(Settings::as_returning()).get_result(conn))?)
}
