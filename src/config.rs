//! One clap structure: flags, `PRAXIS_…` environment and `--help`. The only file that reads the environment.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use crate::db::Target;

/// The server behind communities of practice.
#[derive(Debug, Parser)]
#[command(name = "praxis", version, about, max_term_width = 110)]
pub struct Cli {
    /// What to do; `serve` unless said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API (the default).
    Serve,
    /// Load demonstration data; running it again changes nothing.
    Demo {
        /// Make data for load tests instead: at 1, 10,000 groups, 50,000 people, 1,000,000 memberships and 500,000 posts
        /// and comments.
        #[arg(long, value_name = "N", value_parser = parse_scale)]
        scale: Option<f64>,
    },
    /// Bring the database's tables up to date.
    Migrate {
        /// Only say what has run and what has not.
        #[arg(long)]
        status: bool,
    },
    /// Manage administrators.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Manage the keys that sign access tokens.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Print the OpenAPI document; needs no database.
    Openapi {
        /// The version of OpenAPI.
        #[arg(long, value_enum, default_value = "3.1")]
        dialect: Dialect,
        /// The notation.
        #[arg(long, value_enum, default_value = "json")]
        format: Notation,
    },
    /// Write the search's index anew, while the server goes on. Needed once for what was there before there was a search.
    Reindex,
    /// Recount what is kept as a number or a date, and look for orphans and groups without owner. Exit code 1 when
    /// something is off.
    Doctor {
        /// Mend what can be mended.
        #[arg(long)]
        fix: bool,
    },
}

/// Commands about administrators.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Make an administrator, or make the person with this address one.
    Create {
        /// The person's e-mail address.
        #[arg(long)]
        email: String,
        /// The name that others see.
        #[arg(long, default_value = "Administrator")]
        name: String,
        /// Read the password from standard input instead of asking for it.
        #[arg(long)]
        password_stdin: bool,
    },
}

/// Commands about signing keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a new signing key. The old ones go on being published, so that tokens already given out stay valid.
    /// Servers take the new key up when they start.
    Rotate {
        /// Remove the old keys at once: every access token given out so far ends.
        #[arg(long)]
        drop_old: bool,
    },
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Everybody, at once.
    Open,
    /// Everybody; an administrator approves.
    Approval,
    /// Nobody.
    Closed,
}

/// Whether requests are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// As users should have it.
    On,
    /// For load tests.
    Off,
}

/// Where requests are counted that are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CountedIn {
    /// In each server's memory.
    Memory,
    /// In the PostgreSQL that several servers share.
    Database,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

/// The settings of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// Where the SQLite file and the signing keys are kept.
    #[arg(long, env = "PRAXIS_DATA_DIR", default_value = "./praxis-data", global = true, value_name = "DIR")]
    pub data_dir: PathBuf,

    /// `sqlite:PATH` or `postgres://USER@HOST/NAME`; an SQLite file in the data directory unless said.
    #[arg(long, env = "PRAXIS_DATABASE_URL", global = true, value_name = "URL", hide_env_values = true, value_parser = Target::parse)]
    pub database_url: Option<Target>,

    /// Address and port to listen on; port 0 picks a free one.
    #[arg(long, env = "PRAXIS_LISTEN", default_value = "127.0.0.1:8080", global = true, value_name = "ADDRESS")]
    pub listen: SocketAddr,

    /// Who may register.
    #[arg(long, env = "PRAXIS_REGISTRATION", value_enum, default_value = "approval", global = true)]
    pub registration: Registration,

    /// Origins whose pages may call the API, such as `https://community.example`; comma-separated.
    #[arg(long, env = "PRAXIS_CORS_ORIGINS", value_delimiter = ',', global = true, value_name = "ORIGINS", value_parser = parse_origin)]
    pub cors_origins: Vec<String>,

    /// Addresses of reverse proxies whose `X-Forwarded-For` is believed; comma-separated.
    #[arg(long, env = "PRAXIS_TRUSTED_PROXIES", value_delimiter = ',', global = true, value_name = "NETWORKS", value_parser = parse_network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Networks that are not everybody's and to which webhooks may be sent all the same, by address also without TLS; comma-separated.
    #[arg(long, env = "PRAXIS_WEBHOOK_NETWORKS", value_delimiter = ',', global = true, value_name = "NETWORKS", value_parser = parse_network)]
    pub webhook_networks: Vec<IpNet>,

    /// Limit requests per person, and per address where nobody is logged in.
    #[arg(long, env = "PRAXIS_RATE_LIMIT", value_enum, default_value = "on", global = true)]
    pub rate_limit: Switch,

    /// Where requests are counted: `database` for several servers that share a PostgreSQL.
    #[arg(long, env = "PRAXIS_RATE_LIMIT_STORE", value_enum, default_value = "memory", global = true)]
    pub rate_limit_store: CountedIn,

    /// How often passwords may be tried and accounts made: requests per so many seconds.
    #[arg(long, env = "PRAXIS_RATE_LIMIT_AUTH", default_value = "20/60", global = true, value_name = "RATE", value_parser = parse_rate)]
    pub rate_limit_auth: (NonZeroU32, Duration),

    /// How often people may join and leave.
    #[arg(long, env = "PRAXIS_RATE_LIMIT_MEMBERSHIPS", default_value = "60/60", global = true, value_name = "RATE", value_parser = parse_rate)]
    pub rate_limit_memberships: (NonZeroU32, Duration),

    /// How often one may search.
    #[arg(long, env = "PRAXIS_RATE_LIMIT_SEARCH", default_value = "120/60", global = true, value_name = "RATE", value_parser = parse_rate)]
    pub rate_limit_search: (NonZeroU32, Duration),

    /// How many other requests may be made.
    #[arg(long, env = "PRAXIS_RATE_LIMIT_REQUESTS", default_value = "500/10", global = true, value_name = "RATE", value_parser = parse_rate)]
    pub rate_limit_requests: (NonZeroU32, Duration),

    /// Log lines for people or for machines.
    #[arg(long, env = "PRAXIS_LOG_FORMAT", value_enum, default_value = "text", global = true)]
    pub log_format: LogFormat,

    /// What to log, as a filter such as `info` or `praxis=debug`.
    #[arg(long, env = "PRAXIS_LOG", default_value = "info", global = true, value_name = "FILTER")]
    pub log: String,
}

