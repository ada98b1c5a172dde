//! What is released stays: each released OpenAPI document against the present one. What is sent may only become wider,
//! what is answered only narrower or richer, and what generated clients are named by keeps its name.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::support::{Case, plain};

pub fn cases() -> Vec<Case> {
    plain![every_break_is_found, additions_are_no_breaks, nothing_released_is_broken]
}

/// What has rules of its own, and what has none.
const COMPOSED: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const NESTED: [&str; 4] = ["additionalProperties", "items", "properties", "required"];
const WORDS: [&str; 6] = ["deprecated", "description", "example", "examples", "title", "writeOnly"];

/// Everything in the newer document that breaks what was built on the older one, each with its place.
fn breaks(older: &Value, newer: &Value) -> Vec<String> {
    let mut comparison = Comparison { older, newer, open: Vec::new(), found: BTreeSet::new() };
    let (was, is) = (&older["components"], &newer["components"]);
    comparison.pairs("schema ", &was["schemas"], &is["schemas"]);
    for (place, was, is) in comparison.pairs("security scheme ", &was["securitySchemes"], &is["securitySchemes"]) {
        comparison.same(&place, &["type", "scheme"], was, is);
    }
    let (was, is) = (operations(older), operations(newer));
    for (place, was, is) in comparison.pairs("", &was, &is) {
        comparison.operation(&place, was, is);
    }
    comparison.found.into_iter().collect()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn has(list: &Value, item: &Value) -> bool {
    items(list).any(|it| it == item)
}

/// An object with what it refers to; what stands beside the reference wins.
fn whole(document: &Value, value: &Value) -> Value {
    let mut own = value.as_object().cloned().unwrap_or_default();
    let Some(Value::String(target)) = own.remove("$ref") else { return Value::Object(own) };
    let found = document.pointer(target.trim_start_matches('#'));
    let mut all = whole(document, found.unwrap_or_else(|| panic!("{target} leads nowhere")));
    all.as_object_mut().unwrap().extend(own);
    all
}

/// All operations by method and path, with the parameters and the security that they get from around them.
fn operations(document: &Value) -> Value {
    let mut all = Map::new();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item).filter(|(_, operation)| operation.is_object()) {
            let named = |parameter: &Value| {
                let whole = whole(document, parameter);
                let [kind, name] = ["in", "name"].map(|key| whole[key].as_str().unwrap().to_owned());
                (format!("{kind} parameter {name}"), whole)
            };
            let parameters = items(&item["parameters"]).chain(items(&operation["parameters"])).map(named);
            let security = operation.get("security").or(document.get("security"));
            let open = json!([{}]);
            let mut operation = operation.clone();
            operation["security"] = security.filter(|security| **security != json!([])).unwrap_or(&open).clone();
            operation["parameters"] = Value::Object(parameters.collect());
            all.insert(format!("{} {path}", method.to_uppercase()), operation);
        }
    }
    Value::Object(all)
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Sent,
    Got,
}

impl Side {
    /// Which of the two must allow all that the other one allows, and the other one.
    fn wide_and_narrow<T>(self, older: T, newer: T) -> (T, T) {
        if self == Self::Sent { (newer, older) } else { (older, newer) }
    }
}

struct Comparison<'a> {
    older: &'a Value,
    newer: &'a Value,
    /// The schemas being compared: one inside itself holds if the rest does.
    open: Vec<(Value, Value)>,
    found: BTreeSet<String>,
}

