//! Log lines: to standard error, for people or as JSON.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Settings};

/// The parser of HTML tells every word that it reads when it is asked to tell much: what members write is no matter of logs.
const QUIET: [&str; 3] = ["html5ever=warn", "markup5ever=warn", "xml5ever=warn"];

/// Starts logging; a second call changes nothing.
///
/// # Errors
/// The words for the setting that is wrong.
pub fn start(settings: &Settings) -> Result<(), String> {
    let mut filter = EnvFilter::try_new(&settings.log).map_err(|error| format!("PRAXIS_LOG: {error}"))?;
    for name in QUIET {
        filter = filter.add_directive(name.parse().map_err(|error| format!("PRAXIS_LOG: {error}"))?);
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let builder = builder.with_ansi(std::io::stderr().is_terminal());
    let started = match settings.log_format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    // tests start several servers in one process; the first sets the logger up
    drop(started);
    Ok(())
}
