//! Who is named as having done something.

use crate::types::UserId;

/// Who did it, by the name that the group shows, else by the account's. Nobody, and no name, where the reader may not
/// know: the query finds the account only where it may be named.
#[must_use]
pub fn actor(
    id: Option<UserId>,
    account_name: Option<String>,
    shown_name: Option<String>,
) -> (Option<UserId>, Option<String>) {
    (id, shown_name.or(account_name).filter(|_| id.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_groups_and_nobody_has_none() {
        let id = UserId::new();
        let name = |text: &str| Some(text.to_owned());
        for (found, expected) in [
            ((Some(id), name("Ann"), name("Otter")), (Some(id), name("Otter"))),
            ((Some(id), name("Ann"), None), (Some(id), name("Ann"))),
            ((None, None, name("Otter")), (None, None)),
            ((None, None, None), (None, None)),
        ] {
            let (id, account_name, shown_name) = found;
            assert_eq!(actor(id, account_name, shown_name), expected);
        }
    }
}
