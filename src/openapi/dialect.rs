//! The same document in OpenAPI 3.0.3, for generators that do not read 3.1 yet: nothing is lost but what 3.0 has no word for.

use serde_json::{Map, Value, json};

/// The document in version 3.0.3.
#[must_use]
pub fn to_3_0(mut document: Value) -> Value {
    if let Some(root) = document.as_object_mut() {
        root.insert("openapi".to_owned(), json!("3.0.3"));
    }
    if let Some(license) = document.pointer_mut("/info/license").and_then(Value::as_object_mut) {
        // 3.0 has no SPDX identifiers
        license.remove("identifier");
        license.insert("url".to_owned(), json!("https://spdx.org/licenses/"));
    }
    name_roles(&mut document);
    convert(&mut document);
    document
}

/// 3.0 knows scopes of OAuth only, and no roles: the descriptions name scopes, and what administrators call with has a name of
/// its own.
fn name_roles(document: &mut Value) {
    if let Some(schemes) = document.pointer_mut("/components/securitySchemes").and_then(Value::as_object_mut) {
        for name in ["bearer", "api_key"] {
            let Some(mut scheme) = schemes.get(name).cloned() else { continue };
            if let Some(Value::String(words)) = scheme.get_mut("description") {
                words.push_str(" Of an administrator.");
            }
            schemes.insert(for_admins(name), scheme);
        }
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    let operations = paths.filter_map(|(_, item)| item.as_object_mut()).flatten();
    let needed = operations.filter_map(|(_, operation)| operation.get_mut("security")?.as_array_mut()).flatten();
    for schemes in needed.filter_map(Value::as_object_mut) {
        let bare = |(name, scopes): (&String, &Value)| {
            let is_admins =
                scopes.as_array().is_some_and(|scopes| scopes.iter().any(|scope| scope == super::ADMINISTRATORS));
            (if is_admins { for_admins(name) } else { name.clone() }, json!([]))
        };
        *schemes = schemes.iter().map(bare).collect();
    }
}

fn for_admins(scheme: &str) -> String {
    format!("admin_{scheme}")
}

/// Everything but data: what stands in examples and defaults is left as it is.
fn convert(value: &mut Value) {
    match value {
        Value::Object(members) => {
            example_of_parameter(members);
            let is_data = |name: &str| ["example", "default", "enum", "value", "x-extensible-enum"].contains(&name);
            members
                .iter_mut()
                .filter(|(name, value)| !is_data(name) || is_schema(value))
                .for_each(|(_, inner)| convert(inner));
            convert_schema(members);
        }
        Value::Array(items) => items.iter_mut().for_each(convert),
        _ => {}
    }
}

/// A schema has no list of examples in 3.0: that of a parameter has one beside it.
fn example_of_parameter(members: &mut Map<String, Value>) {
    let schema = members.get_mut("schema").and_then(Value::as_object_mut);
    let Some(Value::Array(examples)) = schema.and_then(|schema| schema.remove("examples")) else { return };
    if let Some(example) = examples.into_iter().next() {
        members.insert("example".to_owned(), example);
    }
}

/// A property may have the name of a keyword.
fn is_schema(value: &Value) -> bool {
    value.get("type").is_some_and(|kind| kind.is_array() || kind.is_string()) && value.get("description").is_some()
}

fn convert_schema(schema: &mut Map<String, Value>) {
    if let Some([kind, _]) = schema.get("type").and_then(Value::as_array).map(Vec::as_slice) {
        let kind = kind.clone();
        schema.insert("type".to_owned(), kind);
        schema.insert("nullable".to_owned(), json!(true));
    }
    // what stands beside a reference is not read in 3.0
    if schema.len() > 1 && schema.get("$ref").is_some_and(Value::is_string) {
        let target = schema.remove("$ref").unwrap_or_default();
        schema.insert("allOf".to_owned(), json!([{ "$ref": target }]));
    }
}
