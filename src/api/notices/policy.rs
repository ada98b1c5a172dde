//! Who is told of what.

use super::model::{Notice, NoticeKind};

/// Whether a person is told: not of their own doing, and not of a kind that they do not want to hear of. `muted` is
/// `None` where the account is not in use.
#[must_use]
pub fn is_told(notice: &Notice, muted: Option<&[NoticeKind]>) -> bool {
    let is_own = notice.actor_id == Some(notice.user_id);
    // nobody is warned in vain
    let is_muted = |muted: &[NoticeKind]| notice.kind != NoticeKind::Warned && muted.contains(&notice.kind);
    !is_own && muted.is_some_and(|muted| !is_muted(muted))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::types::UserId;

    #[test]
    fn nobody_is_told_of_their_own_doing_nor_what_they_do_not_want_to_hear() {
        let (person, other) = (UserId::new(), UserId::new());
        let notice = || Notice::new(person, NoticeKind::Reply, Uuid::nil());
        for (notice, is_in_use, muted, is_expected) in [
            (notice(), true, vec![], true),
            (notice().by(other), true, vec![], true),
            (notice().by(other), true, vec![NoticeKind::Mention], true),
            (notice().by(other), true, vec![NoticeKind::Mention, NoticeKind::Reply], false),
            (notice().by(person), true, vec![], false),
            (notice().by(other), false, vec![], false),
        ] {
            let warning = Notice { kind: NoticeKind::Warned, ..notice.clone() };
            let is_own = notice.actor_id == Some(person);
            assert_eq!(is_told(&warning, is_in_use.then_some(&[NoticeKind::Warned])), is_in_use && !is_own);
            let muted = is_in_use.then_some(muted.as_slice());
            assert_eq!(is_told(&notice, muted), is_expected, "{notice:?} {muted:?}");
        }
    }
}
