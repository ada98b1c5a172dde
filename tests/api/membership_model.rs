//! The life of memberships against a naive model, over random sequences of everything that everybody can try: each answer
//! has the status, and each person the state and the role, that the model says; the count equals the rows, the group never
//! loses its last owner, and the history holds every step.

use proptest::prelude::any;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::support::world::group;
use crate::support::{Answer, App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![memberships_live_as_a_naive_model_says]
}

const PEOPLE: usize = 5;
const STEPS: usize = 45;
const HISTORIES: u32 = 10;
const ROLES: [&str; 3] = ["member", "facilitator", "owner"];

/// What is tried, by whom, with whom, and the role that it is about.
type Try = (u8, u8, u8, u8);

#[derive(Clone, Copy, PartialEq, Debug)]
struct Held {
    state: &'static str,
    role: usize,
    steps: usize,
}

struct Model {
    open: bool,
    held: [Option<Held>; PEOPLE],
}

impl Model {
    fn state(&self, who: usize) -> &'static str {
        self.held[who].map_or("none", |held| held.state)
    }

    /// Nothing unless active.
    fn role(&self, who: usize) -> Option<usize> {
        self.held[who].filter(|held| held.state == "active").map(|held| held.role)
    }

    fn is_last_owner(&self, who: usize) -> bool {
        let owners = (0..PEOPLE).filter(|person| self.role(*person) == Some(2)).count();
        self.role(who) == Some(2) && owners == 1
    }

    fn set(&mut self, who: usize, state: &'static str, role: usize) {
        let steps = self.held[who].map_or(0, |held| held.steps);
        self.held[who] = Some(Held { state, role, steps: steps + 1 });
    }

    fn kept(&self, who: usize) -> usize {
        self.held[who].map_or(0, |held| held.role)
    }

    fn enter(&mut self, who: usize) -> u16 {
        match (self.state(who), self.open) {
            ("banned", _) => return 403,
            ("active", _) | ("requested", false) => {}
            ("invited", _) | (_, true) => self.set(who, "active", 0),
            (_, false) => self.set(who, "requested", self.kept(who)),
        }
        200
    }

    fn leave(&mut self, who: usize) -> u16 {
        if self.is_last_owner(who) {
            return 409;
        }
        if matches!(self.state(who), "active" | "requested" | "invited") {
            self.set(who, "left", self.kept(who));
        }
        204
    }

    fn decide(&mut self, by: usize, who: usize, approve: bool) -> u16 {
        if self.role(by).unwrap_or(0) == 0 {
            return 403;
        }
        match (self.state(who), approve) {
            ("none", _) => return 404,
            ("requested" | "declined", true) => self.set(who, "active", 0),
            ("requested", false) => self.set(who, "declined", self.kept(who)),
            _ => return 409,
        }
        200
    }

    /// Refuses who may not act on somebody at all.
    fn refused(&self, by: usize, who: usize) -> Option<u16> {
        match self.role(by) {
            None | Some(0) => Some(403),
            _ if self.state(who) == "none" => Some(404),
            Some(1) if self.role(who).unwrap_or(0) > 0 => Some(403),
            _ => None,
        }
    }

    fn put_out(&mut self, by: usize, who: usize, state: &'static str) -> u16 {
        if let Some(status) = self.refused(by, who) {
            return status;
        }
        match (self.state(who), state) {
            (from, to) if from == to => return 200,
            ("active", _) if self.is_last_owner(who) => return 409,
            (_, "banned") | ("active" | "banned", "removed") => self.set(who, state, self.kept(who)),
            _ => return 409,
        }
        200
    }

    fn give(&mut self, by: usize, who: usize, role: usize) -> u16 {
        if let Some(status) = self.refused(by, who) {
            return status;
        }
        if self.kept(who) == role {
            return 200;
        }
        match self.state(who) {
            _ if self.role(by) != Some(2) => return 403,
            "active" if self.is_last_owner(who) => return 409,
            "active" => self.set(who, "active", role),
            _ => return 409,
        }
        200
    }

    /// The status of the whole and of the row.
    fn invite(&mut self, by: usize, who: usize) -> (u16, Option<&'static str>) {
        match (self.role(by), self.state(who)) {
            (None | Some(0), _) => (403, None),
            (_, "banned") => (200, Some("failed")),
            _ if by == who => (200, Some("failed")),
            (_, "active" | "invited") => (200, Some("unchanged")),
            (_, "requested") => {
                self.set(who, "active", 0);
                (200, Some("joined"))
            }
            _ => {
                self.set(who, "invited", self.kept(who));
                (200, Some("invited"))
            }
        }
    }

    /// The status of making a link, and of coming in by it.
    fn link(&mut self, by: usize, who: usize) -> (u16, Option<u16>) {
        match (self.role(by), self.state(who)) {
            (None | Some(0), _) => (403, None),
            (_, "banned") => (201, Some(403)),
            (_, "active") => (201, Some(200)),
            _ => {
                self.set(who, "active", 0);
                (201, Some(200))
            }
        }
    }

    /// The status of taking an invitation back.
    fn revoke(&mut self, by: usize, who: usize) -> u16 {
        match self.role(by) {
            None | Some(0) => return 403,
            _ => {}
        }
        self.set(who, "removed", self.kept(who));
        204
    }

    /// The status of the whole and of the row: many at once are as one after the other.
    fn batch(&mut self, by: usize, who: usize, remove: bool) -> (u16, Option<&'static str>) {
        if self.role(by).unwrap_or(0) == 0 {
            return (403, None);
        }
        let status = if remove { self.put_out(by, who, "removed") } else { self.decide(by, who, true) };
        (200, Some(if status == 200 { "done" } else { "failed" }))
    }

    /// The status of importing somebody with a role.
    fn import(&mut self, by: usize, who: usize, role: usize) -> u16 {
        if self.role(by) != Some(2) {
            return 403;
        }
        match self.state(who) {
            "none" | "left" | "banned" => return 422,
            "active" if self.kept(who) == role => {}
            "active" if self.is_last_owner(who) => return 422,
            _ => self.set(who, "active", role),
        }
        200
    }

    /// The status of offering the ownership; an offer that is made is accepted.
    fn hand_over(&mut self, by: usize, who: usize, afterwards: usize) -> u16 {
        match (self.role(by), self.role(who)) {
            (None | Some(0 | 1), _) => return 403,
            (_, None | Some(2)) => return 422,
            _ => {}
        }
        self.set(who, "active", 2);
        if afterwards != 2 {
            self.set(by, "active", afterwards);
        }
        200
    }

    /// The status of the whole and of the row.
    fn add(&mut self, by: usize, who: usize, role: usize) -> (u16, Option<&'static str>) {
        match (self.role(by), self.state(who)) {
            (None | Some(0), _) => (403, None),
            (Some(1), _) | (_, "none" | "left" | "banned") => (200, Some("failed")),
            (_, "active") => (200, Some("unchanged")),
            _ => {
                self.set(who, "active", role);
                (200, Some("done"))
            }
        }
    }
}