impl Comparison<'_> {
    fn broke(&mut self, place: &str, what: &str) {
        self.found.insert(format!("{place}: {what}"));
    }

    fn changed(&mut self, place: &str, key: &str, was: &Value, is: &Value) {
        let [was, is] = [was, is].map(|it| if it.is_null() { "nothing".to_owned() } else { it.to_string() });
        self.broke(place, &format!("{key} went from {was} to {is}"));
    }

    fn same(&mut self, place: &str, keys: &[&str], was: &Value, is: &Value) {
        for key in keys.iter().filter(|key| was[**key] != is[**key]) {
            self.changed(place, key, &was[*key], &is[*key]);
        }
    }

    /// Pairs the members that both have, with the place of each; the others are gone.
    fn pairs<'v>(&mut self, before: &str, was: &'v Value, is: &'v Value) -> Vec<(String, &'v Value, &'v Value)> {
        let mut both = Vec::new();
        for (name, was) in members(was) {
            match is.get(name) {
                Some(is) => both.push((format!("{before}{name}"), was, is)),
                None => drop(self.found.insert(format!("{before}{name} is gone"))),
            }
        }
        both
    }

    fn operation(&mut self, place: &str, was: &Value, is: &Value) {
        // generated clients are named by these
        self.same(place, &["operationId", "tags"], was, is);
        // dates in ISO 8601 sort as they follow; what is not there for ever is there as long as was promised
        let (ended, ends) = (was["x-sunset"].as_str(), is["x-sunset"].as_str());
        if ended.is_some_and(|ended| ends.is_some_and(|ends| ends < ended)) {
            self.changed(place, "x-sunset", &was["x-sunset"], &is["x-sunset"]);
        }
        // each way in must still lead in, with the schemes and scopes that it had
        let leads = |is: &Value, was: &Value| {
            members(is).all(|(name, scopes)| was.get(name).is_some_and(|had| items(scopes).all(|it| has(had, it))))
        };
        for way in items(&was["security"]).filter(|was| !items(&is["security"]).any(|is| leads(is, was))) {
            self.broke(place, &format!("security {way} is not enough now"));
        }
        for (place, was, is) in self.pairs(&format!("{place}: "), &was["parameters"], &is["parameters"]) {
            self.same(&place, &["style", "explode"], was, is);
            self.schema(Side::Sent, &place, &was["schema"], &is["schema"]);
        }
        for (name, is) in members(&is["parameters"]) {
            if is["required"] == true && was["parameters"][name]["required"] != true {
                self.broke(place, &format!("{name} is required now"));
            }
        }
        self.body(place, &was["requestBody"], &is["requestBody"]);
        self.responses(place, &was["responses"], &is["responses"]);
    }

    fn body(&mut self, place: &str, was: &Value, is: &Value) {
        if !was.is_null() && is.is_null() {
            return self.broke(place, "body is gone");
        }
        let (was, is) = (whole(self.older, was), whole(self.newer, is));
        if is["required"] == true && was["required"] != true {
            self.broke(place, "body is required now");
        }
        self.content(Side::Sent, &format!("{place}: body"), &was, &is);
    }

    fn responses(&mut self, place: &str, was: &Value, is: &Value) {
        // a failure that no longer happens is no loss
        let kept = members(was).filter(|(status, _)| status.as_str() < "400" || is.get(*status).is_some());
        let was = kept.map(|(status, response)| (status.clone(), response.clone())).collect();
        for (place, was, is) in self.pairs(&format!("{place}: "), &Value::Object(was), is) {
            let (was, is) = (whole(self.older, was), whole(self.newer, is));
            for (place, was, is) in self.pairs(&format!("{place} header "), &was["headers"], &is["headers"]) {
                let (was, is) = (whole(self.older, was), whole(self.newer, is));
                self.schema(Side::Got, &place, &was["schema"], &is["schema"]);
            }
            self.content(Side::Got, &place, &was, &is);
        }
    }

    fn content(&mut self, side: Side, place: &str, was: &Value, is: &Value) {
        for (place, was, is) in self.pairs(&format!("{place} "), &was["content"], &is["content"]) {
            self.schema(side, &place, &was["schema"], &is["schema"]);
        }
    }

    fn schema(&mut self, side: Side, place: &str, older: &Value, newer: &Value) {
        let pair = (older.clone(), newer.clone());
        // where nothing was allowed, anything is an addition
        if *older == false || self.open.contains(&pair) {
            return;
        }
        if *newer == false && side == Side::Sent {
            return self.broke(place, "is refused now");
        }
        // a named schema is told of once, not at each place that uses it
        let name = older["$ref"].as_str().filter(|_| older == newer).and_then(|target| target.rsplit('/').next());
        let named = name.map(|name| format!("{name} in {}", if side == Side::Sent { "requests" } else { "answers" }));
        let place = named.as_deref().unwrap_or(place);
        self.open.push(pair);
        let (mut was, mut is) = (whole(self.older, older), whole(self.newer, newer));
        for key in COMPOSED {
            self.parts(side, place, key, &mut was, &mut is);
        }
        self.keywords(side, place, &was, &is);
        self.properties(side, place, &was, &is);
        self.open.pop();
    }

    /// Compares the parts of what is composed; what is not is its only part.
    fn parts(&mut self, side: Side, place: &str, key: &str, older: &mut Value, newer: &mut Value) {
        if older[key].is_null() && newer[key].is_null() {
            return;
        }
        let parts = |schema: &mut Value| match schema.get(key) {
            Some(parts) => parts.as_array().unwrap().clone(),
            None => vec![std::mem::replace(schema, json!({}))],
        };
        let (was, is) = (parts(older), parts(newer));
        let (wide, narrow) = side.wide_and_narrow(&was, &is);
        let fits = |wide, narrow| {
            let (older, newer) = side.wide_and_narrow(wide, narrow);
            let mut probe = Comparison { open: self.open.clone(), found: BTreeSet::new(), ..*self };
            probe.schema(side, "", older, newer);
            probe.found.is_empty()
        };
        let holds = match key {
            "allOf" => was.len() == is.len(),
            _ => narrow.iter().all(|narrow| wide.iter().any(|wide| fits(wide, narrow))),
        };
        if !holds {
            self.changed(place, key, &Value::Array(was), &Value::Array(is));
        } else if key == "allOf" {
            was.iter().zip(&is).for_each(|(was, is)| self.schema(side, place, was, is));
        }
    }

    fn keywords(&mut self, side: Side, place: &str, older: &Value, newer: &Value) {
        let keys: BTreeSet<&String> = members(older).chain(members(newer)).map(|(key, _)| key).collect();
        for key in keys {
            let (was, is) = (&older[key], &newer[key]);
            let (wide, narrow) = side.wide_and_narrow(was, is);
            let holds = match key.as_str() {
                "type" => kinds(narrow).is_subset(&kinds(wide)),
                "enum" => wide.is_null() || narrow.is_array() && items(narrow).all(|it| has(wide, it)),
                // clients make types of texts and lists with an end, which take no longer ones
                "maxLength" | "maxItems" if side == Side::Got => {
                    was.is_null() || is.as_f64() <= was.as_f64() && is.is_number()
                }
                "maximum" | "maxLength" | "maxItems" => {
                    side == Side::Got || is.is_null() || was.is_number() && was.as_f64() <= is.as_f64()
                }
                // none is less than any
                "minimum" | "minLength" | "minItems" => side == Side::Got || is.as_f64() <= was.as_f64(),
                // who does not say it gets something else
                "default" => side == Side::Got || was.is_null() || was == is,
                "format" if side == Side::Got => was == is,
                // clients wait for those, and codes are a promise
                "x-extensible-enum" => side == Side::Sent || items(was).all(|value| has(is, value)),
                key if key.starts_with("x-") || [&COMPOSED[..], &NESTED, &WORDS].concat().contains(&key) => true,
                // of what has no rule here, only the lack is wider
                _ => wide.is_null() || wide == narrow,
            };
            if !holds {
                self.changed(place, key, was, is);
            }
        }
    }

    fn properties(&mut self, side: Side, place: &str, older: &Value, newer: &Value) {
        let (was, is) = (&older["properties"], &newer["properties"]);
        for (place, was, is) in self.pairs(&format!("{place}: property "), was, is) {
            self.schema(side, &place, was, is);
        }
        let (wide, narrow) = side.wide_and_narrow(&older["required"], &newer["required"]);
        let what = if side == Side::Sent { "is required now" } else { "may be missing now" };
        for name in items(wide).filter(|name| !has(narrow, name)).filter_map(Value::as_str) {
            self.broke(place, &format!("property {name} {what}"));
        }
        for key in ["items", "additionalProperties"] {
            let [was, is] = [older, newer].map(|schema| schema.get(key).unwrap_or(&Value::Bool(true)));
            self.schema(side, &format!("{place}: {key}"), was, is);
        }
    }
}

