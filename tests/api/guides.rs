//! The guides: every command in them runs as it stands there, and prints what stands below it.

use std::process::{Command, Output};

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};

use crate::support::process::{Serving, praxis, run_with, success};
use crate::support::{Case, Database, plain, stored};

pub fn cases() -> Vec<Case> {
    let mut all = stored![a_nightly_sync, a_page_of_cards, onboarding_a_cohort];
    all.extend(plain![every_guide_is_followed]);
    all
}

const EMAIL: &str = "admin@example.org";
const PASSWORD: &str = "the administrator's own";
/// Begins what each block prints.
const MARK: &str = "==== block ";

async fn a_nightly_sync(database: Database) {
    follow(&database, "nightly-sync", include_str!("../../docs/guides/nightly-sync.md"));
}

async fn a_page_of_cards(database: Database) {
    follow(&database, "page-of-cards", include_str!("../../docs/guides/page-of-cards.md"));
}

async fn onboarding_a_cohort(database: Database) {
    follow(&database, "onboarding-a-cohort", include_str!("../../docs/guides/onboarding-a-cohort.md"));
}

fn every_guide_is_followed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guides");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = entries.collect();
    found.sort_unstable();
    assert_eq!(found, ["README.md", "nightly-sync.md", "onboarding-a-cohort.md", "page-of-cards.md"]);
}

/// Commands of a guide, and what they print where it says so.
struct Block {
    line: usize,
    commands: String,
    prints: Option<String>,
}

fn blocks(guide: &str) -> Vec<Block> {
    let arena = Arena::new();
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_after_commands = false;
    for node in parse_document(&arena, guide, &Options::default()).children() {
        let data = node.data.borrow();
        let NodeValue::CodeBlock(code) = &data.value else {
            is_after_commands = false;
            continue;
        };
        match (code.info.as_str(), blocks.last_mut()) {
            ("sh", _) => {
                blocks.push(Block { line: data.sourcepos.start.line, commands: code.literal.clone(), prints: None });
            }
            ("text" | "json", Some(block)) if is_after_commands => block.prints = Some(code.literal.clone()),
            // typed into another terminal, and run by `follow`
            ("console", _) => {}
            (other, _) => panic!("line {}: a block of «{other}»", data.sourcepos.start.line),
        }
        is_after_commands = code.info == "sh";
    }
    blocks
}

/// What is typed into the server's terminal and prints something: commands of the program, and what they print.
fn at_the_end(guide: &str) -> Vec<(String, String)> {
    let arena = Arena::new();
    let root = parse_document(&arena, guide, &Options::default());
    let typed = root.children().filter_map(|node| match &node.data.borrow().value {
        NodeValue::CodeBlock(code) if code.info == "console" => Some(code.literal.clone()),
        _ => None,
    });
    let split = |typed: String| {
        let (command, prints) = typed.split_once('\n')?;
        let is_one = !prints.is_empty() && !prints.starts_with('$');
        is_one.then(|| (command.strip_prefix("$ praxis ").expect("of the program").to_owned(), prints.to_owned()))
    };
    typed.filter_map(split).collect()
}

/// One shell for all blocks, as whoever types them has.
fn run(server: &Serving, blocks: &[Block]) -> Output {
    let marked = blocks.iter().map(|Block { line, commands, .. }| {
        let mark = format!("echo '{MARK}{line}'");
        format!("{mark}; {mark} >&2\n{commands}")
    });
    let script = format!("set -euo pipefail\n{}", marked.collect::<String>());
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-c", &script]).current_dir(folder.path());
    // as on a new machine: without anybody's proxies, and without their settings of curl and of jq
    shell
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", folder.path())
        .env("LC_ALL", "C.UTF-8");
    shell
        .env("PRAXIS_URL", format!("http://{}", server.address))
        .env("ADMIN_EMAIL", EMAIL)
        .env("ADMIN_PASSWORD", PASSWORD);
    shell.output().expect("bash runs")
}

/// What was printed after the mark of each block.
fn printed(bytes: &[u8]) -> Vec<(usize, String)> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let parts = text.split(MARK).skip(1).map(|part| part.split_once('\n').unwrap());
    parts.map(|(line, printed)| (line.parse().unwrap(), printed.to_owned())).collect()
}

fn follow(database: &Database, name: &str, guide: &str) {
    success(&praxis(database, &["demo"]).output().unwrap());
    success(&run_with(praxis(database, &["admin", "create", "--email", EMAIL, "--password-stdin"]), PASSWORD));
    let server = Serving::start(praxis(database, &[]));
    let blocks = blocks(guide);
    assert!(blocks.len() > 5, "{name} has {} blocks", blocks.len());
    let output = run(&server, &blocks);
    let (out, err) = (printed(&output.stdout), printed(&output.stderr));
    assert!(output.status.success(), "{name}: {}: {:?} {:?}", output.status, out.last(), err.last());
    for (block, (line, printed)) in blocks.iter().zip(&out) {
        assert_eq!(printed, block.prints.as_deref().unwrap_or_default(), "{name}, line {line}");
    }
    assert_eq!(out.len(), blocks.len());
    for (command, prints) in at_the_end(guide) {
        let words: Vec<&str> = command.split(' ').collect();
        assert_eq!(success(&praxis(database, &words).output().unwrap()), prints, "{name}: praxis {command}");
    }
}
