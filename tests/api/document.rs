//! The OpenAPI document as the people read it who build on it.

use std::collections::BTreeSet;

use praxis::config::{Dialect, Notation};
use serde_json::{Map, Value, json};

use crate::support::document::document;
use crate::support::{App, Case, plain, served};

pub fn cases() -> Vec<Case> {
    let mut cases = served![the_examples_of_requests_are_understood];
    cases.extend(plain![
        the_committed_document_is_the_one_that_the_program_prints,
        operation_ids_are_unique_and_say_what_is_done_to_what,
        every_operation_explains_itself,
        every_operation_says_who_may_call_it_and_every_status_it_can_give,
        path_parameters_are_those_in_the_path,
        every_property_is_described_and_those_of_answers_are_always_there,
        generators_get_no_constructs_that_they_stumble_over,
        every_schema_is_one,
        every_reference_leads_somewhere_and_nothing_is_left_over,
        lists_have_the_same_shape,
        the_page_about_the_api_lists_every_code,
        whatever_more_a_problem_says_is_named,
        every_failure_names_its_codes,
        every_body_and_parameter_has_an_example_that_fits,
        lists_of_values_are_closed_in_requests_and_open_in_answers,
        texts_and_lists_have_an_end,
        the_older_dialect_says_the_same,
        both_notations_say_the_same,
    ]);
    cases
}

/// What an operation's id begins with.
const VERBS: [&str; 38] = [
    "accept",
    "add",
    "batch",
    "bookmark",
    "create",
    "decide",
    "decline",
    "delete",
    "end",
    "export",
    "follow",
    "get",
    "import",
    "join",
    "leave",
    "list",
    "lock",
    "lookup",
    "move",
    "offer",
    "pin",
    "purge",
    "read",
    "refresh",
    "register",
    "remove",
    "resend",
    "restore",
    "revoke",
    "share",
    "stream",
    "unbookmark",
    "unfollow",
    "unlock",
    "unpin",
    "unshare",
    "update",
    "withdraw",
];

struct Operation {
    path: String,
    method: String,
    value: Value,
}

impl Operation {
    fn id(&self) -> &str {
        self.value["operationId"].as_str().unwrap()
    }

