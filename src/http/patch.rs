//! The fields of a merge patch (RFC 7396): absent keeps, null clears, a value sets. In the document they are what they
//! hold (`#[schema(value_type = …)]`), optional.

use serde::{Deserialize, Deserializer};

/// A field that can be set but not cleared: null is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<T>(pub Option<T>);

/// A field that can be set and cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch<T>(pub Option<Option<T>>);

/// Reads an optional property that is left out where it is not meant: closed lists have no null.
///
/// # Errors
/// What is wrong with the value.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for Patch<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Set<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|value| Self(Some(value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| Self(Some(value)))
    }
}
