//! What every operation has besides what its handler says: the parameters of its path, the failures of its kind with their
//! codes, and the headers of its answers.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::error::Code;

/// Completes every operation, and adds what they share to the document's components.
pub fn complete(document: &mut Value) {
    let versioned = versioned(document);
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            name_path_parameters(path, operation);
            take_idempotency_key(method, operation);
            take_known_tags(method, operation);
            describe_scope(operation);
            let ends = operation.get("x-sunset").is_some();
            if ends {
                operation["deprecated"] = json!(true);
            }
            let failures = failures(path, operation);
            let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
            add_failures(responses, &failures, ends);
            let has = |name: &str| failures.iter().any(|failure| failure.name == name);
            describe_successes(method == "get", has("InProgress"), &versioned, responses);
            if ends {
                let answers = responses.values_mut().filter(|response| response.get("description").is_some());
                answers.for_each(|response| add_headers(response, &["Deprecation", "Sunset", "Link"]));
            }
        }
    }
    add_components(document);
}

/// Leaves out that nobody needs to log in, which is said of the whole document: generators take it for a log-in.
pub fn open(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    let operations = paths.filter_map(|(_, item)| item.as_object_mut()).flatten();
    for operation in operations.filter_map(|(_, operation)| operation.as_object_mut()) {
        if operation.get("security").is_some_and(|security| *security == json!([{}])) {
            operation.remove("security");
        }
    }
    if let Some(document) = document.as_object_mut() {
        document.insert("security".to_owned(), json!([{}]));
    }
}

/// Names the parameters in the path: utoipa finds them in handlers that take a tuple, not in those that take one id.
fn name_path_parameters(path: &str, operation: &mut Value) {
    let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let in_path = names.map(path_parameter);
    let others = parameters(operation).filter(|parameter| parameter.get("in").is_none_or(|place| place != "path"));
    let mut all: Vec<Value> = in_path.chain(others.cloned()).collect();
    for header in all.iter_mut().filter(|parameter| parameter.get("in").is_some_and(|place| place == "header")) {
        // a header that is not needed is left out, never null
        if let Some(kind) = header.pointer_mut("/schema/type").filter(|kind| kind.is_array()) {
            *kind = json!("string");
        }
    }
    if !all.is_empty() {
        operation["parameters"] = Value::Array(all);
    }
}

fn path_parameter(name: &str) -> Value {
    let (words, schema) = match (name, name.strip_suffix("_id")) {
        (_, Some(what)) => (
            format!("The id of the {}.", what.replace('_', " ")),
            json!({ "type": "string", "format": "uuid", "maxLength": 36 }),
        ),
        ("reaction_kind", _) => {
            ("The kind of reaction.".to_owned(), json!({ "$ref": "#/components/schemas/ReactionKind" }))
        }
        _ => (format!("The {}.", name.replace('_', " ")), json!({ "$ref": "#/components/schemas/Slug" })),
    };
    json!({ "name": name, "in": "path", "required": true, "description": words, "schema": schema })
}

/// What creates something under other names: members, by invitation or at once, and tokens.
const MAKING: [&str; 4] = ["batch_members", "decide_membership_requests", "import_members", "resend_invitation"];

/// Says of what creates something that it may be sent again.
fn take_idempotency_key(method: &str, operation: &mut Value) {
    let creates = |id: &str| id.starts_with("create_") || MAKING.contains(&id);
    let creates = operation.get("operationId").and_then(Value::as_str).is_some_and(creates);
    let is_known_who = operation.get("security").is_some_and(|security| *security != json!([{}]));
    if method != "post" || !creates || !is_known_who {
        return;
    }
    let key = json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": "Makes the request safe to send again for a day: up to 255 characters, another for each thing to make",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
    });
    add_parameter(operation, key);
}

/// Says of what is read with a tag that it is not sent again to who has it.
fn take_known_tags(method: &str, operation: &mut Value) {
    if method != "get" || operation.pointer("/responses/200/content/application~1json").is_none() {
        return;
    }
    let tags = json!({
        "name": "If-None-Match",
        "in": "header",
        "required": false,
        "description": "The `ETag` of what the caller has: the same is not sent again",
        "schema": { "type": "string" },
    });
    add_parameter(operation, tags);
    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        responses.insert("304".to_owned(), json!({ "$ref": "#/components/responses/NotModified" }));
    }
}

fn add_parameter(operation: &mut Value, parameter: Value) {
    let mut all: Vec<Value> = parameters(operation).cloned().collect();
    all.push(parameter);
    operation["parameters"] = Value::Array(all);
}

