//! Passwords: Argon2id at the library's recommended parameters, at most one hash per core at a time, never on an async
//! thread.

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use tokio::sync::Semaphore;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::error::{Code, Error, Result};

/// The longest wait for a free core.
const WAIT: Duration = Duration::from_secs(2);

/// A password as somebody types it: 8 to 128 characters when it is chosen, up to 128 when it is tried.
#[derive(Clone, Debug)]
pub struct Password<const MIN: usize>(SecretString);

/// A password being chosen.
pub type NewPassword = Password<8>;
/// A password being tried.
pub type GivenPassword = Password<1>;

impl<const MIN: usize> Password<MIN> {
    /// Checks the length.
    ///
    /// # Errors
    /// `code: words` when it is too short or too long.
    pub fn parse(text: String) -> std::result::Result<Self, String> {
        match text.chars().count() {
            count if count < MIN => Err(format!("too_short: at least {MIN} characters")),
            count if count > 128 => Err("too_long: at most 128 characters".to_owned()),
            _ => Ok(Self(text.into())),
        }
    }
}

impl<'de, const MIN: usize> Deserialize<'de> for Password<MIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        // a wrong type must not be quoted in the answer, it may be the password: so any value is taken first
        let serde_json::Value::String(text) = serde_json::Value::deserialize(deserializer)? else {
            return Err(serde::de::Error::custom("wrong_type: must be a string"));
        };
        Self::parse(text).map_err(serde::de::Error::custom)
    }
}

impl<const MIN: usize> PartialSchema for Password<MIN> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(MIN))
            .max_length(Some(128))
            .write_only(true)
            .into()
    }
}

impl<const MIN: usize> ToSchema for Password<MIN> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("Password{MIN}").into()
    }
}

/// What came of trying a password.
#[derive(Debug)]
pub struct Verified {
    /// Whether it is the right one.
    pub matches: bool,
    /// A new hash to keep, when the kept one was made with other parameters.
    pub rehashed: Option<String>,
}

/// Hashes and verifies, a bounded number at a time.
#[derive(Clone, Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    /// Verified in place of a missing account's, so that both take the same time.
    decoy: Arc<str>,
}

impl Passwords {
    /// Takes one core for each hash at a time.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new() -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let decoy = hash(&uuid::Uuid::now_v7().to_string())?;
        Ok(Self { permits: Arc::new(Semaphore::new(cores)), decoy: decoy.into() })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// `busy` after two seconds without a free core.
    pub async fn hash<const MIN: usize>(&self, password: Password<MIN>) -> Result<String> {
        self.on_a_core(move || hash(password.0.expose_secret())).await
    }

    /// Tries a password; without a kept hash it takes as long and does not match.
    ///
    /// # Errors
    /// `busy` after two seconds without a free core.
    pub async fn verify<const MIN: usize>(&self, password: Password<MIN>, kept: Option<String>) -> Result<Verified> {
        let decoy = Arc::clone(&self.decoy);
        self.on_a_core(move || {
            let is_known = kept.is_some();
            let kept = kept.as_deref().unwrap_or(&decoy);
            let password = password.0.expose_secret();
            let parsed = PasswordHash::new(kept).map_err(|error| Error::internal(error.to_string()))?;
            let matches = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && is_known;
            let rehashed = (matches && is_outdated(&parsed)).then(|| hash(password)).transpose()?;
            Ok(Verified { matches, rehashed })
        })
        .await
    }

    async fn on_a_core<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let busy = || Error::new(Code::Busy, "Too many people log in right now.").with_retry_after(2);
        let permit = tokio::time::timeout(WAIT, Arc::clone(&self.permits).acquire_owned()).await.map_err(|_| busy())?;
        let permit = permit.map_err(Error::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            // held until the hash is done, even when the caller goes away
            let _permit = permit;
            work()
        });
        done.await.map_err(Error::internal)?
    }
}

/// Hashes on this thread, for the command line.
///
/// # Errors
/// When the system gives no randomness.
pub fn hash_now<const MIN: usize>(password: &Password<MIN>) -> Result<String> {
    hash(password.0.expose_secret())
}

fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(error.to_string()))
}

fn is_outdated(kept: &PasswordHash) -> bool {
    let current = argon2::Params::default();
    let params = argon2::Params::try_from(kept);
    let is_current = params.is_ok_and(|kept| {
        (kept.m_cost(), kept.t_cost(), kept.p_cost()) == (current.m_cost(), current.t_cost(), current.p_cost())
    });
    !is_current || kept.algorithm.as_str() != "argon2id"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by argon2 0.5 with m=4096, t=3, p=1.
    const OLD: &str = "$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$";

    #[test]
    fn a_hash_with_other_parameters_is_outdated() {
        let salted = format!("{OLD}qqSCqQPLbO7RKU+qFwvGng");
        assert!(is_outdated(&PasswordHash::new(&salted).unwrap()));
        let current = hash("correct horse battery").unwrap();
        assert!(!is_outdated(&PasswordHash::new(&current).unwrap()));
    }

    #[test]
    fn a_password_has_a_length_and_never_shows() {
        assert!(NewPassword::parse("short".to_owned()).is_err());
        assert!(NewPassword::parse("x".repeat(129)).is_err());
        assert!(!format!("{:?}", NewPassword::parse("a secret of mine".to_owned()).unwrap()).contains("secret of"));
    }

    #[tokio::test]
    async fn when_no_core_is_free_for_two_seconds_the_answer_is_busy() {
        let passwords = Passwords::new().unwrap();
        let cores = u32::try_from(passwords.permits.available_permits()).unwrap();
        let _all = Arc::clone(&passwords.permits).acquire_many_owned(cores).await.unwrap();
        let started = std::time::Instant::now();
        let refused = passwords.verify(GivenPassword::parse("x".to_owned()).unwrap(), None).await.unwrap_err();
        assert_eq!((refused.code(), refused.retry_after()), (Code::Busy, Some(2)));
        assert!((WAIT..WAIT * 2).contains(&started.elapsed()));
    }

    #[tokio::test]
    async fn the_right_password_matches_and_nothing_matches_a_missing_account() {
        let passwords = Passwords::new().unwrap();
        let given = |text: &str| GivenPassword::parse(text.to_owned()).unwrap();
        let kept = passwords.hash(given("correct horse battery")).await.unwrap();
        assert!(passwords.verify(given("correct horse battery"), Some(kept.clone())).await.unwrap().matches);
        assert!(!passwords.verify(given("wrong"), Some(kept)).await.unwrap().matches);
        assert!(!passwords.verify(given("wrong"), None).await.unwrap().matches);
    }
}
