//! Checks each answer, and each body that the server accepted, against the OpenAPI document: the operation, the status,
//! the content type, every property. A failing answer on any path is a problem.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jsonschema::{Draft, Registry, Validator};
use praxis::error::Code;
use praxis::http::problem::PROBLEM_JSON;
use serde_json::{Map, Value, json};

use super::Answer;

/// Served, but not a part of the API that the document describes.
const UNDOCUMENTED: [&str; 2] = ["/docs", "/openapi"];
/// Problems may have further members, such as the current state.
const OPEN_SCHEMAS: [&str; 1] = ["Problem"];

/// One method of one path.
pub struct Operation {
    pub id: String,
    /// In upper case.
    pub method: String,
    /// With its parameters in braces.
    pub path: String,
    /// Its query parameters, each with its values where they are a closed list.
    pub query: BTreeMap<String, Vec<String>>,
    body: Option<Compiled>,
    answers: BTreeMap<u16, Option<(String, Compiled)>>,
    /// The headers of each answer, in lower case.
    headers: BTreeMap<u16, BTreeSet<String>>,
    /// The codes of the problems that it can answer.
    codes: BTreeSet<String>,
    /// What one can call it with.
    schemes: BTreeSet<String>,
}

/// A schema, compiled when it is first needed: each takes a while.
type Compiled = LazyLock<Validator, Box<dyn FnOnce() -> Validator + Send>>;

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |it| (path, it)));
    operations.map(|(path, (method, it))| Operation::new(&document, method, path, it)).collect()
});

/// The document, shared responses written where they are used.
pub fn document() -> Value {
    let mut document = praxis::openapi::document().clone();
    let shared = document["components"]["responses"].clone();
    let operations = document["paths"].as_object_mut().unwrap().values_mut();
    for operation in operations.flat_map(|item| item.as_object_mut().unwrap().values_mut()) {
        for response in operation["responses"].as_object_mut().unwrap().values_mut() {
            let name = response.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
            if let Some(name) = name {
                *response = shared.get(name).unwrap_or_else(|| panic!("there is no response {name}")).clone();
            }
        }
    }
    document
}

/// Every operation of the document.
pub fn operations() -> &'static [Operation] {
    &OPERATIONS
}

/// The operation behind a method and a path: of the template that is the most literal, whatever verbs others take.
pub fn operation(method: &str, path: &str) -> Option<&'static Operation> {
    let candidates = operations().iter().filter_map(|operation| Some((operation.matches(path)?, operation)));
    let (_, template) = candidates.max_by_key(|(literal, _)| *literal)?;
    operations().iter().find(|operation| operation.path == template.path && operation.method == method)
}

impl Operation {
    /// Whether one can call it with this.
    pub fn takes(&self, scheme: &str) -> bool {
        self.schemes.contains(scheme)
    }

    fn new(document: &Value, method: &str, path: &str, operation: &Value) -> Self {
        let content = |holder: &Value| {
            let content = holder.get("content").and_then(Value::as_object).into_iter().flatten().next();
            content.map(|(media, content)| (media.clone(), compiled(&content["schema"])))
        };
        let answers = operation["responses"].as_object().unwrap().iter();
        let examples =
            answers.clone().filter_map(|(_, answer)| answer["content"].get(PROBLEM_JSON)?.get("examples")?.as_object());
        let codes = examples.flat_map(|examples| examples.keys().cloned());
        let headers = |answer: &Value| {
            let names = answer["headers"].as_object().into_iter().flatten();
            names.map(|(name, _)| name.to_lowercase()).collect()
        };
        let schemes = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let in_query = parameters.filter(|parameter| parameter["in"] == "query");
        Self {
            id: operation["operationId"].as_str().unwrap().to_owned(),
            method: method.to_uppercase(),
            path: path.to_owned(),
            query: in_query
                .map(|parameter| {
                    let name = parameter["schema"]["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
                    let schema = name.and_then(|name| document.pointer(name)).unwrap_or(&parameter["schema"]);
                    let values = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
                    (parameter["name"].as_str().unwrap().to_owned(), values.map(str::to_owned).collect())
                })
                .collect(),
            body: operation.get("requestBody").and_then(content).map(|(_, validator)| validator),
            codes: codes.collect(),
            schemes: schemes.flat_map(|scheme| scheme.keys().cloned()).collect(),
            headers: answers.clone().map(|(status, answer)| (status.parse().unwrap(), headers(answer))).collect(),
            answers: answers.map(|(status, answer)| (status.parse().unwrap(), content(answer))).collect(),
        }
    }

    /// Compiles its schemas: panics where one of them is none.
    pub fn compile(&self) {
        self.body.iter().for_each(|schema| _ = LazyLock::force(schema));
        self.answers.values().flatten().for_each(|(_, schema)| _ = LazyLock::force(schema));
    }

    /// Whether it takes a body.
    pub fn takes_body(&self) -> bool {
        self.body.is_some()
    }

    /// How many segments of the path are literally those of the template; `None` where it does not match.
    fn matches(&self, path: &str) -> Option<usize> {
        let (ours, theirs): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        let fits = |(our, their): (&&str, &&str)| our == their || (our.starts_with('{') && !their.is_empty());
        let literal = ours.iter().zip(&theirs).filter(|(our, their)| our == their).count();
        (ours.len() == theirs.len() && ours.iter().zip(&theirs).all(fits)).then_some(literal)
    }
}

/// Under this name schemas refer to what they share.
const SHARED: &str = "urn:praxis";

static COMPONENTS: LazyLock<Registry<'static>> = LazyLock::new(|| {
    let shared = json!({ "components": strict(&document()["components"]) });
    Registry::new().draft(Draft::Draft202012).add(SHARED, shared).unwrap().prepare().unwrap()
});