    fn statuses(&self) -> BTreeSet<&str> {
        self.value["responses"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    fn parameters(&self) -> impl Iterator<Item = &Value> {
        self.value.get("parameters").and_then(Value::as_array).into_iter().flatten()
    }

    /// A token is needed, or one is taken.
    fn takes_token(&self) -> bool {
        self.value["security"].as_array().into_iter().flatten().any(|scheme| *scheme != json!({}))
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().unwrap();
    let methods = |(path, item): (&String, &Value)| {
        let operation = |(method, value): (&String, &Value)| Operation {
            path: path.clone(),
            method: method.clone(),
            value: value.clone(),
        };
        item.as_object().unwrap().iter().map(operation).collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

fn schemas(document: &Value) -> &Map<String, Value> {
    document["components"]["schemas"].as_object().unwrap()
}

/// Calls `visit` with every object inside, and where it is.
fn walk(value: &Value, place: &str, visit: &mut impl FnMut(&str, &Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            visit(place, members);
            members.iter().for_each(|(name, member)| walk(member, &format!("{place}/{name}"), visit));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| walk(item, &format!("{place}/{index}"), visit));
        }
        _ => {}
    }
}

/// The names of the schemas that a value refers to, directly and through others.
fn reachable(document: &Value, from: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut open = vec![from.clone()];
    while let Some(value) = open.pop() {
        walk(&value, "", &mut |_, members| {
            if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                let place = target.trim_start_matches('#');
                let found = document.pointer(place).unwrap_or_else(|| panic!("{target} leads nowhere"));
                let name = target.strip_prefix("#/components/schemas/");
                if name.is_some_and(|name| names.insert(name.to_owned())) {
                    open.push(found.clone());
                }
            }
        });
    }
    names
}

fn the_committed_document_is_the_one_that_the_program_prints() {
    let written = [
        ("openapi.json", Dialect::V3_1, Notation::Json),
        ("openapi.yaml", Dialect::V3_1, Notation::Yaml),
        ("openapi-3.0.json", Dialect::V3_0, Notation::Json),
        ("openapi-3.0.yaml", Dialect::V3_0, Notation::Yaml),
    ];
    for (name, dialect, notation) in written {
        let path = format!("{}/openapi/{name}", env!("CARGO_MANIFEST_DIR"));
        let committed = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let printed = praxis::openapi::text(dialect, notation).unwrap();
        let lines = committed.lines().zip(printed.lines()).enumerate();
        let first = lines.into_iter().find(|(_, (committed, printed))| committed != printed);
        assert!(committed == printed, "the interface has changed; write it with `just openapi`: {name}: {first:?}");
    }
}

fn operation_ids_are_unique_and_say_what_is_done_to_what() {
    let document = document();
    let mut seen = BTreeSet::new();
    for operation in operations(&document) {
        let id = operation.id().to_owned();
        let (verb, resource) = id.split_once('_').unwrap_or((&id, ""));
        assert!(VERBS.contains(&verb) && !resource.is_empty(), "{id} is not verb_resource");
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{id}");
        assert!(seen.insert(id.clone()), "{id} occurs twice");
        let by_method: &[&str] = match operation.method.as_str() {
            "get" => &["get", "list", "export", "stream"],
            "post" => &[
                "accept", "batch", "create", "decide", "decline", "delete", "end", "import", "lookup", "move", "purge",
                "read", "refresh", "register", "resend", "restore",
            ],
            "put" => {
                &["accept", "add", "bookmark", "follow", "join", "lock", "offer", "pin", "read", "share", "update"]
            }
            "patch" => &["update"],
            "delete" => &[
                "delete",
                "leave",
                "remove",
                "revoke",
                "unbookmark",
                "unfollow",
                "unlock",
                "unpin",
                "unshare",
                "withdraw",
            ],
            other => panic!("{other} {}", operation.path),
        };
        assert!(by_method.contains(&verb), "{} {} is {id}", operation.method, operation.path);
    }
}

fn every_operation_explains_itself() {
    let document = document();
    let tags: Vec<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut used = BTreeSet::new();
    for operation in operations(&document) {
        let text = |name: &str| operation.value[name].as_str().unwrap_or_default().trim().to_owned();
        let (id, summary, description) = (operation.id(), text("summary"), text("description"));
        assert!((3..=60).contains(&summary.chars().count()) && !summary.ends_with('.'), "{id}: «{summary}»");
        assert!(description.ends_with('.') && description != summary, "{id}: «{description}»");
        let own = operation.value["tags"].as_array().unwrap();
        assert!(own.len() == 1 && tags.contains(&own[0].as_str().unwrap()), "{id}: {own:?}");
        used.insert(own[0].as_str().unwrap().to_owned());
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            assert!(!response["description"].as_str().unwrap().is_empty(), "{id}: {status}");
        }
        for parameter in operation.parameters() {
            assert!(!parameter["description"].as_str().unwrap_or_default().is_empty(), "{id}: {parameter}");
        }
    }
    assert_eq!(used, tags.iter().map(ToString::to_string).collect(), "a tag without operation");
}

fn every_operation_says_who_may_call_it_and_every_status_it_can_give() {
    let document = document();
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    for operation in operations(&document) {
        let id = operation.id();
        // unless it says so, nobody needs to log in
        let mut security = operation.value.get("security").unwrap_or(&document["security"]).clone();
        // which take API keys, and of which scope, is looked at among those
        security.as_array_mut().unwrap().retain(|scheme| scheme.get("api_key").is_none());
        let known = match operation.path.as_str() {
            path if path.starts_with("/api/v1/admin/") => vec![json!([{ "bearer": ["admin"] }])],
            path if path.ends_with("/feed.atom") => vec![json!([{ "feed_key": [] }]), json!([{}, { "feed_key": [] }])],
            _ => vec![json!([{}]), json!([{ "bearer": [] }]), json!([{}, { "bearer": [] }])],
        };
        assert!(known.contains(&security), "{id}: {security}");
        let statuses = operation.statuses();
        let successes = statuses.iter().filter(|status| status.starts_with('2')).count();
        assert!(successes >= 1, "{id} never succeeds");
        let mut wanted = BTreeSet::from(["500", "503"]);
        if !operation.path.starts_with("/health/") {
            wanted.insert("429");
        }
        if operation.takes_token() {
            wanted.insert("401");
        }
        if operation.parameters().next().is_some() {
            wanted.insert("400");
        }
        if operation.path.contains('{') {
            wanted.insert("404");
        }
        if operation.value.get("requestBody").is_some() {
            wanted.extend(["400", "408", "413", "415", "422"]);
        }
        // what has a tag is not sent again
        if operation.value["responses"]["200"]["headers"].get("ETag").is_some() && operation.method == "get" {
            wanted.insert("304");
        }
        assert!(wanted.is_subset(&statuses), "{id} lacks {:?}", wanted.difference(&statuses));
        let tells_who = operation.takes_token() || ["create_session", "refresh_session"].contains(&id);
        assert_eq!(statuses.contains("401"), tells_who, "{id}");
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            let media: Vec<&String> =
                response.get("content").and_then(Value::as_object).into_iter().flat_map(Map::keys).collect();
            match status.as_str() {
                "204" | "304" | "308" => assert!(media.is_empty(), "{id}: {status}"),
                // whole lists as files
                status if status < "400" && id.starts_with("export_") => {
                    let files = ["text/csv", "application/jsonl", "application/atom+xml"];
                    assert!(matches!(media[..], [only] if files.contains(&only.as_str())), "{id}");
                }
                status if status < "400" && id.starts_with("stream_") => {
                    assert_eq!(media, ["text/event-stream"], "{id}: {status}");
                }
                status if status < "400" => assert_eq!(media, ["application/json"], "{id}: {status}"),
                _ => {
                    assert_eq!(media, ["application/problem+json"], "{id}: {status}");
                    let schema = &response["content"]["application/problem+json"]["schema"];
                    assert_eq!(*schema, json!({ "$ref": "#/components/schemas/Problem" }), "{id}: {status}");
                }
            }
        }
    }
}

