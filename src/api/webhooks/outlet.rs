//! Sends what webhooks are told: signed, to addresses that may be called, following nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};

use super::model::WebhookRow;
use super::policy::{Outcome, Reach};
use crate::api::event_stream::model::Event;
use crate::error::{Error, Result};
use crate::types::Timestamp;

/// How long an address may take to answer: well below the lease.
pub const ANSWER_TIME: Duration = Duration::from_secs(15);
/// How long it may take to be there.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Sends.
#[derive(Debug, Clone)]
pub struct Outlet {
    client: reqwest::Client,
    reach: Reach,
}

/// Looks names up and keeps the addresses that may be called: those are connected to, whatever the name leads to a moment later.
struct Resolver(Reach);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let reachable: Vec<SocketAddr> = found.filter(|found| reach.includes(found.ip())).collect();
            if reachable.is_empty() {
                return Err("the name leads to no address that everybody may reach".into());
            }
            let addresses: Addrs = Box::new(reachable.into_iter());
            Ok(addresses)
        })
    }
}

impl Outlet {
    /// An outlet to these addresses.
    ///
    /// # Errors
    /// When the system has no TLS.
    pub fn new(reach: Reach) -> Result<Self> {
        let client = reqwest::Client::builder()
            .dns_resolver(Arc::new(Resolver(reach.clone())))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(ANSWER_TIME)
            .connect_timeout(CONNECT_TIME)
            .user_agent(concat!("Praxis/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::internal)?;
        Ok(Self { client, reach })
    }

    /// Where webhooks may be.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Sends an event; what is answered is not read.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub async fn send(&self, webhook: &WebhookRow, event: &Event, now: Timestamp) -> Result<Outcome> {
        let Ok(url) = self.reach.check(&webhook.url) else {
            return Ok(Outcome::Failed("the address may not be called".to_owned()));
        };
        let body = serde_json::to_string(event).map_err(Error::internal)?;
        let (id, at) = (event.id.to_string(), now.seconds());
        let former =
            webhook.previous_secret.as_ref().filter(|_| webhook.previous_valid_until.is_some_and(|end| end > now));
        let signatures: Vec<String> = std::iter::once(&webhook.secret)
            .chain(former)
            .map(|secret| standardwebhooks::Webhook::new(secret)?.sign(&id, at, body.as_bytes()))
            .collect::<std::result::Result<_, _>>()
            .map_err(Error::internal)?;
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header(HEADER_WEBHOOK_ID, id)
            .header(HEADER_WEBHOOK_TIMESTAMP, at.to_string())
            .header(HEADER_WEBHOOK_SIGNATURE, signatures.join(" "))
            .body(body);
        Ok(match request.send().await {
            Ok(answer) => Outcome::Answered(i32::from(answer.status().as_u16())),
            Err(error) => Outcome::Failed(words(&error)),
        })
    }
}

/// Why there was no answer, without the address.
fn words(error: &reqwest::Error) -> String {
    let words = match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "no connection",
        _ => "the answer was broken off",
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_name_leads_to_what_may_be_called_and_nowhere_else() {
        let found = async |reach: &[&str]| {
            let reach = Reach(reach.iter().map(|network| network.parse().unwrap()).collect());
            let found = Resolver(reach).resolve("localhost".parse().unwrap()).await;
            found.map(|found| found.map(|found| found.ip().to_string()).collect::<Vec<_>>()).ok()
        };
        assert_eq!(found(&[]).await, None);
        assert_eq!(found(&["10.0.0.0/8"]).await, None);
        assert_eq!(found(&["127.0.0.0/8"]).await, Some(vec!["127.0.0.1".to_owned()]));
    }
}
