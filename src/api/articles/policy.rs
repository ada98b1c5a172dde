//! Who may do what with an article and a group's part in it, when an article comes out, and what is shown beside it.

use std::time::Duration;

use super::model::{
    ArticleAction, ArticlePatch, ArticleRow, ArticleStatus, ContributionFound, ContributionState, NewArticle,
    RelatedReason, StoredStatus,
};
use crate::auth::actor::Viewer;
use crate::error::{Code, Error, Result};
use crate::http::patch::Patch;
use crate::types::{ArticleId, GroupId, Timestamp};

/// How far ahead an article can be scheduled.
const AHEAD: Duration = Duration::from_hours(366 * 24);
/// How many articles are shown beside one, unless the editors chose more.
const RELATED: usize = 5;

/// What a caller is to an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether the caller is an editor.
    pub is_editor: bool,
    /// Whether the caller writes it with the editors.
    pub is_author: bool,
    /// Whether the caller leads a group that is asked to contribute to it, where that decides anything.
    pub leads_a_contributor: bool,
}

impl Standing {
    /// Whether the caller may change its words.
    #[must_use]
    pub fn writes(self) -> bool {
        self.is_editor || self.is_author
    }

    /// Everything that the caller may do with it.
    #[must_use]
    pub fn can(self) -> Vec<ArticleAction> {
        let answers = [
            (ArticleAction::Edit, self.writes()),
            (ArticleAction::Publish, self.is_editor),
            (ArticleAction::Delete, self.is_editor),
            (ArticleAction::ProposeContribution, self.writes()),
        ];
        answers.into_iter().filter(|(_, may)| *may).map(|(action, _)| action).collect()
    }
}

/// Everybody reads what is published; what is not is for those who write it, and for those who lead a group that is
/// asked to contribute.
#[must_use]
pub fn may_read(standing: Standing, status: StoredStatus) -> bool {
    status == StoredStatus::Published || standing.writes() || standing.leads_a_contributor
}

/// Refuses who may not change an article's words: alike whether or not they may read it.
pub fn write(writes: bool) -> Result<()> {
    let words = "Only editors, and those who write the article with them, may do this.";
    if writes { Ok(()) } else { Err(Error::new(Code::Forbidden, words)) }
}

/// Who lists what is not published.
pub fn list_unpublished(viewer: &Viewer) -> Result<()> {
    match viewer.0 {
        Some(actor) if actor.is_editor() => Ok(()),
        Some(_) => Err(Error::new(Code::Forbidden, "What is not published is for editors.")),
        None => Err(Error::new(Code::Unauthenticated, "What is not published is for editors, who log in.")),
    }
}

/// When an article comes out, or came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publication {
    /// Whether it can be read.
    pub status: ArticleStatus,
    /// When it came out, where that is known; null before.
    pub published_at: Option<Timestamp>,
    /// When it is to come out; null unless it is scheduled.
    pub publish_at: Option<Timestamp>,
}

impl Publication {
    /// That of an article as it is.
    #[must_use]
    pub fn of(row: &ArticleRow) -> Self {
        Self { status: row.article_status(), published_at: row.published_at, publish_at: row.publish_at }
    }
}

/// The date of publication that follows from a status and a wish: none for what is not published; for a published
/// article the wish, else the date it has, else now. Never in the future, never before 2000.
fn published_at(
    status: ArticleStatus,
    wish: &Patch<Timestamp>,
    before: Option<Publication>,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let refuse = |code: &str, words: &str| Err(Error::invalid("/published_at", code, words));
    match (status, wish.0) {
        (ArticleStatus::Draft, Some(Some(_))) => refuse("draft", "a draft has no date of publication"),
        (ArticleStatus::Scheduled, Some(Some(_))) => refuse("scheduled", "`publish_at` says when it comes out"),
        (ArticleStatus::Draft | ArticleStatus::Scheduled, _) => Ok(None),
        (ArticleStatus::Published, Some(Some(at))) if at > now => refuse("in_the_future", "must not be in the future"),
        (ArticleStatus::Published, Some(Some(at))) if at < Timestamp::EARLIEST_ACTIVITY => {
            refuse("too_early", "must not be before 2000; null where it is not known")
        }
        (ArticleStatus::Published, Some(date)) => Ok(date),
        (ArticleStatus::Published, None) => match before {
            Some(before) if before.status == ArticleStatus::Published => Ok(before.published_at),
            _ => Ok(Some(now)),
        },
    }
}

