//! «Last active» and the counts, against a naive model over random histories: after each step every date and number is what
//! the model says, which recounts everything from what is visible.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use praxis::auth::actor::PlatformRole;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::support::world::{group, micros};
use crate::support::{App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        dates_and_counts_are_those_of_a_naive_model,
        a_post_moves_the_date_and_its_deletion_moves_it_back_to_null,
        what_is_no_activity_moves_nothing,
    ]
}

const PEOPLE: usize = 4;
const GROUPS: usize = 3;
const STEPS: usize = 50;
const HISTORIES: u32 = 12;

/// A step: what to do, and three numbers that choose among what there is.
type Step = (u8, u8, u8, u8);

#[derive(Debug)]
struct Written {
    id: String,
    group: usize,
    author: usize,
    /// The post, for a comment.
    post: Option<usize>,
    at: i64,
    deleted: bool,
}

#[derive(Debug)]
struct Piece {
    id: String,
    published_at: Option<i64>,
    deleted: bool,
    /// Per group: whether it agreed; absent when it was not asked.
    parts: BTreeMap<usize, bool>,
}

/// A post in another group than its own.
#[derive(Debug)]
struct Share {
    by: usize,
    at: i64,
    removed: bool,
}

struct World<'a> {
    app: &'a App,
    people: &'a [Caller],
    editor: &'a Caller,
    groups: Vec<String>,
    /// Per group and person: whether active. Person 0 owns every group.
    members: BTreeMap<(usize, usize), bool>,
    posts: Vec<Written>,
    comments: Vec<Written>,
    pieces: Vec<Piece>,
    /// Per post and group.
    shares: BTreeMap<(usize, usize), Share>,
    /// Per group and person: since when what comes out is unread.
    since: BTreeMap<(usize, usize), i64>,
    /// Per post and person: when it was read last.
    read: BTreeMap<(usize, usize), i64>,
}

fn pick<T>(items: &[T], by: u8) -> Option<usize> {
    (!items.is_empty()).then(|| usize::from(by) % items.len())
}

