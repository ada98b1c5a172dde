//! The OpenAPI document: built from the route table without any state, then made strict where the generator is lax.

use actix_web::App;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_actix_web::AppExt as _;

use crate::api;
use crate::api::admin_groups::model::{AdminGroupStatus, OwnerCount};
use crate::api::comments::model::CommentMode;
use crate::api::group_types::model::GroupTypeStatusFilter;
use crate::api::groups::model::{GroupIds, GroupSort, GroupStatusFilter, TypeMatch, TypeSlugs};
use crate::api::invitations::model::{InvitationKind, InvitationState};
use crate::api::memberships::model::MemberSort;
use crate::api::posts::model::{PostSort, PostStatusFilter};
use crate::api::proposals::model::ProposalState;
use crate::api::requests::model::RequestState;
use crate::api::search::model::SearchKinds;
use crate::api::users::model::Skill;
use crate::http::page::Limit;
use crate::http::problem::Problem;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Praxis",
        description = "The server behind communities of practice: groups, memberships, posts, articles and last-active \
                       tracking. Times are RFC 3339 in UTC; what is absent or unknown is null; every failure is a problem \
                       (RFC 9457). Changes within v1 only add.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    // beside the problem, what only query parameters refer to: utoipa does not collect those by itself
    components(schemas(
        Problem,
        Limit,
        AdminGroupStatus,
        OwnerCount,
        GroupTypeStatusFilter,
        GroupIds,
        GroupSort,
        GroupStatusFilter,
        TypeMatch,
        TypeSlugs,
        MemberSort,
        Skill,
        RequestState,
        ProposalState,
        InvitationState,
        InvitationKind,
        PostStatusFilter,
        PostSort,
        CommentMode,
        SearchKinds
    )),
    modifiers(&Bearer),
    tags(
        (name = "articles", description = "Editorial pieces and the groups that contributed to them"),
        (name = "posts", description = "Conversations in a group, with comments in threads"),
        (name = "groups", description = "Communities of practice, peer support groups and their kinds"),
        (name = "memberships", description = "Who belongs to a group, who asks to, and who decides"),
        (name = "people", description = "People who let others see which groups they are in"),
        (name = "search", description = "Everything that the caller may read, by its words"),
        (name = "me", description = "One's own account"),
        (name = "sessions", description = "Registering, logging in and out"),
        (name = "admin", description = "What administrators do"),
        (name = "operations", description = "For load balancers and monitoring"),
    ),
)]
struct Base;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The document, version 3.1.
#[must_use]
pub fn document() -> Value {
    let (_, document) =
        App::new().into_utoipa_app().openapi(Base::openapi()).configure(api::configure).split_for_parts();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    merge_flattened(&mut document);
    inline_scalars(&mut document);
    name_path_parameters(&mut document);
    complete_operations(&mut document);
    require_response_properties(&mut document);
    drop_unreferenced(&mut document);
    document
}

/// The document as it is committed and served: indented, with a line break at its end.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// Each path template with its methods, for answers about wrong methods. What can be got has a head too.
#[must_use]
pub fn methods() -> Vec<(String, Vec<String>)> {
    let document = document();
    let paths = document.get("paths").and_then(Value::as_object).cloned().unwrap_or_default();
    let methods = |item: &Value| -> Vec<String> {
        let own = item.as_object().into_iter().flat_map(Map::keys).map(|name| name.to_uppercase());
        own.flat_map(|name| if name == "GET" { vec![name, "HEAD".to_owned()] } else { vec![name] }).collect()
    };
    paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect()
}

