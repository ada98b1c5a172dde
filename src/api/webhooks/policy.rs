//! How many webhooks somebody has, where they may be, and what becomes of what is not taken.

use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::Url;

use super::model::{DeliveryRow, DeliveryState, WebhookRow};
use crate::api::events::EventKind;
use crate::auth::actor::Actor;
use crate::error::{Code, Error, Result};
use crate::types::Timestamp;

/// Webhooks that a person has at most.
pub const MOST: i64 = 20;
/// How long after each failure the next try is made; after the last of these there is none.
const WAITS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
];
/// How long a webhook may fail: it is looked at when something is parked, so that one failure after a quiet time is none of five days.
const PATIENCE: Duration = Duration::from_hours(5 * 24);
/// The answer of an address that wants nothing any more.
const GONE: i32 = 410;

/// Networks that are not everybody's (the registries of IANA for special-purpose addresses), and where clouds answer their own machines.
static SPECIAL: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let networks = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    ];
    networks.iter().filter_map(|network| network.parse().ok()).collect()
});
/// The IPv6 addresses that are given out.
static GLOBAL: LazyLock<Option<IpNet>> = LazyLock::new(|| "2000::/3".parse().ok());

/// Which addresses may be called: everybody's, and those that whoever runs the server allows.
#[derive(Debug, Clone, Default)]
pub struct Reach(pub Vec<IpNet>);

impl Reach {
    /// Whether an address may be called.
    #[must_use]
    pub fn includes(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let is_given = address.is_ipv4() || GLOBAL.is_some_and(|global| global.contains(&address));
        let is_everybodys = is_given && !SPECIAL.iter().any(|network| network.contains(&address));
        is_everybodys || self.allows(address)
    }

    fn allows(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether a webhook may be there. What a name leads to is asked each time that it is called.
    pub fn check(&self, url: &str) -> Result<Url> {
        let refuse = |code: &str, words: &str| Err(Error::invalid("/url", code, words));
        let Ok(url) = Url::parse(url) else { return refuse("bad_url", "must be an absolute URL") };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("credentials", "must not hold a name or password");
        }
        if url.port() == Some(0) || url.fragment().is_some() {
            return refuse("bad_url", "must have no fragment, and no port 0");
        }
        let address = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(url::Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(url::Host::Domain(name)) if is_local(name) && self.0.is_empty() => {
                return refuse("not_public", "must be a name that everybody may reach");
            }
            Some(url::Host::Domain(_)) => None,
            None => return refuse("bad_url", "must name a host"),
        };
        let is_allowed = address.is_some_and(|address| self.allows(address.to_canonical()));
        if url.scheme() != "https" && !(is_allowed && url.scheme() == "http") {
            return refuse("not_https", "must be an https URL");
        }
        if address.is_some_and(|address| !self.includes(address)) {
            return refuse("not_public", "must be an address that everybody may reach");
        }
        Ok(url)
    }
}

fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let ends = [".localhost", ".local", ".internal", ".lan", ".home.arpa"];
    name == "localhost" || !name.contains('.') || ends.iter().any(|end| name.ends_with(end))
}

/// Whether somebody with so many webhooks may have another.
pub fn create(held: i64) -> Result<()> {
    if held < MOST {
        return Ok(());
    }
    Err(Error::new(Code::InUse, format!("{MOST} webhooks are in use; delete one that is not needed any more.")))
}

/// Whether a caller sees and changes a webhook of their account: a key only what it made, so that nothing of what it does goes on when it
/// ends.
#[must_use]
pub fn is_own(webhook: &WebhookRow, caller: &Actor) -> bool {
    webhook.user_id == caller.user_id && caller.key_id().is_none_or(|key| webhook.api_key_id == Some(key))
}

/// Whether something may be sent again, which is being sent or not.
pub fn send_again(is_being_sent: bool) -> Result<()> {
    if is_being_sent { Err(Error::new(Code::InUse, "It is being sent: look what comes of it.")) } else { Ok(()) }
}

/// Whether a webhook may be pinged, to which a ping is on its way or not.
pub fn ping(is_pinged: bool) -> Result<()> {
    if is_pinged { Err(Error::new(Code::InUse, "A ping is on its way: look at the deliveries.")) } else { Ok(()) }
}

/// What came of sending something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An answer with this status.
    Answered(i32),
    /// None, and why.
    Failed(String),
}

impl Outcome {
    /// Whether it was taken.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }
}

/// Where a delivery stands after an outcome, and when it is sent next, if it is. A ping says what comes of it, and is not sent again.
#[must_use]
pub fn after(delivery: &DeliveryRow, outcome: &Outcome, now: Timestamp) -> (DeliveryState, Option<Timestamp>) {
    if outcome.is_taken() {
        return (DeliveryState::Delivered, None);
    }
    let made = usize::try_from(delivery.attempts).ok().filter(|_| delivery.kind != EventKind::Ping);
    let wait = made.and_then(|made| WAITS.get(made));
    wait.map_or((DeliveryState::Parked, None), |wait| (DeliveryState::Pending, Some(now.after(*wait))))
}

/// Whether an address wants nothing any more.
#[must_use]
pub fn is_gone(outcome: &Outcome) -> bool {
    *outcome == Outcome::Answered(GONE)
}

