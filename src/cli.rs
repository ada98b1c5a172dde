//! The commands: parse, run, exit code. A wrong setting ends here, in one line that names it.

use std::error::Error as _;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory as _, Parser as _};
use indicatif::{ProgressBar, ProgressStyle};

use crate::api::users;
use crate::api::users::model::{DisplayName, Email};
use crate::auth::password::{self, NewPassword};
use crate::auth::tokens;
use crate::config::{AdminCommand, Cli, Command, KeysCommand, Settings};
use crate::db::{Conn, in_transaction, migrate};
use crate::error::{Error, Result};
use crate::types::Timestamp;
use crate::{demo, doctor, openapi, reindex, server, telemetry};

/// Parses the command line and the environment, and runs what they ask for.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => error.exit(),
        Err(error) => return fail(&wrong_setting(&error), 2),
    };
    if let Err(words) = telemetry::start(&cli.settings) {
        return fail(&words, 2);
    }
    match run(cli.command.unwrap_or(Command::Serve), &cli.settings) {
        Ok(code) => code,
        Err(error) => fail(&words(&error), 1),
    }
}

fn fail(words: &str, code: u8) -> ExitCode {
    eprintln!("praxis: {words}");
    ExitCode::from(code)
}

/// At a terminal the cause is what helps; the words for API clients say nothing of it.
fn words(error: &Error) -> String {
    error.source().map_or_else(|| error.detail().to_owned(), ToString::to_string)
}

/// `PRAXIS_LISTEN (--listen): invalid socket address syntax`; never the value, which may be a secret.
fn wrong_setting(error: &clap::Error) -> String {
    let rendered = error.to_string();
    let lines: Vec<&str> = rendered.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let first_line = lines.join(" ").trim_start_matches("error: ").to_owned();
    let argument = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    let flag = argument.split_whitespace().next().unwrap_or_default();
    let command = Cli::command();
    let setting = command.get_arguments().find(|argument| argument.get_long() == flag.strip_prefix("--"));
    let Some(variable) = setting.and_then(clap::Arg::get_env) else { return first_line };
    let why = match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(source), _) => source.to_string(),
        (None, Some(valid)) => format!("must be one of {valid}"),
        (None, None) => first_line,
    };
    format!("{} ({flag}): {why}", variable.to_string_lossy())
}

fn run(command: Command, settings: &Settings) -> Result<ExitCode> {
    match command {
        Command::Serve => serve(settings)?,
        Command::Demo { scale } => load_demo(settings, scale)?,
        Command::Reindex => index_anew(settings)?,
        Command::Doctor { fix } => return examine(settings, fix),
        Command::Migrate { status: true } => migration_status(settings)?,
        Command::Migrate { status: false } => drop(migrated(settings)?),
        Command::Admin(AdminCommand::Create { email, name, password_stdin }) => {
            create_admin(settings, &email, &name, password_stdin)?;
        }
        Command::Keys(KeysCommand::Rotate { drop_old }) => {
            server::make_data_dir(settings)?;
            tokens::rotate(&settings.data_dir, drop_old)?;
            println!("A new signing key is in place; restart the server to use it.");
        }
        Command::Openapi { dialect, format } => print!("{}", openapi::text(dialect, format)?),
    }
    Ok(ExitCode::SUCCESS)
}

fn serve(settings: &Settings) -> Result<()> {
    actix_web::rt::System::new().block_on(async {
        let running = server::start(settings).await?;
        let address = running.address;
        // whoever reads the lines below may tell it to stop
        let stop = told_to_stop();
        println!("Praxis {} on {}", env!("CARGO_PKG_VERSION"), running.db.target().engine());
        println!("  API          http://{address}/api/v1");
        println!("  document     http://{address}/docs");
        println!("  first admin  praxis admin create --email YOU@EXAMPLE.ORG");
        running.until_stopped(stop).await
    })
}

/// Ends at the first SIGINT or SIGTERM from now on, also of those that come before it is awaited.
fn told_to_stop() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let told = {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        async {
            let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
                tracing::error!(?signals, "signals cannot be received: stop the server by killing it");
                return std::future::pending().await;
            };
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        }
    };
    #[cfg(not(unix))]
    let told = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    async {
        told.await;
        tracing::info!("stopping");
    }
}

