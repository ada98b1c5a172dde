//! Access tokens: EdDSA, 15 minutes, verified with one pinned algorithm; the keys that sign and verify them live in the
//! data directory. Refresh tokens: opaque, kept only as a hash.

use std::collections::HashMap;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::PlatformRole;
use crate::error::{Code, Error, Result};
use crate::types::{SessionId, Timestamp, UserId};

/// How long an access token lives.
pub const ACCESS_LIFE: Duration = Duration::from_mins(15);
/// How long a session lives after its last use.
pub const REFRESH_LIFE: Duration = Duration::from_hours(30 * 24);
/// How many tokens are remembered as verified; a signature costs as much as a small answer.
const VERIFIED: usize = 10_000;
/// Who signs.
const ISSUER: &str = "praxis";

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    /// The person.
    pub sub: UserId,
    /// The session.
    pub sid: SessionId,
    /// The platform role; a change of role ends the person's sessions, so it cannot go stale.
    pub role: PlatformRole,
    iat: i64,
    /// Seconds since 1970 after which the token is void.
    pub exp: i64,
}

/// The public keys that verify access tokens (RFC 7517).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JsonWebKeySet {
    /// The keys; the one that signs comes first.
    pub keys: Vec<JsonWebKey>,
}

/// A public Ed25519 key (RFC 8037).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JsonWebKey {
    /// Always `OKP`.
    pub kty: String,
    /// Always `Ed25519`.
    pub crv: String,
    /// The public key, base64url.
    pub x: String,
    /// The key's id, as in a token's header.
    pub kid: String,
    /// Always `EdDSA`.
    pub alg: String,
    /// Always `sig`.
    pub r#use: String,
}

/// Signs and verifies access tokens.
pub struct Tokens {
    header: Header,
    signing: EncodingKey,
    verifying: HashMap<String, DecodingKey>,
    validation: Validation,
    /// By their hashes, so that no token lies in memory.
    verified: Cache<Vec<u8>, Claims>,
    published: JsonWebKeySet,
}

struct KeyFile {
    modified: std::time::SystemTime,
    path: PathBuf,
}

fn key_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("signing-keys")
}

/// The key files, newest first.
fn key_files(data_dir: &Path) -> std::io::Result<Vec<KeyFile>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(key_dir(data_dir))? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "der") {
            files.push(KeyFile { modified: entry.metadata()?.modified()?, path: entry.path() });
        }
    }
    files.sort_by(|a, b| (b.modified, &b.path).cmp(&(a.modified, &a.path)));
    Ok(files)
}

/// Makes a signing key that servers take up when they start; with `drop_old` it becomes the only one.
///
/// # Errors
/// When the data directory cannot be written.
pub fn rotate(data_dir: &Path, drop_old: bool) -> Result<()> {
    let dir = key_dir(data_dir);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(Error::internal)?;
    let old = key_files(data_dir).map_err(Error::internal)?;
    let key = Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8v1()).map_err(Error::internal)?;
    // a name by time sorts like the files' ages and never clashes
    let path = dir.join(format!("{}.der", uuid::Uuid::now_v7()));
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.map_err(Error::internal)?;
    file.write_all(key.as_ref()).and_then(|()| file.sync_all()).map_err(Error::internal)?;
    for key in old.iter().filter(|_| drop_old) {
        std::fs::remove_file(&key.path).map_err(Error::internal)?;
    }
    Ok(())
}