/// For which time a publication is planned: for a scheduled article the wish, else the time it has; for others none.
fn publish_at(
    status: ArticleStatus,
    wish: &Patch<Timestamp>,
    before: Option<Publication>,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let refuse = |code: &str, words: &str| Err(Error::invalid("/publish_at", code, words));
    let stands = before.and_then(|before| before.publish_at);
    match (status, wish.0) {
        (ArticleStatus::Draft | ArticleStatus::Published, Some(Some(_))) => {
            refuse("conflict", "only a scheduled article has one")
        }
        (ArticleStatus::Draft | ArticleStatus::Published, _) => Ok(None),
        (ArticleStatus::Scheduled, None) if stands.is_some() => Ok(stands),
        // a time that was right when it was chosen is not chosen again
        (ArticleStatus::Scheduled, Some(at)) if at.is_some() && at == stands => Ok(stands),
        (ArticleStatus::Scheduled, None | Some(None)) => refuse("missing", "says when it comes out"),
        (ArticleStatus::Scheduled, Some(Some(at))) if at <= now => refuse("past", "must be in the future"),
        (ArticleStatus::Scheduled, Some(Some(at))) if at > now.after(AHEAD) => {
            refuse("too_late", "at most a year ahead")
        }
        (ArticleStatus::Scheduled, Some(at)) => Ok(at),
    }
}

/// A picture comes with words for who does not see it, and they with a picture.
fn cover(has_url: bool, has_alt: bool) -> Result<()> {
    match (has_url, has_alt) {
        (true, false) => Err(Error::invalid("/cover_alt", "missing", "says what the picture shows")),
        (false, true) => Err(Error::invalid("/cover_alt", "conflict", "there is no picture that it could describe")),
        (true, true) | (false, false) => Ok(()),
    }
}

/// When a new article comes out.
pub fn create(new: &NewArticle, now: Timestamp) -> Result<Publication> {
    cover(new.cover_url.is_some(), new.cover_alt.is_some())?;
    let status = new.status.unwrap_or(ArticleStatus::Draft);
    let published_at = published_at(status, &new.published_at, None, now)?;
    Ok(Publication { status, published_at, publish_at: publish_at(status, &new.publish_at, None, now)? })
}

/// When a changed article comes out, or came out. Those who write it with the editors change words and nothing else.
pub fn update(standing: Standing, before: &ArticleRow, patch: &ArticlePatch, now: Timestamp) -> Result<Publication> {
    if !standing.is_editor {
        change_words_only(patch)?;
    }
    cover(
        patch.cover_url.0.as_ref().map_or(before.cover_url.is_some(), Option::is_some),
        patch.cover_alt.0.as_ref().map_or(before.cover_alt.is_some(), Option::is_some),
    )?;
    let was = Publication::of(before);
    let status = patch.status.0.unwrap_or(was.status);
    let published_at = published_at(status, &patch.published_at, Some(was), now)?;
    Ok(Publication { status, published_at, publish_at: publish_at(status, &patch.publish_at, Some(was), now)? })
}

/// Refuses what only editors set.
fn change_words_only(patch: &ArticlePatch) -> Result<()> {
    let editors_set = [
        ("/kind", patch.kind.0.is_some()),
        ("/slug", patch.slug.0.is_some()),
        ("/author_ids", patch.author_ids.0.is_some()),
        ("/related_ids", patch.related_ids.0.is_some()),
        ("/status", patch.status.0.is_some()),
        ("/publish_at", patch.publish_at.0.is_some()),
        ("/published_at", patch.published_at.0.is_some()),
    ];
    let words = "Only editors set this.";
    match editors_set.into_iter().find(|(_, is_set)| *is_set) {
        Some((pointer, _)) => Err(Error::new(Code::Forbidden, words).with_field(pointer, "forbidden", words)),
        None => Ok(()),
    }
}