/// Writes «all of A and these properties» as one object: generators differ about the former.
fn merge_flattened(document: &mut Value) {
    let Some(schemas) = schemas(document) else { return };
    let whole = schemas.clone();
    for schema in schemas.values_mut() {
        let Some(parts) = schema.get("allOf").and_then(Value::as_array).cloned() else { continue };
        let mut properties = Map::new();
        for part in &parts {
            let name = part.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
            let part = name.and_then(|name| whole.get(name)).unwrap_or(part);
            properties.extend(part.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
        }
        let description = schema.get("description").cloned().unwrap_or_default();
        *schema = json!({ "type": "object", "description": description, "properties": properties });
    }
}

fn schemas(document: &mut Value) -> Option<&mut Map<String, Value>> {
    document.pointer_mut("/components/schemas")?.as_object_mut()
}

/// Writes named strings (ids, instants, lengths of text) where they are used, and «this or null» as one type: generators
/// stumble over nullable references. Closed lists keep their names where they cannot be null.
fn inline_scalars(document: &mut Value) {
    let is_scalar = |schema: &Value| schema.get("type").is_some_and(|kind| kind != "object" && kind != "array");
    let mut scalars = schemas(document).cloned().unwrap_or_default();
    scalars.retain(|_, schema| is_scalar(schema));
    walk(document, &mut |value| inline(value, &scalars));
    if let Some(schemas) = schemas(document) {
        schemas.retain(|name, _| scalars.get(name).is_none_or(|schema| schema.get("enum").is_some()));
    }
}

fn referenced<'a>(value: &Value, scalars: &'a Map<String, Value>) -> Option<&'a Value> {
    scalars.get(value.get("$ref")?.as_str()?.rsplit('/').next()?)
}

fn inline(value: &mut Value, scalars: &Map<String, Value>) {
    if let Some(scalar) = referenced(value, scalars).filter(|scalar| scalar.get("enum").is_none()) {
        replace(value, scalar.clone());
    }
    let Some([one, other]) = value.get("oneOf").and_then(Value::as_array).map(Vec::as_slice) else { return };
    let is_null = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "null");
    let inner = if is_null(one) { other } else { one };
    let resolved = referenced(inner, scalars).unwrap_or(inner).clone();
    if !(is_null(one) || is_null(other)) || !resolved.get("type").is_some_and(Value::is_string) {
        return;
    }
    let (mut nullable, mut described) = (resolved, None);
    if let Some(words) = inner.get("description").or_else(|| value.get("description")) {
        described = Some(words.clone());
    }
    if let Some(schema) = nullable.as_object_mut() {
        schema.extend(described.map(|words| ("description".to_owned(), words)));
        let kind = schema.get("type").cloned().unwrap_or_default();
        schema.insert("type".to_owned(), json!([kind, "null"]));
        if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
            values.push(Value::Null);
        }
    }
    replace(value, nullable);
}

/// Puts `schema` in the place of `value`, whose own description wins.
fn replace(value: &mut Value, mut schema: Value) {
    if let (Some(schema), Some(description)) = (schema.as_object_mut(), value.get("description")) {
        schema.insert("description".to_owned(), description.clone());
    }
    *value = schema;
}

/// Visits every object, the inner ones first.
fn walk(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| walk(member, visit)),
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        _ => {}
    }
    visit(value);
}

/// Names the parameters in each path: utoipa finds them in handlers that take a tuple, not in those that take one id.
fn name_path_parameters(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
        let in_path: Vec<Value> = names.map(path_parameter).collect();
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut).filter(|_| !in_path.is_empty()) {
            let others = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
            let others = others.filter(|parameter| parameter.get("in").is_none_or(|place| place != "path")).cloned();
            let all: Vec<Value> = in_path.iter().cloned().chain(others).collect();
            operation["parameters"] = Value::Array(all);
        }
    }
}

fn path_parameter(name: &str) -> Value {
    let (words, schema) = match name.strip_suffix("_id") {
        Some(what) => {
            (format!("The id of the {}.", what.replace('_', " ")), json!({ "type": "string", "format": "uuid" }))
        }
        None => (format!("The {}.", name.replace('_', " ")), json!({ "type": "string" })),
    };
    json!({ "name": name, "in": "path", "required": true, "description": words, "schema": schema })
}