fn compiled(schema: &Value) -> Compiled {
    let mut root = strict(schema);
    refer_to_shared(&mut root);
    LazyLock::new(Box::new(move || {
        let options = jsonschema::draft202012::options().should_validate_formats(true).with_registry(&COMPONENTS);
        options.build(&root).unwrap_or_else(|error| panic!("{error}"))
    }))
}

fn refer_to_shared(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(target) if name == "$ref" => target.insert_str(0, SHARED),
                    member => refer_to_shared(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(refer_to_shared),
        _ => {}
    }
}

/// Refuses properties that a schema does not name.
fn strict(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut members: Map<String, Value> = members
                .iter()
                .map(|(name, member)| {
                    let is_open = OPEN_SCHEMAS.contains(&name.as_str());
                    (name.clone(), if is_open { member.clone() } else { strict(member) })
                })
                .collect();
            // what the document leaves open to clients the server itself keeps to
            if let Some(known) = members.remove("x-extensible-enum") {
                let is_nullable = members.get("type").is_some_and(Value::is_array);
                let null = is_nullable.then_some(Value::Null);
                let known = known.as_array().unwrap().iter().cloned().chain(null).collect();
                members.insert("enum".to_owned(), Value::Array(known));
            }
            let is_object =
                members.get("type").is_some_and(|kind| kind == "object" || *kind == json!(["object", "null"]));
            if is_object && members.contains_key("properties") {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            Value::Object(members)
        }
        Value::Array(items) => items.iter().map(strict).collect(),
        other => other.clone(),
    }
}

/// Panics unless the document foresees this answer, and the body that led to it where it was accepted.
pub fn check(answer: &Answer, sent: Option<&Value>) {
    let is_head = answer.method == "HEAD";
    if answer.status >= 400 && !is_head {
        check_problem(answer);
    }
    let path = answer.path.split('?').next().unwrap_or_default();
    if UNDOCUMENTED.iter().any(|prefix| path.starts_with(prefix)) || answer.method == "OPTIONS" {
        return;
    }
    let method = if is_head { "GET" } else { answer.method.as_str() };
    let Some(operation) = operation(method, path) else {
        assert!(matches!(answer.status, 404 | 405), "the document has no such operation: {answer}");
        return;
    };
    assert!(answer.status != 304 || answer.headers.contains_key("etag"), "{}: {answer}", operation.id);
    let documented = operation.answers.get(&answer.status);
    match documented.unwrap_or_else(|| panic!("{}: the status is not documented: {answer}", operation.id)) {
        None => assert!(answer.bytes.is_empty(), "{}: the body is not documented: {answer}", operation.id),
        Some((media, validator)) => {
            assert_eq!(answer.header("content-type"), media, "{}: {answer}", operation.id);
            // whole lists as files are not JSON
            let is_json = media.ends_with("json");
            let is_encoded = is_head || !is_json || !answer.header("content-encoding").is_empty();
            assert!(is_encoded || answer.json != Value::Null, "{}: the body is not JSON: {answer}", operation.id);
            if !is_encoded {
                expect_valid(validator, &answer.json, &format!("{}: the answer {answer}", operation.id));
            }
        }
    }
    check_tag(answer, operation, is_head);
    check_headers(answer, operation);
    if answer.status < 400 {
        check_accepted(operation, answer, sent);
    } else if !is_head {
        let code = answer["code"].as_str().unwrap();
        assert!(operation.codes.contains(code), "{}: {code} is not documented: {answer}", operation.id);
    }
}

