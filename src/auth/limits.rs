//! Rate limits: per person where somebody is logged in, else per address. Tight ones where passwords are tried and accounts made,
//! where people come and go, and for searching; a wide one for the rest. Each answer says what is left. Counted by this server alone, or
//! in the database by all that share it.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, web};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use ipnet::IpNet;

use super::actor::bearer;
use super::counts::{Counts, Outcome};
use super::keys::Keys;
use super::revocations::Revocations;
use super::tokens::Tokens;
use crate::error::{Code, Error, Result};
use crate::types::UserId;

/// What is left (draft-ietf-httpapi-ratelimit-headers).
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// What there is (the same).
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Whoever has a network of their own has at least so many of its addresses' bits in common.
const NETWORK: u128 = u128::MAX << 64;

/// Headers that the answer to a request has whatever becomes of it, also where a handler panics or takes too long.
#[derive(Debug, Clone, Default)]
pub struct Promised(Rc<RefCell<Vec<(HeaderName, HeaderValue)>>>);

impl Promised {
    /// Promises one more.
    pub fn add(&self, name: HeaderName, value: HeaderValue) {
        self.0.borrow_mut().push((name, value));
    }

    /// What was promised, once.
    #[must_use]
    pub fn take(&self) -> Vec<(HeaderName, HeaderValue)> {
        self.0.take()
    }
}

/// So many requests at once, and so many again in each window of this length.
pub type Rate = (NonZeroU32, Duration);

/// How many requests of each kind one caller may make.
#[derive(Debug, Clone)]
pub struct Rates {
    /// To log in, to register, and to `/me/password`.
    pub auth: Rate,
    /// Comings and goings: behind an address may be a whole hospital.
    pub memberships: Rate,
    /// Searches, also of one list.
    pub search: Rate,
    /// All others.
    pub requests: Rate,
}

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Caller {
    Person(UserId),
    Address(IpAddr),
}

impl std::fmt::Display for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person {id}"),
            Self::Address(address) => write!(f, "address {address}"),
        }
    }
}

type Limiter = RateLimiter<Caller, DefaultKeyedStateStore<Caller>, DefaultClock, StateInformationMiddleware>;

/// One kind of requests with its limit.
struct Kind {
    name: &'static str,
    quota: Quota,
    window: Duration,
    limiter: Limiter,
}

/// What a caller has left of a kind, and the problem where that is nothing.
struct Counted {
    left: String,
    policy: String,
    refused: Option<Error>,
}

impl Kind {
    fn new(name: &'static str, (count, window): Rate) -> Self {
        let each = window.checked_div(count.get()).unwrap_or_default().max(Duration::from_nanos(1));
        let quota = Quota::with_period(each).unwrap_or_else(|| Quota::per_second(count)).allow_burst(count);
        Self { name, quota, window, limiter: RateLimiter::keyed(quota).with_middleware() }
    }

    /// Counts what this server has seen.
    fn count(&self, caller: Caller) -> Outcome {
        match self.limiter.check_key(&caller) {
            Ok(state) => Outcome::Passes(state.remaining_burst_capacity()),
            Err(not_until) => Outcome::Waits(not_until.wait_time_from(DefaultClock::default().now())),
        }
    }

    fn tell(&self, outcome: Outcome) -> Counted {
        let (most, each) = (self.quota.burst_size().get(), self.quota.replenish_interval());
        let (left, whole, refused) = match outcome {
            Outcome::Passes(left) => (left, each.saturating_mul(most.saturating_sub(left)), None),
            Outcome::Waits(wait) => {
                let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
                let error = Error::new(Code::RateLimited, "Too many requests: ask again a little later.");
                let whole = wait.saturating_add(each.saturating_mul(most.saturating_sub(1)));
                (0, whole, Some(error.with_retry_after(seconds)))
            }
        };
        Counted {
            left: format!("\"{}\";r={left};t={}", self.name, whole.as_secs() + u64::from(whole.subsec_nanos() > 0)),
            policy: format!("\"{}\";q={most};w={}", self.name, self.window.as_secs()),
            refused,
        }
    }
}

/// The limits and whom to believe about addresses.
pub struct RateLimits {
    auth: Kind,
    memberships: Kind,
    search: Kind,
    requests: Kind,
    trusted_proxies: Vec<IpNet>,
    shared: Option<Counts>,
}

impl RateLimits {
    /// Limits that take the caller's address from `X-Forwarded-For` where a trusted proxy set it, counted with other servers where
    /// `shared` says how.
    #[must_use]
    pub fn new(rates: &Rates, trusted_proxies: Vec<IpNet>, shared: Option<Counts>) -> Self {
        Self {
            auth: Kind::new("auth", rates.auth),
            memberships: Kind::new("memberships", rates.memberships),
            search: Kind::new("search", rates.search),
            requests: Kind::new("requests", rates.requests),
            trusted_proxies,
            shared,
        }
    }

    /// Counts a request; probes are not counted.
    async fn count(&self, request: &ServiceRequest) -> Option<Counted> {
        let (kind, caller) = self.whose(request)?;
        let together = match &self.shared {
            Some(counts) => counts.count(&format!("{} {caller}", kind.name), kind.quota).await,
            None => None,
        };
        Some(kind.tell(together.unwrap_or_else(|| kind.count(caller))))
    }

