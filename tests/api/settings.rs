//! The platform's settings: what they decide, and that nobody overwrites what they have not seen.

use praxis::auth::actor::PlatformRole;
use serde_json::json;

use crate::support::world::{COMMUNITY, group};
use crate::support::{App, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        who_creates_groups_is_a_setting,
        the_cool_down_of_new_groups_is_a_setting,
        settings_are_checked_and_nobody_overwrites_them_unseen,
    ]
}

async fn who_creates_groups_is_a_setting(app: App) {
    let (admin, ann) = (app.admin(), app.user("ann"));
    let body = json!({ "name": "Circle", "type_ids": [COMMUNITY] });
    assert_eq!(admin.get("/admin/settings").await.expect(200)["group_creation"], "everyone");
    for (setting, code) in [("approval", "approval_needed"), ("admins", "forbidden")] {
        admin.patch("/admin/settings", json!({ "group_creation": setting })).await.expect(200);
        ann.post("/groups", body.clone()).await.expect_problem(403, code);
        admin.post("/groups", body.clone()).await.expect(201);
    }
    admin.patch("/admin/settings", json!({ "group_creation": "everyone" })).await.expect(200);
    ann.post("/groups", body).await.expect(201);
}

async fn the_cool_down_of_new_groups_is_a_setting(app: App) {
    let (admin, ann) = (app.admin(), app.user("ann"));
    let before = group(&ann, "Before", json!({})).await;
    admin.patch("/admin/settings", json!({ "request_cooldown_days": 7 })).await.expect(200);
    let after = group(&ann, "After", json!({})).await;
    let own = group(&ann, "Own", json!({ "request_cooldown_days": 0 })).await;
    for (id, days) in [(before, 30), (after, 7), (own, 0)] {
        assert_eq!(ann.get(format!("/groups/{id}")).await.expect(200)["request_cooldown_days"], days);
    }
}

async fn settings_are_checked_and_nobody_overwrites_them_unseen(app: App) {
    let (one, two) = (app.admin(), app.person("another admin", PlatformRole::Admin));
    for (patch, pointer, code) in [
        (json!({ "group_creation": "nobody" }), "/group_creation", "unknown_value"),
        (json!({ "group_creation": null }), "/group_creation", "wrong_type"),
        (json!({ "invitation_days": 0 }), "/invitation_days", "out_of_range"),
        (json!({ "invitation_days": 366 }), "/invitation_days", "out_of_range"),
        (json!({ "request_cooldown_days": -1 }), "/request_cooldown_days", "out_of_range"),
        (json!({ "invitation_days": 2_147_483_648_i64 }), "/invitation_days", "wrong_type"),
        (json!({ "theme": "dark" }), "/theme", "unknown_property"),
    ] {
        one.patch("/admin/settings", patch).await.expect_field(422, pointer, code);
    }
    let seen = one.get("/admin/settings").await.expect(200);
    let changed = two.patch_if(seen.header("etag"), "/admin/settings", json!({ "invitation_days": 14 })).await;
    let changed = changed.expect(200);
    let late = one.patch_if(seen.header("etag"), "/admin/settings", json!({ "invitation_days": 60 })).await;
    assert_eq!(late.expect_problem(412, "precondition_failed").version(), changed.version());
    assert_eq!(one.get("/admin/settings").await.expect(200).json, changed.json);
    let log = one.get("/admin/audit-log?action=settings_updated").await.expect(200);
    let changes = json!([{ "field": "invitation_days", "before": "28", "after": "14" }]);
    assert_eq!(log.items().iter().map(|event| event["changes"].clone()).collect::<Vec<_>>(), [changes]);
}