fn path_parameters_are_those_in_the_path() {
    for operation in operations(&document()) {
        let segments = operation.path.split('/');
        let wanted: Vec<&str> = segments.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let in_path = operation.parameters().filter(|parameter| parameter["in"] == "path");
        let named: Vec<&str> = in_path
            .map(|parameter| {
                assert_eq!(parameter["required"], true, "{}", operation.id());
                parameter["name"].as_str().unwrap()
            })
            .collect();
        assert_eq!(named, wanted, "{}", operation.id());
        let names: Vec<&Value> = operation.parameters().map(|parameter| &parameter["name"]).collect();
        assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), names.len(), "{}", operation.id());
    }
}

fn every_property_is_described_and_those_of_answers_are_always_there() {
    let document = document();
    let mut answered = BTreeSet::new();
    for operation in operations(&document) {
        answered.extend(reachable(&document, &operation.value["responses"]));
    }
    assert!(answered.contains("Problem") && answered.len() > 10);
    for (name, schema) in schemas(&document) {
        walk(schema, name, &mut |place, members| {
            let Some(properties) = members.get("properties").and_then(Value::as_object) else { return };
            for (property, schema) in properties {
                let is_described = schema["description"].as_str().is_some_and(|words| words.trim().len() > 2);
                assert!(is_described, "{place}.{property} is not described");
            }
            if answered.contains(name) {
                let required: BTreeSet<&str> =
                    members["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
                assert_eq!(required, properties.keys().map(String::as_str).collect(), "{place}");
            }
        });
        let is_described = !schema["description"].as_str().unwrap_or_default().is_empty();
        assert!(is_described || schema["type"] == "array", "{name} is not described");
    }
}

fn generators_get_no_constructs_that_they_stumble_over() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    walk(&document, "", &mut |place, members| {
        assert_ne!(members.get("format"), Some(&json!("int64")), "{place}");
        if !place.ends_with("/properties") {
            for construct in ["oneOf", "anyOf", "allOf", "not", "nullable", "patternProperties"] {
                assert!(!members.contains_key(construct), "{place} has {construct}");
            }
        }
        if let Some(Value::Array(kinds)) = members.get("type") {
            assert!(kinds.len() == 2 && kinds[1] == "null", "{place}: {kinds:?}");
        }
        if let Some(Value::Array(values)) = members.get("enum") {
            let is_plain = |value: &Value| {
                let text = value.as_str().unwrap_or("null");
                // scopes are written with a colon, events with a full stop
                text.bytes().all(|byte| byte.is_ascii_lowercase() || b"_:.".contains(&byte))
            };
            assert!(values.iter().all(is_plain), "{place}: {values:?}");
        }
    });
}