impl Settings {
    /// Where the database is.
    #[must_use]
    pub fn target(&self) -> Target {
        let in_data_dir = || Target::Sqlite(self.data_dir.join("praxis.sqlite3").to_string_lossy().into_owned());
        self.database_url.clone().unwrap_or_else(in_data_dir)
    }
}

fn parse_origin(text: &str) -> Result<String, String> {
    let words =
        "must be scheme and host in lower case, such as https://community.example, without a path or a wildcard";
    let uri = text.parse::<actix_web::http::Uri>().map_err(|_| words.to_owned())?;
    let host = uri.authority().map(|authority| authority.as_str().to_lowercase()).unwrap_or_default();
    let is_web = matches!(uri.scheme_str(), Some("http" | "https")) && !host.contains(['@', '*']);
    // a browser sends exactly this
    let is_origin = is_web && text == format!("{}://{host}", uri.scheme_str().unwrap_or_default());
    if is_origin { Ok(text.to_owned()) } else { Err(words.to_owned()) }
}

/// An address, or a network such as `10.0.0.0/8`.
fn parse_network(text: &str) -> Result<IpNet, String> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| "must be an address, or a network such as 10.0.0.0/8".to_owned())
}

fn parse_rate(text: &str) -> Result<(NonZeroU32, Duration), String> {
    let parts = text.split_once('/').and_then(|(count, seconds)| {
        let seconds = seconds.parse::<u64>().ok().filter(|seconds| (1..=86_400).contains(seconds))?;
        let count = count.parse::<NonZeroU32>().ok().filter(|count| count.get() <= 1_000_000)?;
        Some((count, Duration::from_secs(seconds)))
    });
    parts.ok_or_else(|| "must be requests per seconds, such as 20/60".to_owned())
}

fn parse_scale(text: &str) -> Result<f64, String> {
    let scale = text.parse::<f64>().ok().filter(|scale| *scale > 0.0 && *scale <= 100.0);
    scale.ok_or_else(|| "must be a number above 0, at most 100".to_owned())
}

/// The versions of OpenAPI in which the document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Dialect {
    /// 3.1, which is the source.
    #[value(name = "3.1")]
    V3_1,
    /// 3.0.3, for generators that do not read 3.1.
    #[value(name = "3.0")]
    V3_0,
}

/// The notations in which the document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Notation {
    /// JSON, indented.
    Json,
    /// YAML.
    Yaml,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_requests_per_seconds() {
        assert_eq!(parse_rate("20/60"), Ok((NonZeroU32::new(20).unwrap(), Duration::from_mins(1))));
        for wrong in ["", "20", "0/60", "20/0", "-1/60", "20/60s", "20/86401", "1000001/60", "20/60/1"] {
            assert!(parse_rate(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        for (text, is) in [("10.0.0.0/8", "10.0.0.0/8"), ("127.0.0.1", "127.0.0.1/32"), ("::1", "::1/128")] {
            assert_eq!(parse_network(text).map(|network| network.to_string()), Ok(is.to_owned()));
        }
        for wrong in ["", "10.0.0.0/33", "proxy.example", "10.0.0.0/8,::1"] {
            assert!(parse_network(wrong).is_err(), "{wrong}");
        }
    }
}
