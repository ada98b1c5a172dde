//! The order of the house, read from the `crate::` paths in its sources: imports run only downwards.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::{Case, plain};

pub fn cases() -> Vec<Case> {
    plain![
        imports_run_only_downwards,
        the_lower_floors_import_only_what_they_may,
        a_feature_has_its_four_files_and_no_others,
        queries_know_no_http,
        only_one_file_reads_the_clock_and_one_the_environment,
        the_parser_of_imports_sees_what_there_is,
    ]
}

/// From the roof down: each may import those after it. Features stand as in `src/api/mod.rs`.
const ORDER: [&str; 54] = [
    "main",
    "cli",
    "demo",
    "doctor",
    "reindex",
    "server",
    "jobs",
    "relay",
    "contract",
    "openapi",
    "api",
    "api::me",
    "api::registration",
    "api::feeds",
    "api::subscriptions",
    "api::last_seen",
    "api::webhooks",
    "api::api_keys",
    "api::event_stream",
    "api::search",
    "api::inbox",
    "api::invitations",
    "api::people",
    "api::proposals",
    "api::admin_groups",
    "api::articles",
    "api::marks",
    "api::shares",
    "api::reactions",
    "api::moderation",
    "api::submissions",
    "api::comments",
    "api::posts",
    "api::groups",
    "api::group_types",
    "api::ownership",
    "api::rosters",
    "api::requests",
    "api::memberships",
    "api::sessions",
    "api::health",
    "api::idempotency",
    "api::users",
    "api::events",
    "api::notices",
    "api::settings",
    "api::audit",
    "http",
    "auth",
    "telemetry",
    "config",
    "types",
    "db",
    "error",
];

/// What these may import, and nothing besides.
const FOUNDATIONS: [(&str, &[&str]); 5] = [
    ("error", &[]),
    ("db", &["error"]),
    ("types", &["db::sql_types"]),
    ("http", &["auth::actor", "auth::limits", "types", "error"]),
    ("auth", &["types", "db", "error"]),
];

/// Files that a feature may have besides the four.
const EXTRA: [(&str, &str); 15] = [
    ("invitations", "acceptance.rs"),
    ("memberships", "access.rs"),
    ("memberships", "activity.rs"),
    ("groups", "changes.rs"),
    ("groups", "relatives.rs"),
    ("groups", "shares.rs"),
    ("groups", "slugs.rs"),
    ("articles", "related.rs"),
    ("articles", "slugs.rs"),
    ("subscriptions", "atom.rs"),
    ("event_stream", "live.rs"),
    ("webhooks", "outlet.rs"),
    ("posts", "mentions.rs"),
    ("posts", "shares.rs"),
    ("posts", "views.rs"),
];

struct Source {
    path: PathBuf,
    /// As in `api::groups::queries`; empty for the root.
    module: Vec<String>,
    /// Without its unit tests.
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().with_extension("");
                let names = name.iter().map(|part| part.to_str().unwrap().to_owned());
                let module = names.filter(|part| part != "mod" && part != "lib").collect();
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
                sources.push(Source { path, module, text });
            }
        }
    }
    assert!(sources.len() > 30, "only {} files were found", sources.len());
    sources
}

/// The floor of a path: `api::groups` for what lies in a feature, else its first part.
fn floor(path: &[String]) -> String {
    match path {
        [] => "lib".to_owned(),
        [api, feature, ..] if api == "api" && ORDER.contains(&format!("api::{feature}").as_str()) => {
            format!("api::{feature}")
        }
        [first, ..] => first.clone(),
    }
}

/// Every path into this crate, absolute, with groups in braces taken apart.
fn imports(source: &Source) -> BTreeSet<Vec<String>> {
    let code: String = source.text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
    let parent = source.module.split_last().map_or(&[][..], |(_, parent)| parent);
    let mut found = BTreeSet::new();
    for (start, base) in [("crate::", &[][..]), ("super::", parent)] {
        for (at, _) in code.match_indices(start) {
            let is_whole = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            // `$crate` in a macro is this crate too
            if is_whole {
                take_path(&code[at + start.len()..], base.to_vec(), &mut found);
            }
        }
    }
    found
}

