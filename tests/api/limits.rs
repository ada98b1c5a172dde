//! Limits that several servers count together.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::process::{Serving, failure, praxis};
use crate::support::{Caller, Case, Database, stored};

pub fn cases() -> Vec<Case> {
    stored![servers_that_share_a_postgresql_count_together, one_server_of_an_sqlite_file_counts_alone]
}

const TOGETHER: [&str; 2] = ["--rate-limit-store", "database"];

/// How many of so many guesses at once are let through.
async fn let_through(guesser: &Caller, guesses: usize) -> usize {
    let guess = || async { guesser.post("/auth/login", json!({})).await.status };
    join_all((0..guesses).map(|_| guess())).await.iter().filter(|status| **status == 422).count()
}

async fn one_server_of_an_sqlite_file_counts_alone(database: Database) {
    if database.is_sqlite() {
        let refused = failure(&praxis(&database, &TOGETHER).output().unwrap());
        assert!(refused.contains("PRAXIS_RATE_LIMIT_STORE"), "{refused}");
    } else {
        Serving::start(praxis(&database, &TOGETHER)).anon().get("/groups").await.expect(200);
    }
}

async fn servers_that_share_a_postgresql_count_together(database: Database) {
    // slow to come back: what this takes is no part of it
    let rates = ["--rate-limit-auth", "20/6000", "--rate-limit-requests", "5/6000"];
    let store: &[&str] = if database.is_sqlite() { &[] } else { &TOGETHER };
    let args = [&rates[..], store].concat();
    let one = Serving::start(praxis(&database, &args));
    if database.is_sqlite() {
        assert_eq!(let_through(&one.anon(), 30).await, 20);
        return;
    }
    let two = Serving::start(praxis(&database, &args));
    let (here, there) = (one.anon(), two.anon());
    let (first, second) = tokio::join!(let_through(&here, 15), let_through(&there, 15));
    assert!(first > 0 && second > 0, "{first} and {second}");
    assert_eq!(first + second, 20);

    for (left, caller) in [(4, &here), (3, &there), (2, &here), (1, &there)] {
        let answer = caller.get("/groups").await.expect(200);
        assert!(
            answer.header("ratelimit").starts_with(&format!("\"requests\";r={left};t=")),
            "{left}: {:?}",
            answer.headers
        );
        assert_eq!(answer.header("ratelimit-policy"), "\"requests\";q=5;w=6000");
    }
    here.get("/groups").await.expect(200);
    let over = there.get("/groups").await.expect_problem(429, "rate_limited");
    assert!((1..=1200).contains(&over.header("retry-after").parse::<u32>().unwrap()));

    // who cannot be counted there is counted here, and soon
    let mut holding = database.connect();
    holding.execute("BEGIN; LOCK TABLE rate_limits IN ACCESS EXCLUSIVE MODE").unwrap();
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let started = Instant::now();
        statuses.push(there.get("/groups").await.status);
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
    holding.execute("ROLLBACK").unwrap();
    // what waited there is counted now
    tokio::time::sleep(Duration::from_secs(1)).await;
    // hours later
    holding.execute("UPDATE rate_limits SET whole_at = whole_at - interval '2 hours'").unwrap();
    let again = here.get("/groups").await.expect(200);
    assert!(again.header("ratelimit").starts_with("\"requests\";r=4;"), "{:?}", again.headers);
}