/// The database, its tables up to date.
fn migrated(settings: &Settings) -> Result<Conn> {
    server::make_data_dir(settings)?;
    let mut conn = server::connect(&settings.target())?;
    for name in migrate::run(&mut conn)? {
        println!("migrated {name}");
    }
    Ok(conn)
}

fn migration_status(settings: &Settings) -> Result<()> {
    server::make_data_dir(settings)?;
    let mut conn = server::connect(&settings.target())?;
    migrate::refuse_newer(&mut conn)?;
    for step in migrate::status(&mut conn)? {
        println!("{:8} {}", if step.applied { "applied" } else { "pending" }, step.name);
    }
    Ok(())
}

fn load_demo(settings: &Settings, scale: Option<f64>) -> Result<()> {
    let mut conn = migrated(settings)?;
    let loaded = match scale {
        Some(scale) => demo::load_scale(&mut conn, scale)?,
        None => in_transaction(&mut conn, |conn| demo::load(conn, Timestamp::now()))?,
    };
    println!(
        "{}",
        if loaded { "The demonstration data is loaded." } else { "The demonstration data was there already." }
    );
    Ok(())
}

/// The database, whose tables have to be up to date.
fn up_to_date(settings: &Settings) -> Result<Conn> {
    let mut conn = server::connect(&settings.target())?;
    if migrate::status(&mut conn)?.iter().any(|step| !step.applied) {
        return Err(Error::internal("the tables are not up to date: run «praxis migrate» first"));
    }
    Ok(conn)
}

fn index_anew(settings: &Settings) -> Result<()> {
    let mut conn = up_to_date(settings)?;
    let progress = ProgressBar::new(0);
    let style = "{bar:40} {percent:>3} %  {human_pos} of {human_len} documents, {elapsed} gone, {eta} to go";
    progress.set_style(ProgressStyle::with_template(style).map_err(Error::internal)?);
    let reindex::Report { documents } = reindex::run(&mut conn, &progress)?;
    let millis = progress.elapsed().as_millis().max(1);
    progress.finish();
    println!("{documents} documents are indexed: {} a second.", u128::from(documents) * 1000 / millis);
    Ok(())
}

fn examine(settings: &Settings, fix: bool) -> Result<ExitCode> {
    let mut conn = up_to_date(settings)?;
    if fix {
        in_transaction(&mut conn, doctor::mend)?;
    }
    // outside any transaction, so that nobody who writes waits
    let findings = doctor::examine(&mut conn)?;
    for finding in &findings {
        let hint = if finding.can_be_mended { " (--fix mends them)" } else { "" };
        println!("{:6} {}{hint}", finding.rows, finding.what);
    }
    if findings.is_empty() {
        println!("All counts, dates and references are right.");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

fn create_admin(settings: &Settings, email: &str, name: &str, password_stdin: bool) -> Result<()> {
    let wrong = |flag: &'static str| move |words: String| Error::internal(format!("{flag}: {words}"));
    let email = Email::parse(email).map_err(wrong("--email"))?;
    let name = DisplayName::parse(name).map_err(wrong("--name"))?;
    let password = NewPassword::parse(read_password(password_stdin)?).map_err(wrong("the password"))?;
    let hash = password::hash_now(&password)?;
    let mut conn = migrated(settings)?;
    let now = Timestamp::now();
    in_transaction(&mut conn, |conn| {
        let id = users::queries::make_admin(conn, &email, &name, &hash, now)?;
        users::queries::end_sessions(conn, id, now)
    })?;
    println!("{} is an administrator.", email.as_str());
    Ok(())
}

fn read_password(from_stdin: bool) -> Result<String> {
    if from_stdin {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(Error::internal)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    std::io::stdout().flush().map_err(Error::internal)?;
    let first = rpassword::prompt_password("Password (8 to 128 characters): ").map_err(Error::internal)?;
    let second = rpassword::prompt_password("Again: ").map_err(Error::internal)?;
    if first == second { Ok(first) } else { Err(Error::internal("the two passwords differ")) }
}