impl World<'_> {
    fn is_visible(&self, comment: &Written) -> bool {
        !comment.deleted && !self.posts[comment.post.unwrap()].deleted
    }

    fn group_date(&self, group: usize) -> Option<i64> {
        let posts = self.posts.iter().filter(|post| post.group == group && !post.deleted).map(|post| post.at);
        let comments = self.comments.iter().filter(|one| one.group == group && self.is_visible(one)).map(|one| one.at);
        let pieces = (self.pieces.iter())
            .filter(|piece| !piece.deleted && piece.parts.get(&group) == Some(&true))
            .filter_map(|piece| piece.published_at);
        let shares = self.shares_in(group).map(|(_, share)| share.at);
        posts.chain(comments).chain(pieces).chain(shares).max()
    }

    /// The posts of other groups that stand in one, as far as they are visible.
    fn shares_in(&self, group: usize) -> impl Iterator<Item = (usize, &Share)> {
        let standing = self.shares.iter().filter(move |((_, place), share)| *place == group && !share.removed);
        standing.map(|((post, _), share)| (*post, share)).filter(|(post, _)| !self.posts[*post].deleted)
    }

    fn person_date(&self, group: usize, person: usize) -> Option<i64> {
        let own = |one: &&Written| one.group == group && one.author == person;
        let posts = self.posts.iter().filter(own).filter(|post| !post.deleted).map(|post| post.at);
        let comments = self.comments.iter().filter(own).filter(|one| self.is_visible(one)).map(|one| one.at);
        posts.chain(comments).max()
    }

    /// When a post was published or answered last, as far as that is visible.
    fn active_at(&self, post: usize) -> i64 {
        let answers = self.comments.iter().filter(|one| one.post == Some(post) && !one.deleted).map(|one| one.at);
        answers.chain([self.posts[post].at]).max().unwrap()
    }

    /// How many conversations of a group hold something that a member has not read.
    fn unread(&self, group: usize, person: usize) -> usize {
        let Some(since) = self.since.get(&(group, person)).filter(|_| self.is_member(group, person)) else { return 0 };
        let is_unread = |(place, post): &(usize, &Written)| {
            let read = self.read.get(&(*place, person)).copied().unwrap_or(i64::MIN);
            post.group == group && !post.deleted && self.active_at(*place) > *since.max(&read)
        };
        let is_unread_share = |(post, share): &(usize, &Share)| {
            let (read, active) = (self.read.get(&(*post, person)), self.active_at(*post));
            let is_new = share.at.max(active) > *since && read.is_none_or(|read| active > *read);
            is_new && !self.is_member(self.posts[*post].group, person)
        };
        let own = self.posts.iter().enumerate().filter(is_unread).count();
        own + self.shares_in(group).filter(is_unread_share).count()
    }

    fn is_member(&self, group: usize, person: usize) -> bool {
        person == 0 || self.members.get(&(group, person)) == Some(&true)
    }

    async fn step(&mut self, (what, a, b, c): Step) {
        let (group, person) = (usize::from(a) % GROUPS, usize::from(b) % PEOPLE);
        let (id, who) = (self.groups[group].clone(), &self.people[person]);
        match what % 28 {
            0 | 1 if person > 0 => {
                let mine = who.put(format!("/groups/{id}/membership"), json!({})).await.expect(200);
                self.members.insert((group, person), true);
                let joined = micros(&mine["joined_at"]).unwrap();
                let since = self.since.entry((group, person)).or_insert(joined);
                *since = joined.max(*since);
            }
            2 if person > 0 => {
                who.delete(format!("/groups/{id}/membership")).await.expect(204);
                if let Some(active) = self.members.get_mut(&(group, person)) {
                    *active = false;
                }
            }
            3 if person > 0 && self.is_member(group, person) => {
                self.people[0].delete(format!("/groups/{id}/members/{}", who.id())).await.expect(204);
                self.members.insert((group, person), false);
            }
            4..=6 => self.write_post(group, person).await,
            7 | 8 => self.write_comment(person, c).await,
            9 => self.delete_post(c).await,
            10 => self.delete_comment(c).await,
            11 => self.publish(group, c).await,
            12 => self.decide(group, b.is_multiple_of(2), c).await,
            13 => self.unpublish(b.is_multiple_of(2), c).await,
            14 | 15 if self.is_member(group, person) => self.schedule(group, person).await,
            16 => self.restore_post(c).await,
            17 => self.restore_comment(c).await,
            18 => self.move_post(group, c).await,
            19 => self.mark_read(person, c).await,
            20 if self.is_member(group, person) => {
                who.request(reqwest::Method::PUT, format!("/groups/{id}/read")).await.expect(204);
                let written = self.posts.iter().enumerate().filter(|(_, post)| post.group == group && !post.deleted);
                let written = written.map(|(place, _)| self.active_at(place));
                let shared = self.shares_in(group).map(|(post, share)| share.at.max(self.active_at(post)));
                let latest = written.chain(shared).max().unwrap_or(i64::MIN);
                let since = self.since.entry((group, person)).or_insert(latest);
                *since = latest.max(*since);
            }
            21 => self.withdraw(group, c).await,
            22..=24 => self.share(group, person, c).await,
            25 | 26 => self.unshare(group, person, c).await,
            27 => {
                // what members alone read stands in no other group
                for visibility in ["listed", "public"] {
                    self.people[0]
                        .patch(format!("/groups/{id}"), json!({ "visibility": visibility }))
                        .await
                        .expect(200);
                }
                self.shares.retain(|(post, _), _| self.posts[*post].group != group);
            }
            _ => {}
        }
    }

    async fn write_post(&mut self, group: usize, author: usize) {
        let body = json!({ "kind": "discussion", "title": "T", "body": "B" });
        let answer = self.people[author].post(format!("/groups/{}/posts", self.groups[group]), body).await;
        if !self.is_member(group, author) {
            answer.expect_problem(403, "members_only");
            return;
        }
        let answer = answer.expect(201);
        let at = micros(&answer["created_at"]).unwrap();
        self.read.insert((self.posts.len(), author), at);
        self.posts.push(Written { id: answer.id(), group, author, post: None, at, deleted: false });
    }

    /// A post that comes out by itself.
    async fn schedule(&mut self, group: usize, author: usize) {
        let later = praxis::types::Timestamp::now().after(std::time::Duration::from_hours(1));
        let body = json!({
            "kind": "discussion", "title": "T", "body": "B", "status": "scheduled", "publish_at": later.to_string(),
        });
        let path = format!("/groups/{}/posts", self.groups[group]);
        let id = self.people[author].post(path, body).await.expect(201).id();
        self.check().await;
        self.app.in_database(|conn| {
            use diesel::prelude::*;
            use praxis::db::schema::posts;
            let due = praxis::types::Timestamp::now().before(std::time::Duration::from_secs(1));
            let this = posts::table.find(id.parse::<praxis::types::PostId>().unwrap());
            crate::support::on_each!(conn => diesel::update(this).set(posts::publish_at.eq(due)).execute(conn))?;
            let out = praxis::api::posts::queries::publish_due(conn, praxis::types::Timestamp::now())?;
            assert_eq!(out, 1);
            Ok(())
        });
        let seen = self.people[author].get(format!("/posts/{id}")).await.expect(200);
        let at = micros(&seen["published_at"]).unwrap();
        self.read.insert((self.posts.len(), author), at);
        self.posts.push(Written { id, group, author, post: None, at, deleted: false });
    }

    async fn restore_post(&mut self, by: u8) {
        let Some(post) = pick(&self.posts, by) else { return };
        let path = format!("/posts/{}/restore", self.posts[post].id);
        let status = if self.posts[post].deleted { 200 } else { 409 };
        self.people[0].request(reqwest::Method::POST, path).await.expect(status);
        self.posts[post].deleted = false;
    }

    async fn restore_comment(&mut self, by: u8) {
        let Some(place) = pick(&self.comments, by) else { return };
        let path = format!("/comments/{}/restore", self.comments[place].id);
        let status = match (self.posts[self.comments[place].post.unwrap()].deleted, self.comments[place].deleted) {
            (true, _) => 404,
            (false, true) => 200,
            (false, false) => 409,
        };
        self.people[0].request(reqwest::Method::POST, path).await.expect(status);
        if status == 200 {
            self.comments[place].deleted = false;
        }
    }

    async fn move_post(&mut self, to: usize, by: u8) {
        let Some(post) = pick(&self.posts, by) else { return };
        let path = format!("/posts/{}/move", self.posts[post].id);
        let answer = self.people[0].act(path, json!({ "group_id": self.groups[to] })).await;
        if self.posts[post].deleted {
            answer.expect_problem(404, "not_found");
        } else if self.posts[post].group == to {
            answer.expect_field(422, "/group_id", "conflict");
        } else {
            answer.expect(200);
            self.posts[post].group = to;
            self.shares.remove(&(post, to));
            for comment in self.comments.iter_mut().filter(|comment| comment.post == Some(post)) {
                comment.group = to;
            }
        }
    }

    async fn mark_read(&mut self, person: usize, by: u8) {
        let Some(post) = pick(&self.posts, by) else { return };
        let path = format!("/posts/{}/read", self.posts[post].id);
        let status = if self.posts[post].deleted { 404 } else { 204 };
        self.people[person].request(reqwest::Method::PUT, path).await.expect(status);
        if status == 204 {
            let (latest, read) = (self.active_at(post), self.read.entry((post, person)).or_insert(i64::MIN));
            *read = latest.max(*read);
        }
    }

    async fn share(&mut self, group: usize, person: usize, by: u8) {
        let Some(post) = pick(&self.posts, by) else { return };
        let path = format!("/posts/{}/shares/{}", self.posts[post].id, self.groups[group]);
        let answer = self.people[person].request(reqwest::Method::PUT, path).await;
        let was_removed = self.shares.get(&(post, group)).is_some_and(|share| share.removed);
        if self.posts[post].deleted {
            answer.expect_problem(404, "not_found");
        } else if self.posts[post].group == group {
            answer.expect_problem(409, "invalid_state");
        } else if !self.is_member(group, person) {
            answer.expect_problem(403, "members_only");
        } else if was_removed && person > 0 {
            answer.expect_problem(403, "forbidden");
        } else {
            let answer = answer.expect(200);
            let shares = answer["shares"].as_array().unwrap();
            let share = shares.iter().find(|share| share["group_id"] == json!(self.groups[group])).unwrap();
            let at = micros(&share["shared_at"]).unwrap();
            if was_removed {
                self.shares.remove(&(post, group));
            }
            let known = self.shares.entry((post, group)).or_insert(Share { by: person, at, removed: false });
            assert_eq!(
                (known.at, share["shared_by"]["id"].as_str()),
                (at, Some(&*self.people[known.by].id().to_string()))
            );
        }
    }

    async fn unshare(&mut self, group: usize, person: usize, by: u8) {
        let Some(post) = pick(&self.posts, by) else { return };
        let path = format!("/posts/{}/shares/{}", self.posts[post].id, self.groups[group]);
        let answer = self.people[person].delete(path).await;
        let standing = self.shares.get_mut(&(post, group)).filter(|share| !share.removed);
        let Some(share) = standing.filter(|_| !self.posts[post].deleted) else {
            answer.expect_problem(404, "not_found");
            return;
        };
        if person == 0 || share.by == person || self.posts[post].author == person {
            answer.expect(204);
            share.removed = true;
            if share.by == person {
                self.shares.remove(&(post, group));
            }
        } else {
            answer.expect_problem(403, "forbidden");
        }
    }

    /// Takes a group's part out of an article.
    async fn withdraw(&mut self, group: usize, by: u8) {
        let Some(place) = pick(&self.pieces, by) else { return };
        let path = format!("/articles/{}/contributions/{}", self.pieces[place].id, self.groups[group]);
        let is_there = !self.pieces[place].deleted && self.pieces[place].parts.remove(&group).is_some();
        self.editor.delete(path).await.expect(if is_there { 204 } else { 404 });
    }

    async fn write_comment(&mut self, author: usize, by: u8) {
        let Some(post) = pick(&self.posts, by) else { return };
        let (path, group) = (format!("/posts/{}/comments", self.posts[post].id), self.posts[post].group);
        let parent = (self.comments.iter()).find(|one| one.post == Some(post) && !one.deleted && by.is_multiple_of(2));
        let body = json!({ "body": "B", "parent_id": parent.map(|one| one.id.clone()) });
        let answer = self.people[author].post(path, body).await;
        if self.posts[post].deleted {
            answer.expect_problem(404, "not_found");
        } else if self.is_member(group, author) {
            let answer = answer.expect(201);
            let at = micros(&answer["created_at"]).unwrap();
            self.read.insert((post, author), at);
            self.comments.push(Written { id: answer.id(), group, author, post: Some(post), at, deleted: false });
        } else {
            answer.expect_problem(403, "members_only");
        }
    }

    async fn delete_post(&mut self, by: u8) {
        let Some(post) = pick(&self.posts, by) else { return };
        let status = if self.posts[post].deleted { 404 } else { 204 };
        self.people[0].delete(format!("/posts/{}", self.posts[post].id)).await.expect(status);
        self.posts[post].deleted = true;
    }

    async fn delete_comment(&mut self, by: u8) {
        let Some(place) = pick(&self.comments, by) else { return };
        let status = if self.is_visible(&self.comments[place]) { 204 } else { 404 };
        self.people[0].delete(format!("/comments/{}", self.comments[place].id)).await.expect(status);
        if status == 204 {
            self.comments[place].deleted = true;
        }
    }

    /// Publishes a new article, at a date known, unknown or now, and asks a group to be named.
    async fn publish(&mut self, group: usize, by: u8) {
        let mut body = json!({ "kind": "news", "title": "Piece", "status": "published" });
        match by % 3 {
            0 => body["published_at"] = Value::Null,
            1 => body["published_at"] = json!(format!("20{:02}-06-15T12:00:00Z", by % 25)),
            _ => {}
        }
        let answer = self.editor.post("/articles", body).await.expect(201);
        // one group, or all of them at once
        let asked: Vec<usize> = if by.is_multiple_of(2) { vec![group] } else { (0..GROUPS).collect() };
        for group in &asked {
            let part = json!({ "group_id": self.groups[*group], "role": "wrote" });
            self.editor.post(format!("/articles/{}/contributions", answer.id()), part).await.expect(201);
        }
        let parts = asked.into_iter().map(|group| (group, false)).collect();
        self.pieces.push(Piece {
            id: answer.id(),
            published_at: micros(&answer["published_at"]),
            deleted: false,
            parts,
        });
    }

    async fn decide(&mut self, group: usize, accept: bool, by: u8) {
        let Some(place) = pick(&self.pieces, by) else { return };
        let outcome = json!({ "outcome": if accept { "accept" } else { "decline" } });
        let path = format!("/articles/{}/contributions/{}/decision", self.pieces[place].id, self.groups[group]);
        let answer = self.people[0].post(path, outcome).await;
        let piece = &mut self.pieces[place];
        if piece.deleted || !piece.parts.contains_key(&group) {
            answer.expect_problem(404, "not_found");
        } else {
            answer.expect(200);
            piece.parts.insert(group, accept);
        }
    }

    async fn unpublish(&mut self, delete: bool, by: u8) {
        let Some(place) = pick(&self.pieces, by) else { return };
        let path = format!("/articles/{}", self.pieces[place].id);
        let gone = self.pieces[place].deleted;
        if delete {
            self.editor.delete(path).await.expect(if gone { 404 } else { 204 });
            self.pieces[place].deleted = true;
        } else {
            self.editor.patch(path, json!({ "status": "draft" })).await.expect(if gone { 404 } else { 200 });
            self.pieces[place].published_at = None;
        }
    }

    async fn check(&self) {
        for (number, id) in self.groups.iter().enumerate() {
            let seen = self.people[0].get(format!("/groups/{id}")).await.expect(200);
            let count = 1 + self.members.iter().filter(|((group, _), active)| *group == number && **active).count();
            assert_eq!(seen["member_count"], json!(count), "members of group {number}");
            assert_eq!(micros(&seen["last_active_at"]), self.group_date(number), "activity of group {number}");
            let listed = self.people[0].get(format!("/groups/{id}/posts?limit=100")).await.expect(200);
            let listed: BTreeSet<&str> = listed.each("id").into_iter().collect();
            let own = self.posts.iter().filter(|post| post.group == number && !post.deleted);
            let shared = self.shares_in(number).map(|(post, _)| &self.posts[post]);
            let standing: BTreeSet<&str> = own.chain(shared).map(|post| &*post.id).collect();
            assert_eq!(listed, standing, "posts in group {number}");
            for person in 0..PEOPLE {
                let path = format!("/groups/{id}/members/{}", self.people[person].id());
                let answer = self.people[0].get(path).await;
                if answer.status == 404 {
                    assert!(!self.members.contains_key(&(number, person)) && person > 0);
                } else {
                    let date = micros(&answer.expect(200)["last_contributed_at"]);
                    assert_eq!(date, self.person_date(number, person), "person {person} in group {number}");
                }
            }
        }
        for (place, post) in self.posts.iter().enumerate().filter(|(_, post)| !post.deleted) {
            let count = self.comments.iter().filter(|one| one.post == Some(place) && !one.deleted).count();
            let seen = self.people[0].get(format!("/posts/{}", post.id)).await.expect(200);
            assert_eq!(seen["comment_count"], json!(count));
            let last =
                self.comments.iter().filter(|one| one.post == Some(place) && !one.deleted).map(|one| one.at).max();
            assert_eq!(micros(&seen["last_reply_at"]), last);
        }
        for (person, caller) in self.people.iter().enumerate() {
            let told = caller.get("/me/unread").await.expect(200);
            for (group, id) in self.groups.iter().enumerate() {
                let one = told.items().iter().find(|item| item["group_id"] == json!(id));
                let count = one.map_or(0, |item| item["unread_post_count"].as_u64().unwrap());
                let expected = u64::try_from(self.unread(group, person)).unwrap();
                assert_eq!(count, expected, "what person {person} has not read in group {group}");
            }
        }
    }
}