/// Says for people what an API key needs: 3.0 has no other place for it.
fn describe_scope(operation: &mut Value) {
    let mut schemes = operation.get("security").and_then(Value::as_array).into_iter().flatten();
    let Some(named) = schemes.find_map(|scheme| scheme.get("api_key")?.as_array()) else { return };
    let scopes: Vec<String> = named
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| *name != super::ADMINISTRATORS)
        .map(|name| format!("`{name}`"))
        .collect();
    let words = match scopes.as_slice() {
        [one] => format!("An API key needs the scope {one}."),
        several => format!("An API key needs the scopes {}.", several.join(" and ")),
    };
    let so_far = operation.get("description").and_then(Value::as_str).unwrap_or_default();
    operation["description"] = json!(format!("{so_far}\n\n{words}").trim_start());
}

fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation.get("parameters").and_then(Value::as_array).into_iter().flatten()
}

/// A failure that an operation gets from what it is like; they stand in the document once.
struct Failure {
    name: &'static str,
    status: &'static str,
    words: &'static str,
    codes: &'static [Code],
}

const FAILURES: [Failure; 16] = [
    Failure {
        name: "BadParameter",
        status: "400",
        words: "A parameter cannot be parsed",
        codes: &[Code::BadParameter, Code::BadRequest],
    },
    Failure {
        name: "BadPage",
        status: "400",
        words: "A parameter cannot be parsed, or the cursor is not this list's",
        codes: &[Code::BadParameter, Code::BadCursor, Code::BadRequest],
    },
    Failure {
        name: "BadBody",
        status: "400",
        words: "A parameter or the body cannot be parsed",
        codes: &[Code::BadJson, Code::BadParameter, Code::BadRequest],
    },
    Failure {
        name: "Unauthorized",
        status: "401",
        words: "No valid access token or API key",
        codes: &[Code::Unauthenticated, Code::InvalidToken],
    },
    Failure {
        name: "Unexplained",
        status: "403",
        words: "An administrator who does not say why, or an API key that is not for this",
        codes: &[Code::AccessReasonNeeded, Code::InsufficientScope],
    },
    Failure {
        name: "Insufficient",
        status: "403",
        words: "An API key that is not for this",
        codes: &[Code::InsufficientScope],
    },
    Failure {
        name: "RequestTimeout",
        status: "408",
        words: "The body took too long to arrive",
        codes: &[Code::RequestTimeout],
    },
    Failure {
        name: "InProgress",
        status: "409",
        words: "The same request is being worked on",
        codes: &[Code::InProgress],
    },
    Failure {
        name: "PreconditionFailed",
        status: "412",
        words: "Somebody has changed it meanwhile; the answer has its current ETag",
        codes: &[Code::PreconditionFailed],
    },
    Failure {
        name: "TooLarge",
        status: "413",
        words: "The body is larger than 1 MiB, or a table than 4 MiB",
        codes: &[Code::TooLarge],
    },
    Failure {
        name: "UnsupportedMediaType",
        status: "415",
        words: "The body is not of the media type",
        codes: &[Code::UnsupportedMediaType],
    },
    Failure { name: "Invalid", status: "422", words: "A field is not valid", codes: &[Code::Invalid] },
    Failure {
        name: "PreconditionRequired",
        status: "428",
        words: "If-Match is missing",
        codes: &[Code::PreconditionRequired],
    },
    Failure { name: "TooManyRequests", status: "429", words: "Too many requests", codes: &[Code::RateLimited] },
    Failure { name: "Internal", status: "500", words: "A fault of the server's", codes: &[Code::Internal] },
    Failure {
        name: "Unavailable",
        status: "503",
        words: "Busy, or no database; try again",
        codes: &[Code::Busy, Code::DatabaseUnavailable, Code::Timeout],
    },
];

fn failures(path: &str, operation: &Value) -> Vec<&'static Failure> {
    let named = |name: &str| parameters(operation).any(|known| known.get("name").is_some_and(|known| known == name));
    let (has_body, is_api) = (operation.get("requestBody").is_some(), path.starts_with("/api/"));
    let mut names = vec!["Internal", "Unavailable"];
    if !path.starts_with("/health/") {
        names.push("TooManyRequests");
    }
    let mut schemes = operation.get("security").and_then(Value::as_array).into_iter().flatten();
    if schemes.any(|scheme| scheme.get("bearer").is_some()) {
        names.push("Unauthorized");
        names.push(if named("Praxis-Access-Reason") { "Unexplained" } else { "Insufficient" });
    }
    // a parameter that an operation does not have is refused by name, also where it has none
    match (has_body, named("cursor")) {
        (true, _) => names.push("BadBody"),
        (_, true) => names.push("BadPage"),
        _ if is_api || parameters(operation).next().is_some() => names.push("BadParameter"),
        _ => {}
    }
    if has_body {
        names.extend(["RequestTimeout", "TooLarge", "UnsupportedMediaType", "Invalid"]);
    }
    if named("Idempotency-Key") {
        // the key itself is a field
        names.extend(["InProgress", "Invalid"]);
    }
    if named("If-Match") {
        names.push("PreconditionFailed");
    }
    let is_needed = |name: &str| parameters(operation).any(|known| known["name"] == name && known["required"] == true);
    if is_needed("If-Match") {
        names.push("PreconditionRequired");
    }
    FAILURES.iter().filter(|failure| names.contains(&failure.name)).collect()
}

