//! Turns lists of functions into trials: what is served or stored runs once per database.

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};

use super::App;
use super::database::{Database, Engine};

/// No case takes longer unless it hangs.
const LIMIT: Duration = Duration::from_mins(3);
/// Each server has its own connections; PostgreSQL allows 100 of them unless told otherwise.
const THREADS: usize = 4;

type Steps = Pin<Box<dyn Future<Output = ()>>>;

/// A function to run as a test.
pub struct Case {
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Gets a server that was started with these arguments.
    Served(&'static [&'static str], fn(App) -> Steps),
    /// Gets an empty database.
    Stored(fn(Database) -> Steps),
    /// Gets nothing and runs once.
    Plain(fn()),
}

impl Case {
    pub fn served(name: &'static str, args: &'static [&'static str], run: fn(App) -> Steps) -> Self {
        Self { name, kind: Kind::Served(args, run) }
    }

    pub fn stored(name: &'static str, run: fn(Database) -> Steps) -> Self {
        Self { name, kind: Kind::Stored(run) }
    }

    pub fn plain(name: &'static str, run: fn()) -> Self {
        Self { name, kind: Kind::Plain(run) }
    }
}

/// Lists cases that get a server: `served![a_case, another with ["--registration", "closed"]]`. One that is not listed
/// is dead code, which the lints refuse.
macro_rules! served {
    ($($name:ident $(with [$($arg:literal),* $(,)?])?),* $(,)?) => {
        vec![$($crate::support::Case::served(stringify!($name), &[$($($arg),*)?], |app| Box::pin($name(app)))),*]
    };
}
/// Lists cases that get an empty database and no server.
macro_rules! stored {
    ($($name:ident),* $(,)?) => {
        vec![$($crate::support::Case::stored(stringify!($name), |database| Box::pin($name(database)))),*]
    };
}
/// Lists cases that need neither and run once.
macro_rules! plain {
    ($($name:ident),* $(,)?) => {
        vec![$($crate::support::Case::plain(stringify!($name), $name)),*]
    };
}
pub(crate) use {plain, served, stored};

/// Runs the suites.
pub fn run(suites: Vec<(&'static str, Vec<Case>)>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let engines = Engine::all();
    let is_lacking = engines.len() < 2;
    let trials = suites.into_iter().flat_map(|(suite, cases)| cases.into_iter().map(move |case| (suite, case)));
    let trials = trials.flat_map(|(suite, case)| trials_of(suite, &case, &engines)).collect();
    warn(is_lacking && !arguments.list);
    let conclusion = libtest_mimic::run(&arguments, trials);
    warn(is_lacking && !arguments.list);
    conclusion.exit_code()
}

fn warn(is_lacking: bool) {
    if is_lacking {
        let words = "POSTGRESQL WAS NOT TESTED (set PRAXIS_TEST_POSTGRES_URL)";
        eprintln!("\n{0}\n==  {words}  ==\n{0}\n", "=".repeat(words.len() + 8));
    }
}

fn trials_of(suite: &str, case: &Case, engines: &[Engine]) -> Vec<Trial> {
    let trial = |name: String, run: Box<dyn FnOnce() + Send>| {
        Trial::test(name, move || {
            run();
            Ok(())
        })
    };
    let (name, kind) = (case.name, case.kind);
    if let Kind::Plain(run) = kind {
        return vec![trial(format!("{suite}::{name}"), Box::new(run))];
    }
    let on = |engine: &Engine| {
        let engine = engine.clone();
        trial(format!("{}::{suite}::{name}", engine.name()), Box::new(move || run_on(kind, &engine)))
    };
    engines.iter().map(on).collect()
}

fn run_on(kind: Kind, engine: &Engine) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let steps = match kind {
        Kind::Served(args, run) => run(App::start(Database::new(engine).with_tables(), args)),
        Kind::Stored(run) => run(Database::new(engine)),
        Kind::Plain(run) => return run(),
    };
    runtime.block_on(async { tokio::time::timeout(LIMIT, steps).await.expect("the case hangs") });
}
