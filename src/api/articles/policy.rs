//! Who may do what with an article and a group's part in it.

use super::model::{ArticlePatch, ArticleRow, ArticleStatus, ContributionFound, ContributionState, NewArticle};
use crate::auth::actor::Viewer;
use crate::error::{Code, Error, Result};
use crate::types::{GroupId, Timestamp};

/// Everybody reads what is published; drafts are for editors, and for those who lead a group that is asked to contribute.
#[must_use]
pub fn may_read(viewer: &Viewer, article: &ArticleRow, leads_a_contributor: bool) -> bool {
    article.status == ArticleStatus::Published || viewer.is_editor() || leads_a_contributor
}

/// Who lists drafts.
pub fn list_drafts(viewer: &Viewer) -> Result<()> {
    match viewer.0 {
        Some(actor) if actor.is_editor() => Ok(()),
        Some(_) => Err(Error::new(Code::Forbidden, "Drafts are for editors.")),
        None => Err(Error::new(Code::Unauthenticated, "Drafts are for editors, who log in.")),
    }
}

/// The date of publication that follows from a status and a wish: none for a draft; for a published article the wish, else
/// the date it has, else now. Never in the future, never before 2000.
pub fn published_at(
    status: ArticleStatus,
    wish: Option<Option<Timestamp>>,
    before: Option<(ArticleStatus, Option<Timestamp>)>,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    match (status, wish) {
        (ArticleStatus::Draft, Some(Some(_))) => {
            Err(Error::invalid("/published_at", "draft", "a draft has no date of publication"))
        }
        (ArticleStatus::Draft, _) => Ok(None),
        (ArticleStatus::Published, Some(Some(at))) if at > now => {
            Err(Error::invalid("/published_at", "in_the_future", "must not be in the future"))
        }
        (ArticleStatus::Published, Some(Some(at))) if at < Timestamp::EARLIEST_ACTIVITY => {
            Err(Error::invalid("/published_at", "too_early", "must not be before 2000; null where it is not known"))
        }
        (ArticleStatus::Published, Some(date)) => Ok(date),
        (ArticleStatus::Published, None) => match before {
            Some((ArticleStatus::Published, date)) => Ok(date),
            _ => Ok(Some(now)),
        },
    }
}

/// The date of publication of a new article.
pub fn create(new: &NewArticle, now: Timestamp) -> Result<(ArticleStatus, Option<Timestamp>)> {
    let status = new.status.unwrap_or(ArticleStatus::Draft);
    Ok((status, published_at(status, new.published_at.0, None, now)?))
}

/// The date of publication of a changed article.
pub fn update(before: &ArticleRow, patch: &ArticlePatch, now: Timestamp) -> Result<(ArticleStatus, Option<Timestamp>)> {
    let status = patch.status.0.unwrap_or(before.status);
    Ok((status, published_at(status, patch.published_at.0, Some((before.status, before.published_at)), now)?))
}

/// What a caller sees of the groups' parts: those who agreed; all, with the reasons, for editors and for those who
/// lead the group.
#[must_use]
pub fn shown(viewer: &Viewer, found: Vec<ContributionFound>, led: &[GroupId]) -> Vec<ContributionFound> {
    let is_shown = |found: &ContributionFound| {
        found.row.state == ContributionState::Accepted || viewer.is_editor() || led.contains(&found.row.group_id)
    };
    let is_told = |found: &ContributionFound| viewer.is_editor() || led.contains(&found.row.group_id);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_publication_is_known_unknown_or_now_but_never_to_come() {
        let (now, then) = (Timestamp::now(), Timestamp::from_micros(1_500_000_000_000_000));
        let ancient = Timestamp::from_micros(-62_135_596_800_000_000);
        let (draft, published) = (ArticleStatus::Draft, ArticleStatus::Published);
        let date = |status, wish, before| published_at(status, wish, before, now);
        assert_eq!(date(draft, None, None).unwrap(), None);
        assert_eq!(date(published, None, None).unwrap(), Some(now));
        assert_eq!(date(published, Some(None), None).unwrap(), None);
        assert_eq!(date(published, Some(Some(then)), None).unwrap(), Some(then));
        assert_eq!(date(published, None, Some((published, Some(then)))).unwrap(), Some(then));
        assert_eq!(date(published, None, Some((draft, None))).unwrap(), Some(now));
        assert_eq!(date(draft, None, Some((published, Some(then)))).unwrap(), None);
        let later = now.after(std::time::Duration::from_secs(1));
        for (status, wish) in [(published, later), (published, ancient), (draft, then)] {
            assert_eq!(date(status, Some(Some(wish)), None).unwrap_err().code(), Code::Invalid);
        }
    }
}
