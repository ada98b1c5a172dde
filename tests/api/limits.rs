//! Limits that are counted in the database: by several servers, and on when one is gone.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::process::{Serving, praxis};
use crate::support::{App, Caller, Case, Database, served, stored};

pub fn cases() -> Vec<Case> {
    let mut all = stored![servers_that_share_a_database_count_together];
    all.extend(served![
        what_is_left_is_counted_in_the_database with ["--rate-limit", "on", "--rate-limit-store", "database", "--rate-limit-requests", "5/60"],
        requests_are_counted_while_the_database_is_not_there with ["--rate-limit", "on", "--rate-limit-store", "database", "--rate-limit-requests", "5/60"],
    ]);
    all
}

/// How many of so many guesses at once are let through.
async fn let_through(guesser: &Caller, guesses: usize) -> usize {
    let guess = || async { guesser.post("/auth/refresh", json!({ "refresh_token": "guess" })).await.status };
    join_all((0..guesses).map(|_| guess())).await.iter().filter(|status| **status == 401).count()
}

async fn servers_that_share_a_database_count_together(database: Database) {
    // slow to come back: what this takes is no part of it
    let serve =
        || Serving::start(praxis(&database, &["--rate-limit-store", "database", "--rate-limit-auth", "20/6000"]));
    let passed = if database.is_sqlite() {
        let server = serve();
        let first = let_through(&server.anon(), 15).await;
        drop(server);
        first + let_through(&serve().anon(), 15).await
    } else {
        let (one, two) = (serve(), serve());
        let (one, two) = (one.anon(), two.anon());
        let (one, two) = tokio::join!(let_through(&one, 15), let_through(&two, 15));
        assert!(one > 0 && two > 0, "{one} and {two}");
        one + two
    };
    assert_eq!(passed, 20);
}

async fn what_is_left_is_counted_in_the_database(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    for left in (0..5).rev() {
        let answer = ann.get("/me").await.expect(200);
        assert!(answer.header("ratelimit").starts_with(&format!("\"requests\";r={left};t=")), "{:?}", answer.headers);
        assert_eq!(answer.header("ratelimit-policy"), "\"requests\";q=5;w=60");
    }
    let over = ann.get("/me").await.expect_problem(429, "rate_limited");
    assert!((1..=12).contains(&over.header("retry-after").parse::<u32>().unwrap()));
    bob.get("/me").await.expect(200);
    ann.get("/search?q=words").await.expect(200);
    // an hour later
    app.in_database(|conn| {
        let before = if matches!(conn, praxis::db::Conn::Sqlite(_)) { "- 3600000000" } else { "- interval '1 hour'" };
        Ok(conn.execute(&format!("UPDATE rate_limits SET whole_at = whole_at {before}"))?)
    });
    assert!(ann.get("/me").await.expect(200).header("ratelimit").starts_with("\"requests\";r=4;"));
}

async fn requests_are_counted_while_the_database_is_not_there(app: App) {
    let ann = app.user("ann");
    app.in_database(|conn| Ok(conn.execute("ALTER TABLE rate_limits RENAME TO gone")?));
    let started = Instant::now();
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(ann.get("/me").await.status);
    }
    assert!(started.elapsed() < Duration::from_secs(10), "this is slow: {:?}", started.elapsed());
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429]);
}