impl Tokens {
    /// Reads the keys in the data directory, making the first one where there is none, and tries them out.
    ///
    /// # Errors
    /// When the directory cannot be read or written, or a file in it is not an Ed25519 key.
    pub fn load(data_dir: &Path) -> Result<Self> {
        if !key_dir(data_dir).is_dir() || key_files(data_dir).map_err(Error::internal)?.is_empty() {
            rotate(data_dir, false)?;
        }
        let mut keys = Vec::new();
        for file in key_files(data_dir).map_err(Error::internal)? {
            let der = std::fs::read(&file.path).map_err(Error::internal)?;
            keys.push(parse_key(&der).map_err(|error| {
                Error::internal(format!("{} is not an Ed25519 signing key: {error}", file.path.display()))
            })?);
        }
        let (signing, newest) = keys.first().cloned().ok_or_else(|| Error::internal("no signing key"))?;
        let mut verifying = HashMap::new();
        for (_, jwk) in &keys {
            verifying.insert(jwk.kid.clone(), DecodingKey::from_ed_components(&jwk.x).map_err(Error::internal)?);
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.leeway = 0;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(newest.kid);
        let published = JsonWebKeySet { keys: keys.into_iter().map(|(_, jwk)| jwk).collect() };
        let tokens = Self { header, signing, verifying, validation, verified: Cache::new(VERIFIED), published };
        let (token, _) = tokens.issue(UserId::nil(), SessionId::nil(), PlatformRole::Member, Timestamp::now())?;
        tokens.verify(&token)?;
        Ok(tokens)
    }

    /// A new access token and the seconds that it lives.
    ///
    /// # Errors
    /// When signing fails.
    pub fn issue(&self, user: UserId, session: SessionId, role: PlatformRole, now: Timestamp) -> Result<(String, u32)> {
        let exp = now.after(ACCESS_LIFE).seconds();
        let claims = Claims { iss: ISSUER.to_owned(), sub: user, sid: session, role, iat: now.seconds(), exp };
        let token = jsonwebtoken::encode(&self.header, &claims, &self.signing).map_err(Error::internal)?;
        Ok((token, u32::try_from(ACCESS_LIFE.as_secs()).unwrap_or(u32::MAX)))
    }

    /// What a token says, if it is ours and in force.
    ///
    /// # Errors
    /// `invalid_token`.
    pub fn verify(&self, token: &str) -> Result<Claims> {
        let invalid = || Error::new(Code::InvalidToken, "The access token is malformed, expired or not ours.");
        let hash = token_hash(token);
        if let Some(claims) = self.verified.get(&hash) {
            return if claims.exp >= Timestamp::now().seconds() { Ok(claims) } else { Err(invalid()) };
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        let key = header.kid.as_ref().and_then(|kid| self.verifying.get(kid)).ok_or_else(invalid)?;
        // the algorithm is the validation's, never the header's
        let data = jsonwebtoken::decode::<Claims>(token, key, &self.validation).map_err(|_| invalid())?;
        self.verified.insert(hash, data.claims.clone());
        Ok(data.claims)
    }

    /// The public keys.
    #[must_use]
    pub fn published(&self) -> &JsonWebKeySet {
        &self.published
    }
}

fn parse_key(der: &[u8]) -> Result<(EncodingKey, JsonWebKey), jsonwebtoken::errors::Error> {
    let key = EncodingKey::from_ed_der(der);
    let jwk = Jwk::from_encoding_key(&key, Algorithm::EdDSA)?;
    let kid = jwk.thumbprint(ThumbprintHash::SHA256)?;
    let x = match &jwk.algorithm {
        jsonwebtoken::jwk::AlgorithmParameters::OctetKeyPair(pair) => pair.x.clone(),
        _ => String::new(),
    };
    let [kty, crv, alg, r#use] = ["OKP", "Ed25519", "EdDSA", "sig"].map(str::to_owned);
    Ok((key, JsonWebKey { kty, crv, x, kid, alg, r#use }))
}

/// A new refresh token and the hash to keep of it.
///
/// # Errors
/// When the system gives no randomness.
pub fn new_refresh_token() -> Result<(String, Vec<u8>)> {
    random_token("")
}

/// A new token of an invitation, which begins with `prx_inv_` so that scanners for secrets find it, and the hash to keep of
/// it.
///
/// # Errors
/// When the system gives no randomness.
pub fn new_invitation_token() -> Result<(String, Vec<u8>)> {
    random_token("prx_inv_")
}

/// How a feed key begins, so that scanners for secrets find it.
pub const FEED_PREFIX: &str = "prx_feed_";

/// A new key to a person's feeds, and the hash to keep of it.
///
/// # Errors
/// When the system gives no randomness.
pub fn new_feed_key() -> Result<(String, Vec<u8>)> {
    random_token(FEED_PREFIX)
}

/// How the secret of an API key begins, so that scanners for secrets find it.
pub const KEY_PREFIX: &str = "prx_key_";

/// A new secret of an API key, and the hash to keep of it.
///
/// # Errors
/// When the system gives no randomness.
pub fn new_api_key() -> Result<(String, Vec<u8>)> {
    random_token(KEY_PREFIX)
}

/// A new secret that signs what a webhook is told, in the form of Standard Webhooks.
///
/// # Errors
/// When the system gives no randomness.
pub fn new_webhook_secret() -> Result<String> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(Error::internal)?;
    Ok(format!("whsec_{}", STANDARD.encode(bytes)))
}

fn random_token(prefix: &str) -> Result<(String, Vec<u8>)> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(Error::internal)?;
    let token = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
    let hash = token_hash(&token);
    Ok((token, hash))
}

/// What is kept of a token. It is random already, so a plain hash will do.
#[must_use]
pub fn token_hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_was_verified_still_expires_and_vouches_for_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::load(dir.path()).unwrap();
        let issued = Timestamp::now().before(ACCESS_LIFE).after(Duration::from_secs(2));
        let (token, _) = tokens.issue(UserId::new(), SessionId::new(), PlatformRole::Member, issued).unwrap();
        assert_eq!(tokens.verify(&token).unwrap().sid, tokens.verify(&token).unwrap().sid);
        let (other, _) = tokens.issue(UserId::new(), SessionId::new(), PlatformRole::Admin, issued).unwrap();
        let [parts, others]: [Vec<&str>; 2] = [&token, &other].map(|token| token.split('.').collect());
        let forged = [parts[0], others[1], parts[2]].join(".");
        assert_eq!(tokens.verify(&forged).unwrap_err().code(), Code::InvalidToken);

        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(tokens.verify(&token).unwrap_err().code(), Code::InvalidToken);
    }

    #[test]
    fn old_keys_verify_until_they_are_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let (user, session) = (UserId::new(), SessionId::new());
        let first = Tokens::load(dir.path()).unwrap();
        let (token, _) = first.issue(user, session, PlatformRole::Editor, Timestamp::now()).unwrap();

        rotate(dir.path(), false).unwrap();
        let second = Tokens::load(dir.path()).unwrap();
        assert_eq!(second.published().keys.len(), 2);
        let set = serde_json::to_string(second.published()).unwrap();
        assert_eq!(serde_json::from_str::<jsonwebtoken::jwk::JwkSet>(&set).unwrap().keys.len(), 2);
        assert_ne!(second.published().keys[0].kid, first.published().keys[0].kid);
        assert_eq!(second.verify(&token).unwrap().sub, user);

        rotate(dir.path(), true).unwrap();
        let third = Tokens::load(dir.path()).unwrap();
        assert_eq!(third.published().keys.len(), 1);
        assert_eq!(third.verify(&token).unwrap_err().code(), Code::InvalidToken);
    }
}