/// Whether a webhook that fails since then is told nothing any more, where this came of something that is given up now, or not.
#[must_use]
pub fn gives_up(failing_since: Timestamp, outcome: &Outcome, is_given_up: bool, now: Timestamp) -> bool {
    is_gone(outcome) || (is_given_up && failing_since <= now.before(PATIENCE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::events::EventRow;
    use crate::types::{GroupId, WebhookId};

    #[test]
    fn every_network_is_read() {
        assert_eq!(SPECIAL.len(), 24);
        assert!(GLOBAL.is_some());
    }

    #[test]
    fn only_what_everybody_may_reach_is_called_however_it_is_written() {
        let nothing = Reach::default();
        for (url, code) in [
            ("https://example.org/hook", None),
            ("https://example.org:8443/hook?x=1", None),
            ("https://93.184.215.14/", None),
            ("https://[2606:2800:220:1::1]/", None),
            ("http://example.org/hook", Some("not_https")),
            ("ftp://example.org/", Some("not_https")),
            ("gopher://127.0.0.1:25/", Some("not_https")),
            ("file:///etc/passwd", Some("bad_url")),
            ("https://", Some("bad_url")),
            ("https://ann:secret@example.org/", Some("credentials")),
            ("https://127.0.0.1/", Some("not_public")),
            ("https://127.1/", Some("not_public")),
            ("https://2130706433/", Some("not_public")),
            ("https://0x7f000001/", Some("not_public")),
            ("https://0177.0.0.1/", Some("not_public")),
            ("https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/", Some("not_public")),
            ("https://0.0.0.0/", Some("not_public")),
            ("https://10.1.2.3/", Some("not_public")),
            ("https://172.31.255.255/", Some("not_public")),
            ("https://192.168.0.1/", Some("not_public")),
            ("https://100.64.0.1/", Some("not_public")),
            ("https://169.254.169.254/latest/meta-data/", Some("not_public")),
            ("https://168.63.129.16/", Some("not_public")),
            ("https://[::1]/", Some("not_public")),
            ("https://[::]/", Some("not_public")),
            ("https://[::ffff:127.0.0.1]/", Some("not_public")),
            ("https://[::ffff:a9fe:a9fe]/", Some("not_public")),
            ("https://[64:ff9b::7f00:1]/", Some("not_public")),
            ("https://[2002:7f00:1::]/", Some("not_public")),
            ("https://[fe80::1]/", Some("not_public")),
            ("https://[fd00:ec2::254]/", Some("not_public")),
            ("https://[ff02::1]/", Some("not_public")),
            ("https://localhost/", Some("not_public")),
            ("https://LOCALHOST./", Some("not_public")),
            ("https://a.localhost/", Some("not_public")),
            ("https://metadata.google.internal/", Some("not_public")),
            ("https://intranet/", Some("not_public")),
        ] {
            let is = nothing.check(url).err().map(|error| error.fields()[0].code.clone());
            assert_eq!(is.as_deref(), code, "{url}");
        }
        let own = Reach(vec!["127.0.0.0/8".parse().unwrap()]);
        assert!(own.check("http://127.0.0.1:8080/").is_ok() && own.check("http://10.0.0.1/").is_err());
        assert!(own.check("http://example.org/").is_err(), "a name may lead anywhere");
    }

    #[test]
    fn what_is_not_taken_is_sent_seven_times_more() {
        let now = Timestamp::now();
        let failed = Outcome::Answered(500);
        let ping = DeliveryRow::new(WebhookId::new(), &EventRow::ping(now), now);
        assert_eq!(after(&ping, &failed, now), (DeliveryState::Parked, None));
        let event = EventRow::of_group(EventKind::GroupUpdated, GroupId::new(), now);
        let mut delivery = DeliveryRow::new(WebhookId::new(), &event, now);
        let mut waits = Vec::new();
        while let (DeliveryState::Pending, Some(at)) = after(&delivery, &failed, now) {
            waits.push(at.seconds() - now.seconds());
            delivery.attempts += 1;
        }
        assert_eq!(waits, [5, 300, 1800, 7200, 18000, 36000, 50400]);
        assert_eq!(after(&delivery, &failed, now).0, DeliveryState::Parked);
        for (outcome, is_taken) in [
            (Outcome::Answered(200), true),
            (Outcome::Answered(204), true),
            (Outcome::Answered(301), false),
            (Outcome::Answered(404), false),
            (Outcome::Failed("timed out".to_owned()), false),
        ] {
            assert_eq!(after(&delivery, &outcome, now).0 == DeliveryState::Delivered, is_taken, "{outcome:?}");
        }
    }

    #[test]
    fn five_days_of_failures_are_enough() {
        let now = Timestamp::now();
        let failed = Outcome::Answered(500);
        let (long, short) = (now.before(Duration::from_hours(5 * 24)), now.before(Duration::from_hours(5 * 24 - 1)));
        assert!(!gives_up(short, &failed, true, now));
        assert!(!gives_up(long, &failed, false, now), "it is tried again");
        assert!(gives_up(long, &failed, true, now));
        assert!(gives_up(now, &Outcome::Answered(410), false, now));
    }
}