/// Also those that no other case comes to.
fn every_schema_is_one() {
    crate::support::document::operations().iter().for_each(crate::support::document::Operation::compile);
}

fn every_reference_leads_somewhere_and_nothing_is_left_over() {
    let document = document();
    let used = reachable(&document, &document["paths"]);
    let all: BTreeSet<String> = schemas(&document).keys().cloned().collect();
    assert_eq!(used, all);
    let text = praxis::openapi::document().to_string();
    for kind in ["responses", "headers", "examples"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            assert!(text.contains(&format!("#/components/{kind}/{name}\"")), "{kind}: {name} is left over");
        }
    }
}

fn lists_have_the_same_shape() {
    let document = document();
    let mut lists = 0;
    let page = |operation: &Operation| {
        let schema = &operation.value["responses"]["200"]["content"]["application/json"]["schema"];
        schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    };
    let operations = operations(&document);
    let listing = || operations.iter().filter(|operation| operation.id().starts_with("list_"));
    let tells = |operation: &&Operation| operation.parameters().any(|parameter| parameter["name"] == "updated_since");
    let telling: BTreeSet<_> = listing().filter(tells).map(page).collect();
    assert_eq!(telling.len(), 4);
    for operation in listing() {
        let name = &page(operation);
        let properties = schemas(&document)[name.as_str()]["properties"].as_object().unwrap();
        assert!(name.ends_with("Page"), "{name}");
        let query: Vec<_> = operation.parameters().filter(|parameter| parameter["in"] == "query").collect();
        let has = |name: &str| query.iter().any(|parameter| parameter["name"] == name);
        // pages that can tell what has changed also tell what is gone
        let gone: &[&str] = if telling.contains(name) { &["deleted"] } else { &[] };
        assert_eq!(properties.keys().collect::<Vec<_>>(), [gone, &["items", "next_cursor"]].concat(), "{name}");
        assert_eq!(has("limit"), has("cursor"), "{}", operation.id());
        lists += 1;
    }
    assert!(lists >= 8);
}

fn the_page_about_the_api_lists_every_code() {
    let page = include_str!("../../docs/API.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ") && line.contains(" | `")).collect();
    let row = |code: &praxis::error::Code| format!("| {} | `{}` | {} |", code.status(), code.as_str(), code.title());
    let listed: Vec<String> = praxis::error::Code::ALL.iter().map(row).collect();
    let table: Vec<&str> = rows.into_iter().filter(|row| row[2..5].parse::<u16>().is_ok()).collect();
    assert_eq!(table, listed);
}

/// Members of problems that the sources name.
fn further_members() -> BTreeSet<String> {
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut names = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let named = text.split(".with(\"").skip(1).filter_map(|rest| rest.split_once('"'));
            names.extend(named.map(|(name, _)| name.to_owned()));
        }
    }
    names
}

fn whatever_more_a_problem_says_is_named() {
    let (page, document) = (include_str!("../../docs/API.md"), document());
    let (_, page) = page.split_once("\n## Errors\n").unwrap();
    let (page, _) = page.split_once("\n| status | code |").unwrap();
    let described = document["components"]["schemas"]["Problem"]["description"].as_str().unwrap();
    let names = further_members();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let word = format!("`{name}`");
        assert!(page.contains(&word) && described.contains(&word), "{name}");
    }
}

fn every_failure_names_its_codes() {
    for operation in operations(&document()) {
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            if status.as_str() < "400" {
                continue;
            }
            let examples = response["content"]["application/problem+json"]["examples"].as_object().unwrap();
            assert!(!examples.is_empty(), "{} {status}: «{}»", operation.id(), response["description"]);
            for code in examples.keys() {
                let words = response["description"].as_str().unwrap();
                assert!(words.contains(&format!("`{code}`")), "{} {status}: {code}", operation.id());
            }
        }
    }
}

/// Panics unless this fits the schema.
fn fits(document: &Value, schema: &Value, example: &Value, place: &str) {
    let mut root = schema.clone();
    root["components"] = document["components"].clone();
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&root).unwrap();
    let errors: Vec<String> = validator.iter_errors(example).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{place}: {example}: {errors:?}");
}