/// Invites a person, makes a link that the person uses, or offers the ownership, which the person accepts.
async fn try_handing(model: &mut Model, people: &[Caller], id: &str, tried: Try) -> (Answer, u16) {
    let (by, who, role) =
        (usize::from(tried.1) % PEOPLE, usize::from(tried.2) % PEOPLE, usize::from(tried.3) % ROLES.len());
    let (caller, path, target) = (&people[by], format!("/groups/{id}"), people[who].id());
    match tried.0 % 17 {
        9 => {
            let recipients = json!({ "recipients": [{ "user_id": target }] });
            let answer = caller.post(format!("{path}/invitations"), recipients).await;
            let (status, result) = model.invite(by, who);
            if let Some(result) = result {
                assert_eq!(answer.each("status"), [result], "{tried:?}: {answer}");
            }
            (answer, status)
        }
        10 => {
            let answer = caller.post(format!("{path}/invitation-links"), json!({ "max_uses": 1 })).await;
            let (status, entered) = model.link(by, who);
            if let Some(expected) = entered {
                let entered = people[who].post("/invitations/accept", json!({ "token": answer["token"] })).await;
                assert_eq!(entered.status, expected, "{tried:?}: {entered}");
            }
            (answer, status)
        }
        _ => {
            let offer = json!({ "user_id": target, "role_afterwards": ROLES[role] });
            let answer = caller.put(format!("{path}/ownership-offer"), offer).await;
            let status = model.hand_over(by, who, role);
            if status == 200 {
                let accept = people[who].request(reqwest::Method::POST, format!("{path}/ownership-offer/accept"));
                accept.await.expect(200);
            }
            (answer, status)
        }
    }
}

