//! Lists of what has changed since a time, oldest change first, with what is gone: for those who keep a copy.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::Page;
use crate::error::{Error, Result};
use crate::types::{TargetId, Timestamp};

/// How far such a list lags behind: twice as long as an answer may take, so that no change shows up behind one that was told.
pub const LAG: Duration = Duration::from_mins(1);

/// Something that is gone, or that the caller may not know of any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Gone {
    /// Its id; that of the person for a member.
    pub id: TargetId,
    /// Since when.
    pub deleted_at: Timestamp,
}

/// The span of changes to tell, and where in it a page begins.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The change after which the page begins: its time and id.
    pub after: (Timestamp, Uuid),
    /// What has changed later is told later.
    pub until: Timestamp,
    /// How many of each to ask for.
    pub rows: i64,
}

impl Span {
    /// The span that begins at `since`, or behind the page before.
    ///
    /// # Errors
    /// `bad_parameter` where `since` is so long ago that not everything that is gone is known any more.
    pub fn new(since: Timestamp, page: &Page<i64>, kept: Duration, now: Timestamp) -> Result<Self> {
        if since < now.before(kept) {
            let words = "is so long ago that not all that is gone since is known: read the whole list";
            return Err(Error::parameter("updated_since", "too_old", words));
        }
        let after = page.after.map_or((since, Uuid::nil()), |(at, id)| (Timestamp::from_micros(at), id));
        Ok(Self { after, until: now.before(LAG), rows: page.rows() })
    }
}

/// Refuses filters and orders beside `updated_since`, which has an order of its own and tells everything.
///
/// # Errors
/// `bad_parameter`.
pub fn alone(has_others: bool) -> Result<()> {
    if has_others {
        let words = "stands alone, but for `limit` and `cursor`";
        return Err(Error::parameter("updated_since", "conflict", words));
    }
    Ok(())
}

/// One page of what there is and of what is gone, in the order of the changes, each cut where the page ends.
pub fn merged<T>(
    page: &Page<i64>,
    there: Vec<T>,
    gone: Vec<Gone>,
    key: impl Fn(&T) -> (i64, Uuid),
) -> (Vec<T>, Vec<Gone>, Option<String>) {
    enum Change<T> {
        There(T),
        Gone(Gone),
    }
    let place = |change: &Change<T>| match change {
        Change::There(item) => key(item),
        Change::Gone(gone) => (gone.deleted_at.micros(), gone.id.uuid()),
    };
    let there = there.into_iter().map(Change::There);
    let mut all: Vec<Change<T>> = there.chain(gone.into_iter().map(Change::Gone)).collect();
    all.sort_by_key(&place);
    let (all, next_cursor) = page.cut(all, place);
    let (mut items, mut deleted) = (Vec::new(), Vec::new());
    for change in all {
        match change {
            Change::There(item) => items.push(item),
            Change::Gone(gone) => deleted.push(gone),
        }
    }
    (items, deleted, next_cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_stands_where_it_went() {
        let at = Timestamp::from_micros;
        let id = |number: u128| Uuid::from_u128(number);
        let gone = |micros, number| Gone { id: id(number).into(), deleted_at: at(micros) };
        let limit = serde_json::from_str("\"2\"").ok();
        let page = Page::<i64>::new("things", &(), limit, None).unwrap();
        let there = vec![(1, id(1)), (3, id(3)), (4, id(4))];
        let (items, deleted, cursor) = merged(&page, there, vec![gone(2, 2), gone(9, 9)], |item| *item);
        assert_eq!((items, deleted), (vec![(1, id(1))], vec![gone(2, 2)]));
        let next = Page::<i64>::new("things", &(), limit, cursor.as_deref()).unwrap();
        assert_eq!(next.after, Some((2, id(2))));
    }

    #[test]
    fn a_span_is_neither_too_old_nor_too_new() {
        let page = Page::<i64>::new("things", &(), None, None).unwrap();
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let day = Duration::from_hours(24);
        assert!(Span::new(now.before(day * 91), &page, day * 90, now).is_err());
        let span = Span::new(now.before(day), &page, day * 90, now).unwrap();
        assert_eq!((span.after, span.until), ((now.before(day), Uuid::nil()), now.before(LAG)));
    }
}