/// Reads `a::b::{c, d::e}` and returns what is left.
fn take_path<'a>(text: &'a str, mut path: Vec<String>, found: &mut BTreeSet<Vec<String>>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = take_path(rest, path.clone(), found).trim_start();
            match rest.strip_prefix(',') {
                Some(more) if !more.trim_start().starts_with('}') => rest = more,
                Some(more) => return more.trim_start().strip_prefix('}').unwrap(),
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name == "super" {
        path.pop();
    } else if !name.is_empty() && name != "self" {
        path.push(name.to_owned());
    }
    if let Some(rest) = rest.strip_prefix("::") {
        return take_path(rest, path, found);
    }
    found.insert(path);
    let rest = rest.trim_start();
    rest.strip_prefix("as ").map_or(rest, |alias| alias[alias.find([',', '}', ';']).unwrap_or(0)..].trim_start())
}

fn the_parser_of_imports_sees_what_there_is() {
    let text = "use crate::api::{self, groups::{model::Group, queries}, users as people};\nlet x = crate::db::Conn;\n\
                use super::{model, policy};\nuse super::super::posts;\n// use crate::ghost;\nlet y = other_crate::z;";
    let module = vec!["api".to_owned(), "me".to_owned(), "routes".to_owned()];
    let found = imports(&Source { path: PathBuf::from("src/api/me/routes.rs"), module, text: text.to_owned() });
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    let expected = [
        "api",
        "api::groups::model::Group",
        "api::groups::queries",
        "api::me::model",
        "api::me::policy",
        "api::posts",
        "api::users",
    ];
    assert_eq!(found, expected.iter().chain(&["db::Conn"]).map(ToString::to_string).collect::<Vec<_>>());
}

fn imports_run_only_downwards() {
    let rank = |floor: &str| ORDER.iter().position(|known| *known == floor);
    let mut wrong = Vec::new();
    for source in sources() {
        let from = floor(&source.module);
        for path in imports(&source) {
            let to = floor(&path);
            if from == to || matches!(from.as_str(), "lib" | "main") {
                continue;
            }
            let is_down = match (rank(&from), rank(&to)) {
                (Some(from), Some(to)) => from < to,
                // what is not listed is of the file's own making: an item at the root, or a new module
                _ => false,
            };
            if !is_down {
                wrong.push(format!("{}: {from} imports {}", source.path.display(), path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "upwards, or not in the declared order:\n{}", wrong.join("\n"));
}

fn the_lower_floors_import_only_what_they_may() {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for source in sources() {
        let from = floor(&source.module);
        let Some((name, allowed)) = FOUNDATIONS.iter().find(|(name, _)| *name == from) else { continue };
        seen.insert(*name);
        for path in imports(&source) {
            let (to, path) = (floor(&path), path.join("::"));
            let is_allowed =
                allowed.iter().any(|allowed| path == *allowed || path.starts_with(&format!("{allowed}::")));
            if to != from && !is_allowed {
                wrong.push(format!("{}: {from} imports {path}", source.path.display()));
            }
        }
    }
    assert_eq!(seen.len(), FOUNDATIONS.len(), "a floor is missing: {seen:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn a_feature_has_its_four_files_and_no_others() {
    let api = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api");
    let mut features = BTreeSet::new();
    for entry in std::fs::read_dir(api).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let feature = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let files: BTreeSet<String> = files.filter(|file| !EXTRA.contains(&(&feature, file))).collect();
        let four = ["mod.rs", "model.rs", "policy.rs", "queries.rs", "routes.rs"].map(str::to_owned);
        assert_eq!(files, BTreeSet::from(four), "{feature}");
        features.insert(format!("api::{feature}"));
    }
    let listed: BTreeSet<String> = ORDER.iter().map(ToString::to_string).collect();
    let unlisted: Vec<_> = features.difference(&listed).collect();
    assert!(unlisted.is_empty(), "not in the order: {unlisted:?}");
    assert!(features.len() >= 7);
}

fn queries_know_no_http() {
    let words = ["HttpResponse", "HttpRequest", "StatusCode", "actix_web", "Json", "routes::"];
    for source in sources().iter().filter(|source| source.path.ends_with("queries.rs")) {
        for word in words {
            // a list kept as JSON in a column is a type of the database
            let text = source.text.replace("JsonList", "");
            assert!(!text.contains(word), "{} mentions {word}", source.path.display());
        }
    }
}

fn only_one_file_reads_the_clock_and_one_the_environment() {
    for (words, allowed) in [
        (
            &["now_utc", "SystemTime::now", "Utc::now", "now_local", "current_timestamp", "CURRENT_TIMESTAMP"][..],
            "types.rs",
        ),
        (&["env::var", "env::vars", "env::var_os"][..], "config.rs"),
    ] {
        for source in sources().iter().filter(|source| !source.path.ends_with(allowed)) {
            for word in words {
                assert!(!source.text.contains(word), "{} contains {word}", source.path.display());
            }
        }
    }
}