fn every_body_and_parameter_has_an_example_that_fits() {
    let document = document();
    let mut seen = 0;
    let mut checked = |schema: &Value, example: &Value, place: &str| {
        seen += 1;
        assert_ne!(example, "text", "{place}: an example that says nothing");
        fits(&document, schema, example, place);
        walk(example, "", &mut |inside, members| {
            let vague = members.values().any(|value| value == "text");
            assert!(!vague, "{place}{inside}: an example that says nothing: {members:?}");
        });
    };
    for operation in operations(&document) {
        let id = operation.id();
        for parameter in operation.parameters() {
            let of_schema = parameter["schema"].pointer("/examples/0");
            let example = parameter.get("example").or(of_schema).unwrap_or_else(|| panic!("{id}: {parameter}"));
            assert!(!example.is_null() && example != "text", "{id}: {parameter}");
            checked(&parameter["schema"], example, id);
        }
        let responses = operation.value["responses"].as_object().unwrap().values();
        for holder in responses.chain(operation.value.get("requestBody")) {
            for (media, content) in holder.get("content").and_then(Value::as_object).into_iter().flatten() {
                if let Some(example) = content.get("example") {
                    checked(&content["schema"], example, &format!("{id} {media}"));
                    continue;
                }
                let examples = content["examples"].as_object().unwrap_or_else(|| panic!("{id} {media}"));
                for (name, example) in examples {
                    let target = example["$ref"].as_str().unwrap().trim_start_matches('#');
                    let example = &document.pointer(target).unwrap_or_else(|| panic!("{id}: {target}"))["value"];
                    checked(&content["schema"], example, &format!("{id} {name}"));
                }
            }
        }
    }
    assert!(seen > 1000, "{seen}");
}

/// Sends each example to its operation, with ids that nothing has: it is refused for these at most.
async fn the_examples_of_requests_are_understood(app: App) {
    let document = document();
    let mut sent = 0;
    for operation in operations(&document) {
        let content = operation.value.pointer("/requestBody/content/application~1json/example");
        let Some(example) = content else { continue };
        let mut path = operation.path.clone();
        for parameter in operation.parameters().filter(|parameter| parameter["in"] == "path") {
            let (name, example) = (parameter["name"].as_str().unwrap(), parameter["example"].as_str().unwrap());
            path = path.replace(&format!("{{{name}}}"), example);
        }
        let method = operation.method.to_uppercase().parse().unwrap();
        let call = app.admin().request(method, &path).header("if-match", "*").json(example.clone());
        let answer = call.await;
        sent += 1;
        assert_ne!(answer.status, 400, "{}: {answer}", operation.id());
        let refused = ["missing", "unknown_property", "unknown_value", "wrong_type", "malformed", "too_long", "past"];
        for error in answer["errors"].as_array().into_iter().flatten() {
            assert!(!refused.contains(&error["code"].as_str().unwrap()), "{}: {answer}", operation.id());
        }
    }
    assert!(sent > 45, "{sent}");
}

fn lists_of_values_are_closed_in_requests_and_open_in_answers() {
    let document = document();
    let (mut asked, mut answered) = (BTreeSet::new(), BTreeSet::new());
    for operation in operations(&document) {
        answered.extend(reachable(&document, &operation.value["responses"]));
        asked.extend(reachable(&document, operation.value.get("requestBody").unwrap_or(&Value::Null)));
    }
    let has = |name: &str, keyword: &str| {
        let mut has = false;
        walk(&schemas(&document)[name], "", &mut |place, members| {
            has |= !place.ends_with("/properties") && members.contains_key(keyword);
        });
        has
    };
    for name in &answered {
        assert!(!has(name, "enum"), "{name} is closed, and is answered");
    }
    for name in &asked {
        assert!(!has(name, "x-extensible-enum"), "{name} is open, and is asked for");
    }
    assert!(asked.iter().any(|name| has(name, "enum")) && answered.iter().any(|name| has(name, "x-extensible-enum")));
    walk(&document, "", &mut |place, members| {
        let values = members.get("enum").and_then(Value::as_array).into_iter().flatten();
        assert!(!values.into_iter().any(Value::is_null), "{place}: null is not one of a list");
    });
}