/// Adds the failures that follow from what the operation is like. Where the handler has words of its own they win; codes that
/// they name in backticks come first. What `is_own` has headers that others lack, and shares no answer with them.
fn add_failures(responses: &mut Map<String, Value>, failures: &[&Failure], is_own: bool) {
    for (status, response) in responses.iter_mut().filter(|(status, _)| status.as_str() >= "400") {
        let words = response.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
        let codes = named_codes(&words, status);
        let of_kind = failures.iter().find(|failure| failure.status == status).map(|failure| failure.codes);
        let only: Vec<Code> = Code::ALL.iter().filter(|code| code.status().to_string() == *status).copied().collect();
        let further = of_kind.unwrap_or(if only.len() == 1 { &only } else { &[] });
        *response = failing(&words, status, &codes, further);
    }
    for failure in failures {
        let whole = || failing(failure.words, failure.status, &[], failure.codes);
        let shared = || json!({ "$ref": format!("#/components/responses/{}", failure.name) });
        responses.entry(failure.status).or_insert_with(|| if is_own { whole() } else { shared() });
    }
}

/// A failing answer with these words, which name the first of its codes already.
fn failing(words: &str, status: &str, named: &[Code], further: &[Code]) -> Value {
    let further: Vec<Code> = further.iter().filter(|code| !named.contains(code)).copied().collect();
    let list: Vec<String> = further.iter().map(|code| format!("`{}`", code.as_str())).collect();
    let words = if list.is_empty() { words.to_owned() } else { format!("{words} ({})", list.join(", ")) };
    let example = |code: &Code| json!({ "$ref": format!("#/components/examples/{}", code.as_str()) });
    let codes = named.iter().chain(&further);
    let examples: Map<String, Value> = codes.map(|code| (code.as_str().to_owned(), example(code))).collect();
    let content = json!({ "schema": { "$ref": "#/components/schemas/Problem" }, "examples": examples });
    let mut response = json!({ "description": words, "content": { "application/problem+json": content } });
    let has = |code: &Code| named.contains(code) || further.contains(code);
    let names: &[&str] = match status {
        "401" => &["WWW-Authenticate"],
        "403" if has(&Code::InsufficientScope) => &["WWW-Authenticate"],
        "409" if has(&Code::InProgress) => &["Retry-After"],
        "412" => &["ETag"],
        "429" | "503" => &["Retry-After"],
        _ => &[],
    };
    add_headers(&mut response, names);
    response
}

/// The codes that words name in backticks.
#[must_use]
pub fn named_codes(words: &str, status: &str) -> Vec<Code> {
    let quoted: Vec<&str> = words.split('`').skip(1).step_by(2).collect();
    let of_status = Code::ALL.iter().filter(|code| code.status().to_string() == status);
    of_status.filter(|code| quoted.contains(&code.as_str())).copied().collect()
}

/// The schemas of what is changed with `If-Match`.
fn versioned(document: &Value) -> HashSet<String> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let operations = paths.filter_map(|(_, item)| item.get("patch"));
    let changing = operations.filter(|operation| {
        parameters(operation).any(|parameter| parameter.get("name").is_some_and(|name| name == "If-Match"))
    });
    changing.filter_map(|operation| shown(operation.pointer("/responses/200")?)).map(str::to_owned).collect()
}

/// The schema of what a response shows.
fn shown(response: &Value) -> Option<&str> {
    response.pointer("/content/application~1json/schema/$ref").and_then(Value::as_str)
}

/// Names the headers of what succeeds. What is made or changed has a tag where its schema is among those that are changed with one.
fn describe_successes(is_read: bool, is_kept: bool, versioned: &HashSet<String>, responses: &mut Map<String, Value>) {
    let own =
        responses.iter_mut().filter(|(status, response)| status.as_str() < "400" && response.get("$ref").is_none());
    for (status, response) in own {
        let shown = shown(response);
        let is_page = is_read && status == "200" && shown.is_some_and(|name| name.ends_with("Page"));
        let has_tag = shown.is_some_and(|shown| is_read || versioned.contains(shown));
        let is_new = status == "201" || status == "308";
        let names = [("ETag", has_tag), ("Link", is_page), ("Idempotency-Replayed", is_kept), ("Location", is_new)];
        let names: Vec<&str> = names.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect();
        add_headers(response, &names);
    }
}