async fn live_through(app: &App, people: &[Caller], editor: &Caller, steps: &[Step]) {
    let mut groups = Vec::new();
    for number in 0..GROUPS {
        groups.push(group(&people[0], &format!("Circle {number}"), json!({})).await);
    }
    let (posts, comments, pieces) = (Vec::new(), Vec::new(), Vec::new());
    let mut since = BTreeMap::new();
    for (number, id) in groups.iter().enumerate() {
        let mine = people[0].get(format!("/groups/{id}/membership")).await.expect(200);
        since.insert((number, 0), micros(&mine["joined_at"]).unwrap());
    }
    let (members, shares, read) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut world = World { app, people, editor, groups, members, posts, comments, pieces, shares, since, read };
    for step in steps {
        world.step(*step).await;
        world.check().await;
    }
}

async fn dates_and_counts_are_those_of_a_naive_model(app: App) {
    let people: Vec<Caller> = (0..PEOPLE).map(|number| app.user(&format!("person {number}"))).collect();
    let editor = app.person("editor", PlatformRole::Editor);
    let runtime = tokio::runtime::Handle::current();
    let app = Arc::new(app);
    let lived_in = Arc::clone(&app);
    let search = move || {
        let config = Config { cases: HISTORIES, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
        let history = proptest::collection::vec(any::<Step>(), 1..STEPS);
        TestRunner::new(config).run(&history, |steps| {
            let lived =
                std::panic::AssertUnwindSafe(|| runtime.block_on(live_through(&lived_in, &people, &editor, &steps)));
            std::panic::catch_unwind(lived).map_err(|panic| {
                let words = panic.downcast_ref::<String>().cloned();
                let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
                let words = words.unwrap_or_else(|| "a panic".to_owned());
                TestCaseError::fail(words)
            })
        })
    };
    tokio::task::spawn_blocking(search).await.unwrap().unwrap();
    let findings = app.in_database(praxis::doctor::examine);
    assert_eq!(findings, [], "the doctor agrees");
}

async fn a_post_moves_the_date_and_its_deletion_moves_it_back_to_null(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let body = json!({ "kind": "discussion", "title": "T", "body": "B" });
    let post = ann.post(format!("/groups/{id}/posts"), body).await.expect(201);
    assert_eq!(ann.get(format!("/groups/{id}")).await.expect(200)["last_active_at"], post["created_at"]);
    ann.delete(format!("/posts/{}", post.id())).await.expect(204);
    assert_eq!(ann.get(format!("/groups/{id}")).await.expect(200)["last_active_at"], Value::Null);
}

async fn what_is_no_activity_moves_nothing(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    let post = crate::support::world::post(&ann, &id, "Words").await;
    let before = ann.get(format!("/groups/{id}")).await.expect(200)["last_active_at"].clone();
    bob.put(format!("/groups/{id}/membership"), json!({})).await.expect(200);
    bob.get(format!("/posts/{post}")).await.expect(200);
    ann.patch(format!("/posts/{post}"), json!({ "body": "Other" })).await.expect(200);
    ann.patch(format!("/groups/{id}"), json!({ "name": "Other" })).await.expect(200);
    bob.delete(format!("/groups/{id}/membership")).await.expect(204);
    ann.patch(format!("/groups/{id}"), json!({ "status": "archived" })).await.expect(200);
    assert_eq!(ann.get(format!("/groups/{id}")).await.expect(200)["last_active_at"], before);
}