    /// Which limit is that of a request, and who is counted.
    fn whose(&self, request: &ServiceRequest) -> Option<(&Kind, Caller)> {
        // decoded as the router decodes it: another spelling is the same path
        let path = request.match_info().unprocessed();
        if path.starts_with("/health/") {
            return None;
        }
        // no password is guessed by showing the secret of a session
        let logs_in = matches!(path, "/api/v1/auth/login" | "/api/v1/auth/register");
        let comes_or_goes =
            (path.ends_with("/membership") && !request.method().is_safe()) || path == "/api/v1/invitations/accept";
        let kind = match path {
            _ if logs_in || path == "/api/v1/me/password" => &self.auth,
            _ if comes_or_goes => &self.memberships,
            "/api/v1/search" | "/api/v1/groups/similar" => &self.search,
            _ if is_searched(request.query_string()) => &self.search,
            _ => &self.requests,
        };
        let person = person(request).filter(|_| !logs_in).map(Caller::Person);
        let caller = person.or_else(|| self.address(request).map(Caller::Address))?;
        Some((kind, caller))
    }

    /// Forgets the callers that have been quiet.
    ///
    /// # Errors
    /// When they are counted in the database and it does not answer.
    pub async fn sweep(&self) -> Result<()> {
        for kind in [&self.auth, &self.memberships, &self.search, &self.requests] {
            kind.limiter.retain_recent();
        }
        match &self.shared {
            Some(counts) => counts.forget().await,
            None => Ok(()),
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }

    /// The peer, or the right-most forwarded address that is not a trusted proxy's. Of an IPv6 address the network counts.
    fn address(&self, request: &ServiceRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip().to_canonical();
        if !self.trusts(peer) {
            return Some(network(peer));
        }
        // what cannot be read is a hop like any other: whatever stands before it is not believed
        let forwarded =
            request.headers().get_all("x-forwarded-for").map(|value| String::from_utf8_lossy(value.as_bytes()));
        let lines: Vec<_> = forwarded.collect();
        let mut hops = lines.iter().rev().flat_map(|line| line.rsplit(',')).map_while(|hop| parse(hop.trim()));
        Some(network(hops.find(|hop| !self.trusts(*hop)).unwrap_or(peer)))
    }
}

/// Whether a list is searched for words.
fn is_searched(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, words)| name == "q" && !words.is_empty())
}

/// An address as proxies write it, with or without a port.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let address = bare.or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip())).ok()?;
    Some(address.to_canonical())
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK)),
    }
}

/// Whose token the request has, where it is a valid one, or a key that was valid when it was last used here. Whether its session or
/// it goes on is asked later; one that is known to have ended is nobody's.
fn person(request: &ServiceRequest) -> Option<UserId> {
    let token = bearer(request.request()).ok()??;
    if Keys::is_key(&token) {
        return request.app_data::<web::Data<Keys>>()?.owner(&token);
    }
    let tokens = request.app_data::<web::Data<Tokens>>()?;
    let claims = tokens.verify(&token).ok()?;
    let revocations = request.app_data::<web::Data<Revocations>>()?;
    (!revocations.is_known_to_have_ended(claims.sid)).then_some(claims.sub)
}

/// The middleware.
///
/// # Errors
/// `rate_limited`.
pub async fn wrap(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let limits = request.app_data::<web::Data<RateLimits>>().map(|limits| limits.clone().into_inner());
    let counted = match limits {
        Some(limits) => limits.count(&request).await,
        None => None,
    };
    let Some(Counted { left, policy, refused }) = counted else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    promise(&request, &left, &policy);
    match refused {
        Some(error) => Ok(request.error_response(error)),
        None => next.call(request).await.map(ServiceResponse::map_into_boxed_body),
    }
}

fn promise(request: &ServiceRequest, left: &str, policy: &str) {
    let extensions = request.extensions();
    let Some(promised) = extensions.get::<Promised>() else { return };
    for (name, value) in [(RATE_LIMIT, left), (RATE_LIMIT_POLICY, policy)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            promised.add(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(count: u32, seconds: u64) -> Kind {
        Kind::new("kind", (NonZeroU32::new(count).unwrap(), Duration::from_secs(seconds)))
    }

    #[test]
    fn what_is_left_is_told_and_then_when_to_come_back() {
        let (kind, caller) = (kind(3, 60), Caller::Person(UserId::new()));
        for (left, wait) in [(2, 20), (1, 40), (0, 60)] {
            let counted = kind.tell(kind.count(caller));
            assert_eq!(
                (counted.left, counted.policy),
                (format!("\"kind\";r={left};t={wait}"), "\"kind\";q=3;w=60".into())
            );
            assert!(counted.refused.is_none());
        }
        let counted = kind.tell(kind.count(caller));
        assert_eq!(counted.left, "\"kind\";r=0;t=60");
        assert_eq!(counted.refused.and_then(|error| error.retry_after()), Some(20));
        assert_eq!(kind.count(Caller::Person(UserId::new())), Outcome::Passes(2), "others are others");
    }

    #[test]
    fn an_address_is_read_however_proxies_write_it() {
        let address = |text: &str| parse(text).map(network).map(|address| address.to_string());
        for (text, is) in [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("[2001:db8:1:2::1]", "2001:db8:1:2::"),
            ("[2001:db8:1:2::1]:4711", "2001:db8:1:2::"),
        ] {
            assert_eq!(address(text).as_deref(), Some(is), "{text}");
        }
        for other in ["", "unknown", "_hidden", "203.0.113", "203.0.113.9, 1"] {
            assert_eq!(address(other), None, "{other}");
        }
    }
}