/// Tries something with many at once, or takes an invitation back.
async fn try_rosters(model: &mut Model, people: &[Caller], id: &str, tried: Try) -> (Answer, u16) {
    let (by, who, role) =
        (usize::from(tried.1) % PEOPLE, usize::from(tried.2) % PEOPLE, usize::from(tried.3) % ROLES.len());
    let (caller, path, target) = (&people[by], format!("/groups/{id}"), people[who].id());
    let stood = model.held;
    match tried.0 % 17 {
        13 => {
            let answer = caller
                .post(format!("{path}/members:batch"), json!({ "rows": [{ "action": "remove", "user_id": target }] }))
                .await;
            let (status, mut result) = model.batch(by, who, true);
            if result == Some("done") && model.held == stood {
                result = Some("unchanged");
            }
            if let Some(result) = result {
                assert_eq!(answer.each("status"), [result], "{tried:?}: {answer}");
            }
            (answer, status)
        }
        14 => {
            let decisions = json!({ "decisions": [{ "user_id": target, "outcome": "approve" }] });
            let answer = caller.post(format!("{path}/membership-requests:batch"), decisions).await;
            let (status, result) = model.batch(by, who, false);
            if let Some(result) = result {
                assert_eq!(answer.each("status"), [result], "{tried:?}: {answer}");
            }
            (answer, status)
        }
        15 => {
            let table = caller.request(reqwest::Method::POST, format!("{path}/members:import"));
            let answer = table.body("text/csv", format!("user_id,role\n{target},{}\n", ROLES[role])).await;
            (answer, model.import(by, who, role))
        }
        _ => {
            let mine = people[who].get("/me/invitations").await.expect(200);
            let open = mine.items().iter().find(|item| item["group"]["id"] == json!(id));
            let Some(open) = open.map(|item| item["id"].as_str().unwrap().to_owned()) else {
                assert_ne!(model.state(who), "invited", "an invitation is lost: {mine}");
                return (caller.get(&path).await, 200);
            };
            let answer = caller.delete(format!("{path}/invitations/{open}")).await;
            (answer, model.revoke(by, who))
        }
    }
}

async fn try_one(model: &mut Model, people: &[Caller], id: &str, tried: Try) {
    let (by, who, role) =
        (usize::from(tried.1) % PEOPLE, usize::from(tried.2) % PEOPLE, usize::from(tried.3) % ROLES.len());
    let (caller, path) = (&people[by], format!("/groups/{id}"));
    let (one, target) = (format!("{path}/members/{}", people[who].id()), people[who].id());
    let decide = async |outcome: &str| {
        caller.post(format!("{path}/membership-requests/{target}/decision"), json!({ "outcome": outcome })).await
    };
    let (answer, expected) = match tried.0 % 17 {
        0 | 1 => (caller.put(format!("{path}/membership"), json!({})).await, model.enter(by)),
        2 => (caller.delete(format!("{path}/membership")).await, model.leave(by)),
        3 => (decide("approve").await, model.decide(by, who, true)),
        4 => (decide("decline").await, model.decide(by, who, false)),
        5 => (caller.patch(&one, json!({ "state": "removed" })).await, model.put_out(by, who, "removed")),
        6 => (caller.patch(&one, json!({ "state": "banned" })).await, model.put_out(by, who, "banned")),
        7 => (caller.patch(&one, json!({ "role": ROLES[role] })).await, model.give(by, who, role)),
        8 => {
            let row = json!({ "action": "add", "user_id": target, "role": ROLES[role] });
            let answer = caller.post(format!("{path}/members:batch"), json!({ "rows": [row] })).await;
            let (status, result) = model.add(by, who, role);
            if let Some(result) = result {
                assert_eq!(answer.each("status"), [result], "{tried:?}: {answer}");
            }
            (answer, status)
        }
        9..=11 => try_handing(model, people, id, tried).await,
        13..=16 => try_rosters(model, people, id, tried).await,
        _ => {
            let policy = if model.open { "request" } else { "open" };
            let answer = caller.patch(&path, json!({ "join_policy": policy })).await;
            let owns = model.role(by) == Some(2);
            model.open ^= owns;
            (answer, if owns { 200 } else { 403 })
        }
    };
    assert_eq!(answer.status, expected, "{tried:?} by {by} with {who}: {answer}");
    if answer.status == 409 {
        assert!(answer["code"] == "last_owner" || answer["state"] == model.state(who), "{answer}");
    }
}

