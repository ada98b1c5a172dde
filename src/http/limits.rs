//! Rate limits per address: a tight one where passwords are tried and accounts made, one where people come and go, a wide one
//! for the rest.

use std::net::IpAddr;
use std::num::NonZeroU32;

use actix_web::dev::ServiceRequest;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::{Code, Error};

/// Requests to `/auth/…` and `/me/password` per minute and address.
const AUTH_PER_MINUTE: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// Comings and goings per minute and address, behind which may be a whole hospital.
const MEMBERSHIPS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Requests per second and address, with bursts of ten times as many.
const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(50).unwrap();
const BURST: NonZeroU32 = NonZeroU32::new(500).unwrap();

/// The limits and whom to believe about addresses.
pub struct RateLimits {
    auth: DefaultKeyedRateLimiter<IpAddr>,
    memberships: DefaultKeyedRateLimiter<IpAddr>,
    requests: DefaultKeyedRateLimiter<IpAddr>,
    trusted_proxies: Vec<IpAddr>,
}

impl RateLimits {
    /// Limits that take the caller's address from `X-Forwarded-For` where a trusted proxy set it.
    #[must_use]
    pub fn new(trusted_proxies: Vec<IpAddr>) -> Self {
        Self {
            auth: RateLimiter::keyed(Quota::per_minute(AUTH_PER_MINUTE)),
            memberships: RateLimiter::keyed(Quota::per_minute(MEMBERSHIPS_PER_MINUTE)),
            requests: RateLimiter::keyed(Quota::per_second(REQUESTS_PER_SECOND).allow_burst(BURST)),
            trusted_proxies,
        }
    }

    /// The problem for a caller who asks too often.
    #[must_use]
    pub fn check(&self, request: &ServiceRequest) -> Option<Error> {
        // decoded as the router decodes it: another spelling is the same path
        let path = request.match_info().unprocessed();
        if path.starts_with("/health/") {
            return None;
        }
        let address = self.address(request)?;
        let tries_passwords = path.starts_with("/api/v1/auth/") || path == "/api/v1/me/password";
        let comes_or_goes =
            (path.ends_with("/membership") && !request.method().is_safe()) || path == "/api/v1/invitations/accept";
        let limiter = match (tries_passwords, comes_or_goes) {
            (true, _) => &self.auth,
            (false, true) => &self.memberships,
            (false, false) => &self.requests,
        };
        let not_until = limiter.check_key(&address).err()?;
        let wait = not_until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
        let error = Error::new(Code::RateLimited, "Too many requests from this address.");
        Some(error.with_retry_after(u32::try_from(wait).unwrap_or(60)))
    }

    /// Forgets the addresses that have been quiet.
    pub fn sweep(&self) {
        self.auth.retain_recent();
        self.memberships.retain_recent();
        self.requests.retain_recent();
    }

    /// The peer, or the right-most forwarded address that is not a trusted proxy's.
    fn address(&self, request: &ServiceRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip();
        if !self.trusted_proxies.contains(&peer) {
            return Some(peer);
        }
        let forwarded =
            request.headers().get("x-forwarded-for").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let hops = forwarded.rsplit(',').map_while(|hop| hop.trim().parse::<IpAddr>().ok());
        Some(hops.into_iter().find(|hop| !self.trusted_proxies.contains(hop)).unwrap_or(peer))
    }
}
