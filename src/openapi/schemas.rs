//! The schemas as generators take them best: no composition, no nullable references, scalars where they are used, closed
//! lists in requests and open ones in answers.

use serde_json::{Map, Value, json};

/// Where a nullable closed list says, between two steps, which list it is.
const LIST: &str = "x-list";

/// Makes the schemas strict where the generator is lax.
pub fn tidy(document: &mut Value) {
    merge_flattened(document);
    inline_scalars(document);
    let (asked, answered) = (reached(document, "requestBody"), reached(document, "responses"));
    let Some(schemas) = schemas(document) else { return };
    let lists = closed_lists(schemas);
    for (name, schema) in schemas.iter_mut() {
        // lists that parameters refer to keep their own names
        let is_list = lists.contains_key(name);
        match (asked.contains(name), answered.contains(name)) {
            _ if is_list => {}
            (_, true) => {
                walk(schema, &mut |value| open_list(value, &lists));
                require_all(schema);
            }
            (true, false) => walk(schema, &mut close_list),
            (false, false) => {}
        }
    }
    walk(document, &mut bound_integer);
    walk(document, &mut drop_empty_bounds);
    drop_unreferenced(document);
}

/// That a text or list is not shorter than nothing needs no saying, and generated code compares for it.
fn drop_empty_bounds(value: &mut Value) {
    let Some(schema) = value.as_object_mut() else { return };
    for name in ["minLength", "minItems"] {
        if schema.get(name).is_some_and(|bound| *bound == 0) {
            schema.remove(name);
        }
    }
}

/// All our numbers are of 32 bits, and none is below zero.
fn bound_integer(value: &mut Value) {
    let is_integer = |kind: &Value| kind == "integer" || kind.pointer("/0").is_some_and(|kind| kind == "integer");
    let Some(schema) = value.as_object_mut().filter(|schema| schema.get("type").is_some_and(is_integer)) else {
        return;
    };
    for (name, bound) in [("format", json!("int32")), ("minimum", json!(0)), ("maximum", json!(i32::MAX))] {
        schema.entry(name).or_insert(bound);
    }
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

/// Those that have a name.
pub fn schemas(document: &mut Value) -> Option<&mut Map<String, Value>> {
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
        if schema.contains_key("enum") {
            schema.extend(inner.get("$ref").map(|list| (LIST.to_owned(), list.clone())));
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

fn closed_lists(schemas: &Map<String, Value>) -> Map<String, Value> {
    let lists = schemas.iter().filter(|(_, schema)| schema.get("enum").is_some());
    lists.map(|(name, schema)| (name.clone(), schema.clone())).collect()
}

/// What a server answers may have more values one day, which a client must not fall over: a string, with those known today.
fn open_list(value: &mut Value, lists: &Map<String, Value>) {
    if let Some(list) = referenced(value, lists) {
        replace(value, list.clone());
    }
    let Some(schema) = value.as_object_mut() else { return };
    let Some(values) = schema.remove("enum") else { return };
    schema.remove(LIST);
    let known: Vec<String> =
        values.as_array().into_iter().flatten().filter_map(Value::as_str).map(|value| format!("`{value}`")).collect();
    let words = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let stop = if words.ends_with('.') { "" } else { "." };
    let words = format!("{words}{stop} One of {}; more may come.", known.join(", "));
    schema.insert("description".to_owned(), json!(words));
    schema.insert("x-extensible-enum".to_owned(), values);
}

/// What a client sends is one of the list or is left out.
fn close_list(value: &mut Value) {
    let Some(list) = value.as_object_mut().and_then(|schema| schema.remove(LIST)) else { return };
    replace(value, json!({ "$ref": list }));
}

/// Every property of what is answered is there: absence is null, never a missing key.
fn require_all(schema: &mut Value) {
    let properties = schema.get("properties").and_then(Value::as_object);
    if let Some(all) = properties.map(|properties| properties.keys().cloned().collect::<Vec<_>>()) {
        schema["required"] = json!(all);
    }
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

/// The names of the schemas to which this part of the operations leads.
pub fn reached(document: &mut Value, part: &str) -> Vec<String> {
    let mut names = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    for (_, operation) in paths.filter_map(|(_, item)| item.as_object()).flatten() {
        collect_references(operation.get(part).unwrap_or(&Value::Null), &mut names);
    }
    if let Some(schemas) = schemas(document) {
        collect_all(schemas, &mut names);
    }
    names
}

/// Removes what was written where it is used and is named nowhere any more.
fn drop_unreferenced(document: &mut Value) {
    let mut names = Vec::new();
    for part in ["/paths", "/components/responses"] {
        collect_references(document.pointer(part).unwrap_or(&Value::Null), &mut names);
    }
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
            let target = members.get("$ref").and_then(Value::as_str);
            let target = target.and_then(|target| target.strip_prefix("#/components/schemas/"));
            if let Some(name) = target.filter(|name| !names.iter().any(|known| known == name)) {
                names.push(name.to_owned());
            }
            members.values().for_each(|member| collect_references(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, names)),
        _ => {}
    }
}