/// Adds the failures that every operation of a kind can answer, and the problem to each failure.
fn complete_operations(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            let mut failures = vec![
                ("429", "Too many requests"),
                ("500", "A fault of the server's"),
                ("503", "Busy, or no database; try again"),
            ];
            let has = |name: &str| operation.get(name).is_some();
            let needs_token = operation.get("security").is_some_and(|security| *security != json!([{}]));
            if needs_token {
                failures.push(("401", "No valid access token"));
            }
            if has("parameters") || has("requestBody") {
                failures.push(("400", "A parameter or the body cannot be parsed"));
            }
            if has("requestBody") {
                failures.push(("408", "The body took too long to arrive"));
                failures.push(("413", "The body is larger than 1 MiB"));
                failures.push(("415", "The body is not JSON"));
                failures.push(("422", "A field is not valid"));
            }
            let named = |name: &str| {
                let mut parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
                parameters.any(|parameter| parameter.get("name").is_some_and(|known| known == name))
            };
            if named("Praxis-Access-Reason") {
                failures.push(("403", "An administrator who does not say why"));
            }
            if named("If-Match") {
                failures.push(("412", "Somebody has changed it meanwhile; the answer has its current ETag"));
                failures.push(("428", "If-Match is missing"));
            }
            if path.starts_with("/health/") {
                failures.retain(|(status, _)| *status != "429");
            }
            let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
            for (status, words) in failures {
                responses.entry(status).or_insert_with(|| json!({ "description": words }));
            }
            for (status, response) in responses.iter_mut().filter(|(status, _)| status.as_str() >= "400") {
                let schema = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
                response["content"] = json!({ "application/problem+json": schema });
                if status == "429" || status == "503" {
                    response["headers"] = json!({ "Retry-After": { "schema": { "type": "integer" } } });
                }
                if status == "401" {
                    response["headers"] = json!({ "WWW-Authenticate": { "schema": { "type": "string" } } });
                }
            }
            responses.sort_keys();
        }
    }
}

/// Marks every property of what is answered as required: absence is null, never a missing key.
fn require_response_properties(document: &mut Value) {
    let mut names = Vec::new();
    let mut responses = document.get("paths").cloned().unwrap_or_default();
    for operation in
        responses.as_object_mut().into_iter().flatten().filter_map(|(_, item)| item.as_object_mut()).flatten()
    {
        collect_references(operation.1.get("responses").unwrap_or(&Value::Null), &mut names);
    }
    let Some(schemas) = schemas(document) else { return };
    collect_all(schemas, &mut names);
    for name in names {
        let Some(schema) = schemas.get_mut(&name) else { continue };
        let properties = schema.get("properties").and_then(Value::as_object);
        if let Some(all) = properties.map(|properties| properties.keys().cloned().collect::<Vec<_>>()) {
            schema["required"] = json!(all);
        }
    }
}

/// Removes what was written where it is used and is named nowhere any more.
fn drop_unreferenced(document: &mut Value) {
    let mut names = Vec::new();
    collect_references(document.get("paths").unwrap_or(&Value::Null), &mut names);
    let Some(schemas) = schemas(document) else { return };
    collect_all(schemas, &mut names);
    schemas.retain(|name, _| names.contains(name));
}

/// Adds to the names of schemas those that they refer to, and so on.
fn collect_all(schemas: &Map<String, Value>, names: &mut Vec<String>) {
    let mut done = 0;
    while let Some(name) = names.get(done).cloned() {
        done += 1;
        collect_references(schemas.get(&name).unwrap_or(&Value::Null), names);
    }
}

fn collect_references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
            if let Some(name) = target.filter(|name| !names.iter().any(|known| known == name)) {
                names.push(name.to_owned());
            }
            members.values().for_each(|member| collect_references(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, names)),
        _ => {}
    }
}