/// What is read has a tag: single things and the first pages of lists.
fn check_tag(answer: &Answer, operation: &Operation, is_head: bool) {
    let is_read = answer.status == 200 && (answer.method == "GET" || is_head);
    let is_json = answer.header("content-type") == "application/json";
    if is_read && is_json && !answer.path.contains("cursor=") {
        assert!(answer.headers.contains_key("etag"), "{}: {answer}", operation.id);
    }
}

/// What an answer says in these headers the document has promised.
fn check_headers(answer: &Answer, operation: &Operation) {
    const TELLING: [&str; 9] = [
        "deprecation",
        "etag",
        "idempotency-replayed",
        "link",
        "location",
        "ratelimit",
        "retry-after",
        "sunset",
        "www-authenticate",
    ];
    let named = operation.headers.get(&answer.status);
    let is_shown = matches!(answer.status, 200 | 201) && answer.method != "GET" && answer.method != "HEAD";
    if is_shown && named.is_some_and(|named| named.contains("etag")) {
        assert!(answer.headers.contains_key("etag"), "{}: the tag is missing: {answer}", operation.id);
    }
    let told = TELLING.iter().filter(|name| answer.headers.contains_key(**name));
    for name in told {
        assert!(
            named.is_some_and(|named| named.contains(*name)),
            "{}: {name} is not documented: {answer}",
            operation.id
        );
    }
}

/// What the server took must be what the document allows.
fn check_accepted(operation: &Operation, answer: &Answer, sent: Option<&Value>) {
    if let Some(sent) = sent {
        let validator = operation.body.as_ref().unwrap_or_else(|| panic!("{}: takes no body", operation.id));
        expect_valid(validator, sent, &format!("{}: the accepted body {sent}", operation.id));
    }
    let query = answer.path.split_once('?').map_or("", |(_, query)| query);
    for name in query.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| pair.split('=').next()) {
        assert!(operation.query.contains_key(name), "{}: {name} was accepted but is not documented", operation.id);
    }
}

fn expect_valid(validator: &Validator, instance: &Value, what: &str) {
    let errors: Vec<String> =
        validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what} is not as documented:\n{}", errors.join("\n"));
}

/// Every failing answer is a problem whose members agree with each other and with the table of codes.
fn check_problem(answer: &Answer) {
    assert_eq!(answer.header("content-type"), PROBLEM_JSON, "{answer}");
    let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}"));
    let code = Code::ALL.iter().find(|code| code.as_str() == text("code"));
    let code = code.unwrap_or_else(|| panic!("no such code: {answer}"));
    assert_eq!(text("type"), format!("/problems/{}", code.as_str()), "{answer}");
    assert_eq!((answer.status, &answer["status"]), (code.status(), &json!(code.status())), "{answer}");
    assert_eq!(text("title"), code.title(), "{answer}");
    assert!(!text("detail").is_empty(), "{answer}");
    assert_eq!(text("request_id"), answer.header("x-request-id"), "{answer}");
    for error in answer["errors"].as_array().unwrap_or_else(|| panic!("no errors: {answer}")) {
        let members: BTreeSet<&str> = error.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, BTreeSet::from(["code", "detail", "pointer"]), "{answer}");
    }
    assert_eq!(answer.status == 422, code.as_str() == "invalid" && answer["errors"] != json!([]), "{answer}");
    let needed = match answer.status {
        401 => Some("www-authenticate"),
        405 => Some("allow"),
        429 | 503 => Some("retry-after"),
        _ => None,
    };
    assert!(needed.is_none_or(|header| answer.headers.contains_key(header)), "{needed:?} is missing: {answer}");
}