/// What a caller sees of the groups' parts: those who agreed; all, with the reasons, for those who write the article or
/// lead the group.
#[must_use]
pub fn shown(writes: bool, found: Vec<ContributionFound>, led: &[GroupId]) -> Vec<ContributionFound> {
    let is_told = |found: &ContributionFound| writes || led.contains(&found.row.group_id);
    let is_shown = |found: &ContributionFound| found.row.state == ContributionState::Accepted || is_told(found);
    let without_reason = |mut found: ContributionFound| {
        if !is_told(&found) {
            found.row.decision_reason = None;
        }
        found
    };
    found.into_iter().filter(is_shown).map(without_reason).collect()
}

/// Who may withdraw a group's part: editors, and those who lead the group.
pub fn withdraw(viewer: &Viewer, leads: bool) -> Result<()> {
    if viewer.is_editor() || leads {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "Only editors and those who lead the group may do this."))
}

/// What is shown beside an article, of what was found in the order of the reasons: each once, for the best reason; all
/// that the editors chose, and up to five with the others.
#[must_use]
pub fn choose_related(found: Vec<(ArticleId, RelatedReason)>) -> Vec<(ArticleId, RelatedReason)> {
    let mut chosen: Vec<(ArticleId, RelatedReason)> = Vec::new();
    for (id, reason) in found {
        let has_room = reason == RelatedReason::EditorsChoice || chosen.len() < RELATED;
        if has_room && !chosen.iter().any(|(known, _)| *known == id) {
            chosen.push((id, reason));
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
    const THEN: Timestamp = Timestamp::from_micros(1_500_000_000_000_000);
    const DRAFT: ArticleStatus = ArticleStatus::Draft;
    const SCHEDULED: ArticleStatus = ArticleStatus::Scheduled;
    const PUBLISHED: ArticleStatus = ArticleStatus::Published;

    fn stood(status: ArticleStatus, at: Option<Timestamp>) -> Publication {
        let published_at = at.filter(|_| status == PUBLISHED);
        Publication { status, published_at, publish_at: at.filter(|_| status == SCHEDULED) }
    }

    #[test]
    fn a_date_of_publication_is_known_unknown_or_now_but_never_to_come() {
        let ancient = Timestamp::from_micros(-62_135_596_800_000_000);
        let date = |status, wish, before| published_at(status, &Patch(wish), before, NOW);
        assert_eq!(date(DRAFT, None, None).unwrap(), None);
        assert_eq!(date(PUBLISHED, None, None).unwrap(), Some(NOW));
        assert_eq!(date(PUBLISHED, Some(None), None).unwrap(), None);
        assert_eq!(date(PUBLISHED, Some(Some(THEN)), None).unwrap(), Some(THEN));
        assert_eq!(date(PUBLISHED, None, Some(stood(PUBLISHED, Some(THEN)))).unwrap(), Some(THEN));
        assert_eq!(date(PUBLISHED, None, Some(stood(PUBLISHED, None))).unwrap(), None);
        assert_eq!(date(PUBLISHED, None, Some(stood(DRAFT, None))).unwrap(), Some(NOW));
        assert_eq!(date(PUBLISHED, None, Some(stood(SCHEDULED, Some(THEN)))).unwrap(), Some(NOW));
        assert_eq!(date(DRAFT, None, Some(stood(PUBLISHED, Some(THEN)))).unwrap(), None);
        assert_eq!(date(SCHEDULED, None, Some(stood(PUBLISHED, Some(THEN)))).unwrap(), None);
        let later = NOW.after(Duration::from_secs(1));
        for (status, wish) in [(PUBLISHED, later), (PUBLISHED, ancient), (DRAFT, THEN), (SCHEDULED, later)] {
            assert_eq!(date(status, Some(Some(wish)), None).unwrap_err().code(), Code::Invalid);
        }
    }

    #[test]
    fn only_a_scheduled_article_has_a_time_to_come_out_and_it_is_to_come() {
        let (soon, late) = (NOW.after(Duration::from_secs(1)), NOW.after(AHEAD + Duration::from_secs(1)));
        let time = |status, wish, before| publish_at(status, &Patch(wish), before, NOW);
        let code = |status, wish, before| time(status, wish, before).unwrap_err().fields()[0].code.clone();
        assert_eq!(time(SCHEDULED, Some(Some(soon)), None).unwrap(), Some(soon));
        assert_eq!(code(SCHEDULED, None, None), "missing");
        assert_eq!(code(SCHEDULED, Some(None), Some(stood(SCHEDULED, Some(soon)))), "missing");
        assert_eq!(code(SCHEDULED, Some(Some(NOW)), None), "past");
        assert_eq!(code(SCHEDULED, Some(Some(late)), None), "too_late");
        // it comes out at the next run of the job
        assert_eq!(time(SCHEDULED, None, Some(stood(SCHEDULED, Some(THEN)))).unwrap(), Some(THEN));
        assert_eq!(time(SCHEDULED, Some(Some(THEN)), Some(stood(SCHEDULED, Some(THEN)))).unwrap(), Some(THEN));
        for status in [DRAFT, PUBLISHED] {
            assert_eq!(time(status, None, Some(stood(SCHEDULED, Some(soon)))).unwrap(), None);
            assert_eq!(time(status, Some(None), None).unwrap(), None);
            assert_eq!(code(status, Some(Some(soon)), None), "conflict");
        }
    }

    #[test]
    fn who_reads_and_changes_an_article() {
        use ArticleAction::{Delete, Edit, ProposeContribution, Publish};
        let nobody = Standing { is_editor: false, is_author: false, leads_a_contributor: false };
        let editor = Standing { is_editor: true, ..nobody };
        let author = Standing { is_author: true, ..nobody };
        let leader = Standing { leads_a_contributor: true, ..nobody };
        for (standing, reads_drafts, can) in [
            (nobody, false, vec![]),
            (leader, true, vec![]),
            (author, true, vec![Edit, ProposeContribution]),
            (editor, true, vec![Edit, Publish, Delete, ProposeContribution]),
        ] {
            assert!(may_read(standing, StoredStatus::Published));
            assert_eq!(may_read(standing, StoredStatus::Draft), reads_drafts, "{standing:?}");
            assert_eq!(standing.can(), can);
        }
    }

    #[test]
    fn a_picture_and_its_words_come_together() {
        assert!(cover(true, true).is_ok() && cover(false, false).is_ok());
        assert!(cover(true, false).is_err() && cover(false, true).is_err());
    }

    #[test]
    fn those_who_write_with_the_editors_change_words_only() {
        let words = serde_json::json!({
            "title": "T", "standfirst": "S", "body": "B", "tags": [], "links": [], "cover_url": null, "cover_alt": null,
            "byline_name": null, "byline_job_title": null,
        });
        assert!(change_words_only(&serde_json::from_value(words).unwrap()).is_ok());
        for (name, value) in [
            ("kind", serde_json::json!("news")),
            ("slug", serde_json::json!("s")),
            ("author_ids", serde_json::json!([])),
            ("related_ids", serde_json::json!([])),
            ("status", serde_json::json!("draft")),
            ("publish_at", serde_json::json!(null)),
            ("published_at", serde_json::json!(null)),
        ] {
            let patch = serde_json::from_value(serde_json::json!({ name: value })).unwrap();
            let error = change_words_only(&patch).unwrap_err();
            assert_eq!((error.code(), error.fields()[0].pointer.as_str()), (Code::Forbidden, &*format!("/{name}")));
        }
    }

    #[test]
    fn what_is_related_is_shown_once_and_the_editors_choice_in_full() {
        use RelatedReason::{EditorsChoice, Recent, SameKind, SharedTag};
        let ids: Vec<ArticleId> = (0..8).map(|_| ArticleId::new()).collect();
        let found = vec![
            (ids[0], EditorsChoice),
            (ids[1], SharedTag),
            (ids[0], SharedTag),
            (ids[1], SameKind),
            (ids[2], SameKind),
            (ids[3], Recent),
            (ids[4], Recent),
            (ids[5], Recent),
        ];
        let chosen = choose_related(found);
        let expected =
            [(ids[0], EditorsChoice), (ids[1], SharedTag), (ids[2], SameKind), (ids[3], Recent), (ids[4], Recent)];
        assert_eq!(chosen, expected);
        let many: Vec<_> = ids.iter().take(7).map(|id| (*id, EditorsChoice)).chain([(ids[7], Recent)]).collect();
        assert_eq!(choose_related(many).len(), 7);
    }
}
