//! Lists in bodies that name different things.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer};

/// Reads a list that has so many items, of which each counts once; what it says of others begins with `empty:` or `too_many:`.
///
/// # Errors
/// When an item cannot be read, or there are too few or too many, the same ones included.
pub fn distinct<'de, T, D>(deserializer: D, counts: RangeInclusive<usize>, things: &str) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de> + PartialEq,
    D: Deserializer<'de>,
{
    let items = Vec::<T>::deserialize(deserializer)?;
    if items.len() > *counts.end() {
        return Err(serde::de::Error::custom(format!("too_many: at most {} {things}", counts.end())));
    }
    let mut different: Vec<T> = Vec::with_capacity(items.len());
    for item in items {
        if !different.contains(&item) {
            different.push(item);
        }
    }
    if different.len() < *counts.start() {
        return Err(serde::de::Error::custom(format!("empty: at least {} of the {things}", counts.start())));
    }
    Ok(different)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_counts_once_but_for_how_long_the_list_is() {
        let read = |items: &str| {
            let mut json = serde_json::Deserializer::from_str(items);
            distinct::<u8, _>(&mut json, 1..=3, "numbers").map_err(|error| error.to_string())
        };
        assert_eq!(read("[2,1,2]"), Ok(vec![2, 1]));
        assert!(read("[]").unwrap_err().starts_with("empty: at least 1 of the numbers"));
        assert!(read("[1,1,1,1]").unwrap_err().starts_with("too_many: at most 3 numbers"));
        assert!(read("[\"one\"]").is_err());
    }
}
