//! How several lists become one, in one order.

use uuid::Uuid;

/// Merges what comes from several lists, each in the order: the latest first, ties by id. No more than `rows` are kept.
#[must_use]
pub fn merged<T>(lists: Vec<Vec<T>>, place: impl Fn(&T) -> (i64, Uuid), rows: usize) -> Vec<T> {
    let mut all: Vec<T> = lists.into_iter().flatten().collect();
    all.sort_by_key(|item| std::cmp::Reverse(place(item)));
    all.truncate(rows);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_become_one_in_order() {
        let id = |number: u128| Uuid::from_u128(number);
        let lists = vec![vec![(9, id(1)), (3, id(2))], vec![(9, id(3)), (1, id(4))], vec![(5, id(5))]];
        let all = merged(lists, |item| *item, 4);
        assert_eq!(all, [(9, id(3)), (9, id(1)), (5, id(5)), (3, id(2))]);
    }
}