async fn compare(model: &Model, people: &[Caller], id: &str) {
    let path = format!("/groups/{id}");
    let active = (0..PEOPLE).filter(|who| model.state(*who) == "active").count();
    let shown = people[0].get(&path).await.expect(200);
    assert_eq!(shown["member_count"], json!(active));
    assert!((0..PEOPLE).any(|who| model.role(who) == Some(2)), "the model lost its last owner");
    for (who, person) in people.iter().enumerate() {
        let mine = person.get(format!("{path}/membership")).await;
        match model.held[who] {
            None => assert_eq!(mine.status, 404, "{mine}"),
            Some(held) => {
                let role = if held.state == "active" { ROLES[held.role] } else { "none" };
                assert_eq!((&mine["state"], &mine["role"]), (&json!(held.state), &json!(role)), "{mine}");
            }
        }
    }
}

async fn compare_histories(model: &Model, people: &[Caller], id: &str) {
    for (who, person) in people.iter().enumerate() {
        let path = format!("/groups/{id}/members/{}/history?limit=100", person.id());
        let told = person.get(path).await.expect(200);
        assert_eq!(told.items().len(), model.held[who].map_or(0, |held| held.steps), "{told}");
        // each step begins where the one before ended
        for pair in told.items().windows(2) {
            assert_eq!((&pair[0]["from_state"], &pair[0]["from_role"]), (&pair[1]["to_state"], &pair[1]["to_role"]));
        }
        assert!(told.items().last().is_none_or(|first| first["from_state"] == Value::Null), "{told}");
    }
}

async fn live_through(people: &[Caller], tries: &[Try]) {
    let id = group(&people[0], "Circle", json!({ "request_cooldown_days": 0 })).await;
    let mut model = Model { open: true, held: [None; PEOPLE] };
    model.set(0, "active", 2);
    for tried in tries {
        try_one(&mut model, people, &id, *tried).await;
        compare(&model, people, &id).await;
    }
    compare_histories(&model, people, &id).await;
}

async fn memberships_live_as_a_naive_model_says(app: App) {
    let people: Vec<Caller> = (0..PEOPLE).map(|number| app.user(&format!("person {number}"))).collect();
    let runtime = tokio::runtime::Handle::current();
    let search = move || {
        let config = Config { cases: HISTORIES, max_shrink_iters: 100, failure_persistence: None, ..Config::default() };
        let tries = proptest::collection::vec(any::<Try>(), 1..STEPS);
        TestRunner::new(config).run(&tries, |tries| {
            let lived = std::panic::AssertUnwindSafe(|| runtime.block_on(live_through(&people, &tries)));
            std::panic::catch_unwind(lived).map_err(|panic| {
                let words = panic.downcast_ref::<String>().cloned();
                let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
                TestCaseError::fail(words.unwrap_or_else(|| "a panic".to_owned()))
            })
        })
    };
    tokio::task::spawn_blocking(search).await.unwrap().unwrap();
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}