/// The types that a schema allows; without `type`, all.
fn kinds(kind: &Value) -> BTreeSet<&str> {
    match kind {
        Value::Null => BTreeSet::from(["array", "boolean", "integer", "null", "number", "object", "string"]),
        Value::String(name) if name == "number" => BTreeSet::from(["integer", "number"]),
        Value::String(name) => BTreeSet::from([name.as_str()]),
        several => items(several).flat_map(kinds).collect(),
    }
}

/// A small API with something for each rule.
fn document() -> Value {
    let link = |place: &str| json!({ "$ref": format!("#/components/{place}") });
    let content = |schema: Value| json!({ "application/json": { "schema": schema }, "text/csv": {} });
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 });
    let found = json!({
        "headers": { "ETag": link("headers/ETag") },
        "content": content(json!({ "type": "array", "items": link("schemas/Group") })),
    });
    json!({
        "paths": {
            "/groups": {
                "get": {
                    "operationId": "list_groups",
                    "tags": ["groups"],
                    "security": [{}, { "bearer": [] }],
                    "parameters": [
                        { "name": "limit", "in": "query", "schema": limit },
                        { "name": "sort", "in": "query", "schema": link("schemas/Sort") },
                    ],
                    "responses": { "200": found, "404": link("responses/Missing") },
                },
                "post": {
                    "security": [{ "bearer": ["write"] }],
                    "requestBody": { "content": content(link("schemas/NewGroup")) },
                    "responses": { "201": { "content": content(link("schemas/Group")) } },
                },
            },
            "/groups/{id}": { "parameters": [link("parameters/id")], "delete": { "deprecated": true, "x-sunset": "2028-01-01" } },
        },
        "components": {
            "schemas": schemas(),
            "parameters": { "id": { "name": "id", "in": "path", "required": true, "schema": { "type": "string" } } },
            "responses": { "Missing": { "headers": { "Retry-After": {} }, "content": content(json!({})) } },
            "headers": { "ETag": { "schema": { "type": "string" } } },
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn schemas() -> Value {
    let link = json!({ "$ref": "#/components/schemas/Link" });
    json!({
        "Sort": { "type": "string", "enum": ["name", "age"] },
        "Spare": { "type": "string" },
        // both sent and answered
        "Link": { "type": "object", "properties": { "url": { "type": "string", "maxLength": 80 } } },
        "NewGroup": {
            "additionalProperties": false,
            "required": ["name"],
            "properties": {
                "name": { "type": "string", "minLength": 1, "maxLength": 200 },
                "slug": { "type": "string", "pattern": "^[a-z]+$" },
                "mail": { "type": "string", "format": "email" },
                "tags": { "type": "array", "minItems": 1, "maxItems": 5, "items": { "type": "string" } },
                "size": { "type": ["number", "null"] },
                "link": link,
                "code": { "oneOf": [{ "type": "string" }, { "type": "integer" }] },
                "hue": { "allOf": [{ "type": "string" }, { "maxLength": 9 }] },
                "map": { "type": "object", "additionalProperties": { "type": "string" } },
                "spot": { "properties": { "x": {} } },
            },
        },
        "Group": {
            "required": ["id", "state"],
            "properties": {
                "id": { "type": "string", "format": "uuid" },
                "state": { "type": "string", "x-extensible-enum": ["active", "closed"] },
                "mode": { "type": "string", "enum": ["open", "hidden"] },
                "count": { "type": "integer", "maximum": 9 },
                "at": { "type": ["string", "null"] },
                "hint": { "type": "string", "pattern": "^[a-z]+$" },
                "parts": { "type": "array", "items": { "$ref": "#/components/schemas/Group" } },
                "link": link,
                "either": { "anyOf": [{ "type": "string" }, { "type": "boolean" }] },
            },
        },
    })
}

/// A name, a place, what it becomes, and what that breaks.
type Row = [&'static str; 4];

const LINK_OR_NULL: &str = r##"{"anyOf":[{"$ref":"#/components/schemas/Link"},{"type":"null"}]}"##;
const NEEDED: &str = r#"{"in":"query","name":"q","required":true}"#;
const SPOT: &str = r#"{"properties":{"x":{},"y":{}},"required":["y"]}"#;
const SPOT_IN_WORDS: &str = r#"{"properties":{"x":{}},"title":"Spot","description":"Where it is.","example":{},
    "examples":[{}],"deprecated":true,"writeOnly":true}"#;

const BREAKS: [Row; 73] = [
    ["other tag", "GET tags", r#"["circles"]"#, r#"tags went from ["groups"] to ["circles"]"#],
    ["gone earlier than was said", "paths /groups/{id} delete x-sunset", "2027-01-01", "x-sunset went from"],
    ["path gone", "paths /groups/{id}", "null", "DELETE /groups/{id} is gone"],
    ["method gone", "paths /groups post", "null", "POST /groups is gone"],
    ["deprecated method gone", "paths /groups/{id} delete", "null", "DELETE /groups/{id} is gone"],
    ["shared parameter gone", "paths /groups/{id} parameters 0", "null", "path parameter id is gone"],
    ["token for all that says nothing", "security", r#"[{"bearer":[]}]"#, "DELETE /groups/{id}: security {} is"],
    ["token no longer optional", "GET security 0", "null", "GET /groups: security {} is not enough now"],
    ["other scope", "POST security 0 bearer", r#"["all"]"#, r#"security {"bearer":["write"]} is not enough now"#],
    ["other way to log in", "components securitySchemes bearer type", "apiKey", "security scheme bearer: type went"],
    ["other scheme", "components securitySchemes bearer scheme", "basic", "security scheme bearer: scheme went"],
    ["other operation id", "GET operationId", "find", r#"operationId went from "list_groups" to "find""#],
    ["parameter gone", "GET parameters 0", "null", "GET /groups: query parameter limit is gone"],
    ["parameter elsewhere", "GET parameters 0 in", "header", "GET /groups: query parameter limit is gone"],
    ["parameter required", "GET parameters 0 required", "true", "query parameter limit is required now"],
    ["new parameter required", "GET parameters 0", NEEDED, "query parameter q is required now"],
    ["parameter in other style", "GET parameters 0 style", "pipe", r#"limit: style went from nothing to "pipe""#],
    ["parameter in many", "GET parameters 0 explode", "true", "limit: explode went from nothing to true"],
    ["lower maximum", "GET parameters 0 schema maximum", "50", "limit: maximum went from 100 to 50"],
    ["higher minimum", "GET parameters 0 schema minimum", "2", "limit: minimum went from 1 to 2"],
    ["other default", "GET parameters 0 schema default", "9", "limit: default went from 20 to 9"],
    ["other type of shared parameter", "components parameters id schema type", "integer", "path parameter id: type"],
    ["value gone", "components schemas Sort enum 1", "null", r#"Sort in requests: enum went from ["name","age"]"#],
    ["body gone", "POST requestBody", "null", "POST /groups: body is gone"],
    ["body required", "POST requestBody required", "true", "POST /groups: body is required now"],
    ["new body required", "DELETE requestBody", r#"{"required":true}"#, "body is required now"],
    ["media type of body gone", "POST requestBody content text/csv", "null", "body text/csv is gone"],
    ["success gone", "GET responses 200", "null", "GET /groups: 200 is gone"],
    ["header gone", "GET responses 200 headers ETag", "null", "200 header ETag is gone"],
    ["header of failure gone", "components responses Missing headers Retry-After", "null", "404 header Retry-After is"],
    ["other type of header", "components headers ETag schema type", "integer", "200 header ETag: type went"],
    ["media type of answer gone", "GET responses 200 content text/csv", "null", "200 text/csv is gone"],
    ["named schema gone", "components schemas Spare", "null", "schema Spare is gone"],
    ["both: less", "Link properties url maxLength", "9", "Link in requests: property url: maxLength"],
    ["both: null", "Link properties url type", r#"["string","null"]"#, "Link in answers: property url: type"],
    ["sent: property required", "NewGroup required 1", "slug", "NewGroup in requests: property slug is required now"],
    ["sent: new property required", "NewGroup properties spot", SPOT, "property spot: property y is required now"],
    ["sent: property gone", "NewGroup properties slug", "null", "NewGroup in requests: property slug is gone"],
    ["sent: other type", "NewGroup properties name type", "integer", r#"type went from "string" to "integer""#],
    ["sent: no null", "NewGroup properties size type", "number", r#"type went from ["number","null"] to "number""#],
    ["sent: no fractions", "NewGroup properties size type", r#"["integer","null"]"#, "property size: type went"],
    ["sent: list", "NewGroup properties name enum", r#"["x"]"#, r#"property name: enum went from nothing to ["x"]"#],
    ["sent: higher minLength", "NewGroup properties name minLength", "2", "name: minLength went from 1 to 2"],
    ["sent: lower maxLength", "NewGroup properties name maxLength", "9", "name: maxLength went from 200 to 9"],
    ["sent: new maxLength", "NewGroup properties slug maxLength", "9", "slug: maxLength went from nothing to 9"],
    ["sent: higher minItems", "NewGroup properties tags minItems", "2", "tags: minItems went from 1 to 2"],
    ["sent: lower maxItems", "NewGroup properties tags maxItems", "4", "tags: maxItems went from 5 to 4"],
    ["sent: other items", "NewGroup properties tags items type", "integer", "property tags: items: type went from"],
    ["sent: new pattern", "NewGroup properties name pattern", "^x", "name: pattern went from nothing"],
    ["sent: other pattern", "NewGroup properties slug pattern", "^x", "slug: pattern went from"],
    ["sent: new format", "NewGroup properties name format", "uri", "name: format went from nothing"],
    ["sent: other format", "NewGroup properties mail format", "uri", r#"mail: format went from "email" to "uri""#],
    ["sent: keyword without rule", "NewGroup properties size multipleOf", "2", "multipleOf went from nothing to 2"],
    ["sent: other map", "NewGroup properties map additionalProperties type", "integer", "additionalProperties: type"],
    ["sent: closed", "NewGroup properties spot additionalProperties", "false", "additionalProperties: is refused"],
    ["sent: choice gone", "NewGroup properties code oneOf 0", "null", "property code: oneOf went from"],
    ["sent: narrower choice", "NewGroup properties code oneOf 0 maxLength", "9", "property code: oneOf went from"],
    ["sent: one demand more", "NewGroup properties hue allOf 0", r#"{"minLength":1}"#, "property hue: allOf went from"],
    ["sent: stricter demand", "NewGroup properties hue allOf 1 maxLength", "8", "hue: maxLength went from 9 to 8"],
    ["got: property gone", "Group properties id", "null", "Group in answers: property id is gone"],
    ["got: longer", "Link properties url maxLength", "99", "Link in answers: property url: maxLength went from 80"],
    ["got: no end", "Link properties url maxLength", "null", "Link in answers: property url: maxLength went from 80"],
    ["got: property not required", "Group required 0", "null", "Group in answers: property id may be missing now"],
    ["got: null", "Group properties hint type", r#"["string","null"]"#, "property hint: type went from"],
    ["got: null as a choice", "Group properties link", LINK_OR_NULL, "property link: anyOf went from"],
    ["got: any type", "Group properties count type", "null", r#"count: type went from "integer" to nothing"#],
    ["got: new value of enum", "Group properties mode enum 0", "new", "property mode: enum went from"],
    ["got: enum gone", "Group properties mode enum", "null", "property mode: enum went from"],
    [
        "got: value of open list gone",
        "Group properties state x-extensible-enum 0",
        "null",
        "x-extensible-enum went from",
    ],
    ["got: other format", "Group properties id format", "uri", r#"id: format went from "uuid" to "uri""#],
    ["got: new format", "Group properties hint format", "uri", r#"hint: format went from nothing to "uri""#],
    ["got: keyword without rule", "Group properties hint pattern", "null", "hint: pattern went from"],
    ["got: new choice", "Group properties either anyOf 0", r#"{"type":"null"}"#, "property either: anyOf went from"],
];

/// What comes of these is what taking them back breaks, if anything.
const ADDITIONS: [Row; 40] = [
    ["path", "paths /people", r#"{"get":{}}"#, "GET /people is gone"],
    ["method", "paths /groups put", "{}", "PUT /groups is gone"],
    ["deprecation", "GET deprecated", "true", ""],
    ["words", "GET summary", "All groups", ""],
    ["way in without token", "POST security 0", "{}", "security {} is not enough now"],
    ["scope less", "POST security 0 bearer 0", "null", r#"security {"bearer":[]} is not enough now"#],
    ["optional parameter", "GET parameters 0", r#"{"in":"query","name":"q"}"#, "query parameter q is gone"],
    ["higher maximum", "GET parameters 0 schema maximum", "200", "limit: maximum went from 200 to 100"],
    ["lower minimum", "GET parameters 0 schema minimum", "0", "limit: minimum went from 0 to 1"],
    ["no maximum", "GET parameters 0 schema maximum", "null", "limit: maximum went from nothing to 100"],
    ["default of a reference", "GET parameters 1 schema default", "age", "query parameter sort: default went from"],
    ["optional body", "DELETE requestBody", "{}", "DELETE /groups/{id}: body is gone"],
    ["media type of body", "POST requestBody content text/html", "{}", "body text/html is gone"],
    ["success", "GET responses 202", "{}", "202 is gone"],
    ["failure", "GET responses 409", "{}", ""],
    ["header", "GET responses 200 headers Link", "{}", "200 header Link is gone"],
    ["media type of answer", "GET responses 200 content text/html", "{}", "200 text/html is gone"],
    ["named schema", "components schemas Other", "{}", "schema Other is gone"],
    ["sent: optional property", "NewGroup properties hint", "{}", "property hint is gone"],
    ["sent: property optional", "NewGroup required 0", "null", "property name is required now"],
    ["sent: value", "components schemas Sort enum 0", "id", "Sort in requests: enum went from"],
    ["sent: any value", "components schemas Sort enum", "null", "Sort in requests: enum went from nothing"],
    ["sent: fractions", "GET parameters 0 schema type", "number", r#"limit: type went from "number" to "integer""#],
    ["sent: words", "NewGroup properties spot", SPOT_IN_WORDS, ""],
    ["sent: null", "NewGroup properties name type", r#"["string","null"]"#, "property name: type went from"],
    ["sent: null as a choice", "NewGroup properties link", LINK_OR_NULL, "property link: anyOf went from"],
    ["sent: no pattern", "NewGroup properties slug pattern", "null", "slug: pattern went from nothing"],
    ["sent: no format", "NewGroup properties mail format", "null", "mail: format went from nothing"],
    ["sent: choice", "NewGroup properties code oneOf 0", r#"{"type":"boolean"}"#, "property code: oneOf went from"],
    ["sent: anything further", "NewGroup additionalProperties", "null", "additionalProperties: is refused now"],
    ["got: property", "Group properties new", "{}", "property new is gone"],
    ["got: property required", "Group required 0", "hint", "property hint may be missing now"],
    ["got: no null", "Group properties at type", "string", r#"at: type went from "string" to ["string","null"]"#],
    ["got: new value of open list", "Group properties state x-extensible-enum 0", "new", "x-extensible-enum went from"],
    ["got: value of enum gone", "Group properties mode enum 0", "null", "property mode: enum went from"],
    ["got: choice gone", "Group properties either anyOf 0", "null", "property either: anyOf went from"],
    ["got: other maximum", "Group properties count maximum", "5", ""],
    ["got: minimum", "Group properties count minimum", "1", ""],
    ["got: default", "Group properties count default", "3", ""],
    ["got: nothing further", "Group additionalProperties", "false", ""],
];

/// The document with one value set; lists insert, null removes.
fn edited(place: &str, value: &str) -> Value {
    let (first, rest) = place.split_once(' ').unwrap_or((place, ""));
    let way = match first {
        "GET" => format!("paths /groups get {rest}"),
        "POST" => format!("paths /groups post {rest}"),
        "DELETE" => format!("paths /groups/{{id}} delete {rest}"),
        "Link" | "NewGroup" | "Group" => format!("components schemas {place}"),
        _ => place.to_owned(),
    };
    let pointer = |holder: &str| format!("/{}", holder.replace('/', "~1").replace(' ', "/"));
    let (holder, key) = way.rsplit_once(' ').map_or((String::new(), place), |(holder, key)| (pointer(holder), key));
    let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
    let mut document = document();
    match document.pointer_mut(&holder) {
        Some(Value::Array(list)) if value.is_null() => drop(list.remove(key.parse().unwrap())),
        Some(Value::Array(list)) => list.insert(key.parse().unwrap(), value),
        Some(Value::Object(members)) if value.is_null() => drop(members.remove(key).unwrap()),
        Some(Value::Object(members)) => drop(members.insert(key.to_owned(), value)),
        _ => panic!("{place} leads nowhere"),
    }
    document
}

fn every_break_is_found() {
    for [name, place, value, piece] in BREAKS {
        let found = breaks(&document(), &edited(place, value));
        assert!(matches!(&found[..], [only] if only.contains(piece)), "{name}: {found:#?}");
    }
}

fn additions_are_no_breaks() {
    assert_eq!(breaks(&document(), &document()), [""; 0]);
    for [name, place, value, piece] in ADDITIONS {
        let newer = edited(place, value);
        assert_eq!(breaks(&document(), &newer), [""; 0], "{name}");
        // the other way round shows that the row is about something
        let back = breaks(&newer, &document());
        let is_told = if piece.is_empty() { back.is_empty() } else { back.iter().any(|one| one.contains(piece)) };
        assert!(is_told && back.len() < 2, "{name}, taken back: {back:#?}");
    }
}

fn nothing_released_is_broken() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi");
    let read = |path| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap();
    let newer = read(folder.join("openapi.json"));
    let files = std::fs::read_dir(folder.join("released")).into_iter().flatten().map(|file| file.unwrap().path());
    let released: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect();
    assert!(!released.is_empty(), "no document of a release in {}", folder.display());
    for path in released {
        let found = breaks(&read(path.clone()), &newer);
        assert!(found.is_empty(), "what was built on {} breaks:\n{}", path.display(), found.join("\n"));
    }
}
