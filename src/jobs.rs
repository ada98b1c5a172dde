//! What happens when its time has come, without anybody asking: bans, roles, suspensions and invitations end, groups close,
//! people join by their address. Each job is one bounded transaction that several servers may run at once: whoever comes
//! second finds nothing left to do.

use crate::api::{
    articles, events, groups, idempotency, invitations, memberships, notices, posts, submissions, users, webhooks,
};
use crate::db::{Conn, Db, tombstones};
use crate::error::Result;
use crate::types::Timestamp;

/// A job: does what is due by now and says how much it did.
type Job = fn(&mut Conn, Timestamp) -> Result<usize>;

/// All jobs, by the names that the log has for them.
pub const JOBS: [(&str, Job); 15] = [
    ("end bans and roles", memberships::queries::end_due),
    ("reinstate people", users::queries::reinstate_due),
    ("expire invitations", invitations::queries::expire_due),
    ("close groups", groups::queries::close_due),
    ("join by e-mail domain", memberships::queries::join_by_domain),
    ("publish articles", articles::queries::publish_due),
    ("publish posts", posts::queries::publish_due),
    ("purge what was deleted", posts::queries::purge_due),
    ("purge what was declined", submissions::queries::purge_due),
    ("forget old notifications", notices::queries::purge_due),
    ("forget old events", events::purge_due),
    ("forget old deliveries", webhooks::queries::purge_due),
    ("forget former secrets", webhooks::queries::forget_secrets_due),
    ("forget answers to requests", idempotency::purge_due),
    ("forget what was gone long ago", |conn, now| tombstones::purge(conn, now.before(tombstones::KEPT).raw())),
];

/// How often a job is run again at once while there is something left to do: others wait for their turn.
const MOST: usize = 50;

/// Runs all jobs; one that fails is logged and holds no other up.
pub async fn run(db: &Db) {
    for (name, job) in JOBS {
        for _ in 0..MOST {
            // a time of its own, when its turn has come: what it changes is not dated before what was told meanwhile
            match db.write(move |conn| job(conn, Timestamp::now())).await {
                Ok(0) => break,
                Ok(done) => tracing::info!(name, done, "job"),
                Err(error) => {
                    tracing::warn!(name, %error, "a job failed; it is tried again");
                    break;
                }
            }
        }
    }
}