/// Adds these headers, and those that every answer has; probes are not limited, so that theirs may lack some.
fn add_headers(response: &mut Value, names: &[&str]) {
    let shared = |name: &&str| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
    let mut headers: Map<String, Value> = names
        .iter()
        .chain(&["Access-Control-Allow-Origin", "RateLimit", "RateLimit-Policy", "X-Request-Id"])
        .map(shared)
        .collect();
    headers.extend(response.get("headers").and_then(Value::as_object).cloned().unwrap_or_default());
    response["headers"] = Value::Object(headers);
}

/// The headers and the problems that operations refer to.
fn add_components(document: &mut Value) {
    let text = |words: &str, example: &str| json!({ "description": words, "schema": { "type": "string" }, "example": example });
    if let Some(code) = document.pointer_mut("/components/schemas/Problem/properties/code") {
        code["x-extensible-enum"] = Code::ALL.iter().map(|code| code.as_str()).collect();
    }
    let headers = json!({
        "Access-Control-Allow-Origin": text("The site whose page calls, where the server's settings allow it (Fetch, section 3.2).", "https://example.org"),
        "Deprecation": text("Since when it should not be used any more, in seconds since 1970 (RFC 9745).", "@1796083200"),
        "Sunset": text("Until when it answers at least (RFC 8594).", "Sat, 01 Jan 2028 00:00:00 GMT"),
        "ETag": text("The version of what is answered (RFC 9110, section 8.8.3).", "\"642f7a1c9e4c0\""),
        "Idempotency-Replayed": text("Where this answer was given before: `true`.", "true"),
        "Link": text("The next page, where there is one, or what takes the place of something deprecated (RFC 8288).", "</api/v1/groups?cursor=WyJ4Il0>; rel=\"next\""),
        "RateLimit": text("What is left of the limit, and in how many seconds it is whole again.", "\"requests\";r=499;t=1"),
        "RateLimit-Policy": text("The limit: so many requests in so many seconds.", "\"requests\";q=500;w=10"),
        "Location": text("Where it is.", "/api/v1/groups/019aaf5c-0000-7000-8000-000000000010"),
        "Retry-After": {
            "description": "After how many seconds to try again.",
            "schema": { "type": "integer", "format": "int32", "minimum": 0, "maximum": 86400 },
            "example": 1,
        },
        "WWW-Authenticate": text("How to log in (RFC 9110, section 11.6.1).", "Bearer"),
        "X-Request-Id": text("The id under which the server logs the request.", "0f6f1d1e9a3c4b5d8e7f60718293a4b5"),
    });
    let so_far = document.to_string();
    let used = |failure: &&Failure| so_far.contains(&format!("#/components/responses/{}\"", failure.name));
    let responses = FAILURES
        .iter()
        .filter(used)
        .map(|failure| (failure.name.to_owned(), failing(failure.words, failure.status, &[], failure.codes)));
    let mut not_modified = json!({ "description": "The same as what the caller has, by its tag" });
    add_headers(&mut not_modified, &["ETag"]);
    let responses = std::iter::once(("NotModified".to_owned(), not_modified)).chain(responses).collect();
    let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) else { return };
    components.insert("responses".to_owned(), Value::Object(responses));
    components.insert("headers".to_owned(), headers);
    // what answers outside all operations, such as 405, has no place in the document
    let text = document.to_string();
    let used = Code::ALL.iter().filter(|code| text.contains(&format!("#/components/examples/{}\"", code.as_str())));
    let problems: Map<String, Value> = used.map(|code| (code.as_str().to_owned(), problem(*code))).collect();
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("examples".to_owned(), Value::Object(problems));
    }
}

fn problem(code: Code) -> Value {
    let errors = match code {
        Code::Invalid => {
            json!([{ "pointer": "/title", "code": "too_long", "detail": "is longer than 200 characters" }])
        }
        Code::BadParameter => json!([{ "pointer": "limit", "code": "malformed", "detail": "is 1 to 100" }]),
        _ => json!([]),
    };
    let value = json!({
        "type": format!("/problems/{}", code.as_str()),
        "title": code.title(),
        "status": code.status(),
        "detail": code.title(),
        "code": code.as_str(),
        "request_id": "0f6f1d1e9a3c4b5d8e7f60718293a4b5",
        "errors": errors,
    });
    json!({ "summary": code.title(), "value": value })
}