/// A file or a stream is as long as a client of 32 bits counts.
fn texts_and_lists_have_an_end() {
    let mut endless = Vec::new();
    walk(&document(), "", &mut |place, schema| {
        let is = |kind: &str| match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.contains(&json!(kind)),
            is => is.is_some_and(|is| is == kind),
        };
        let has = |names: &[&str]| names.iter().any(|name| schema.contains_key(*name));
        if is("string") && !has(&["maxLength", "enum", "const"]) || is("array") && !has(&["maxItems"]) {
            endless.push(place.to_owned());
        }
    });
    assert_eq!(endless, [""; 0]);
}

/// Writes what 3.0 has for it as 3.1 does.
fn upgraded(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Map<String, Value> =
                members.iter().map(|(name, member)| (name.clone(), upgraded(member))).collect();
            if members.remove("nullable") == Some(json!(true)) {
                let kind = members["type"].clone();
                members.insert("type".to_owned(), json!([kind, "null"]));
            }
            if let Some(parts) = members.remove("allOf") {
                assert_eq!(parts.as_array().unwrap().len(), 1);
                members.insert("$ref".to_owned(), parts[0]["$ref"].clone());
            }
            // that of a parameter that may be left out
            if members.contains_key("in") && members.get("required") == Some(&json!(false)) {
                let example = members.remove("example").unwrap();
                members["schema"]["examples"] = json!([example]);
            }
            Value::Object(members)
        }
        Value::Array(items) => items.iter().map(upgraded).collect(),
        other => other.clone(),
    }
}

fn the_older_dialect_says_the_same() {
    let text = praxis::openapi::text(Dialect::V3_0, Notation::Json).unwrap();
    let older: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(older["openapi"], "3.0.3");
    walk(&older, "", &mut |place, members| {
        assert!(!members.get("type").is_some_and(Value::is_array), "{place} has several types");
        let beside = members.contains_key("$ref") && members.len() > 1;
        assert!(!beside, "{place}: what stands beside a reference is not read");
    });
    let active = &older["components"]["schemas"]["Group"]["properties"]["last_active_at"];
    assert_eq!((&active["type"], &active["nullable"]), (&json!("string"), &json!(true)));
    let (mut older, mut newer) = (upgraded(&older), praxis::openapi::document().clone());
    for document in [&mut older, &mut newer] {
        document["openapi"] = Value::Null;
        document["info"]["license"] = Value::Null;
    }
    for (path, item) in newer["paths"].as_object_mut().unwrap() {
        for (method, operation) in item.as_object_mut().unwrap() {
            let Some(schemes) = operation.get_mut("security").and_then(Value::as_array_mut) else { continue };
            for scheme in schemes.iter_mut().filter_map(Value::as_object_mut) {
                // 3.0 has words for scopes only, and another name for what administrators call with
                if let Some(scopes) = scheme.get("api_key").and_then(Value::as_array) {
                    let words = older["paths"][path][method]["description"].as_str().unwrap();
                    let (_, words) = words.rsplit_once("An API key needs the scope").unwrap();
                    let named = words.matches('`').count() / 2;
                    let wanted: Vec<&str> =
                        scopes.iter().map(|scope| scope.as_str().unwrap()).filter(|name| *name != "admin").collect();
                    assert!(wanted.iter().all(|scope| words.contains(&format!("`{scope}`"))), "{path}: {words}");
                    assert_eq!(named, wanted.len(), "{path}: {words}");
                }
                let admins = if path.contains("/admin/") { "admin_" } else { "" };
                *scheme = scheme.keys().map(|name| (format!("{admins}{name}"), json!([]))).collect();
            }
        }
    }
    let schemes = older["components"]["securitySchemes"].as_object_mut().unwrap();
    let of_admins = [schemes.remove("admin_bearer"), schemes.remove("admin_api_key")];
    assert!(
        of_admins.iter().flatten().all(|scheme| scheme["scheme"] == "bearer")
            && of_admins.iter().flatten().count() == 2
    );
    assert_eq!(older, newer);
}

fn both_notations_say_the_same() {
    for dialect in [Dialect::V3_1, Dialect::V3_0] {
        let json: Value = serde_json::from_str(&praxis::openapi::text(dialect, Notation::Json).unwrap()).unwrap();
        let yaml: Value = yaml_serde::from_str(&praxis::openapi::text(dialect, Notation::Yaml).unwrap()).unwrap();
        assert_eq!(json, yaml);
    }
}
