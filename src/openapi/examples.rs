//! Examples: those of requests stand at their types, those of parameters and answers follow from names and formats.

use serde_json::{Map, Value, json};

/// Puts an example to every parameter, every body and every answer that has a schema.
pub fn fill(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (_, item) in paths.into_iter().flatten() {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
            for parameter in parameters.into_iter().flatten() {
                let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                let found = parameter.get("schema").map(|schema| example(schema, &name, &schemas)).unwrap_or_default();
                // forms fill in those that stand at the parameter, and all filters at once find nothing
                if parameter.get("required").is_some_and(|required| *required == true) {
                    parameter["example"] = found;
                } else if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
                    schema.insert("examples".to_owned(), json!([found]));
                }
            }
            let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let Some(body) = operation.get_mut("requestBody") {
                fill_content(body, &id, &schemas);
            }
            let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
            responses.into_iter().flatten().for_each(|(_, response)| fill_content(response, &id, &schemas));
        }
    }
    // they have come to stand where they are used
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (_, schema) in schemas.into_iter().flatten() {
        schema.as_object_mut().map(|schema| schema.remove("example"));
    }
}

fn fill_content(holder: &mut Value, operation: &str, schemas: &Map<String, Value>) {
    let content = holder.get_mut("content").and_then(Value::as_object_mut);
    for (kind, media) in content.into_iter().flatten() {
        let has_example = media.get("example").is_some() || media.get("examples").is_some();
        if let Some(schema) = media.get("schema").filter(|_| !has_example) {
            let of_file = file(kind, operation, schemas).map(Value::String);
            media["example"] = of_file.unwrap_or_else(|| example(schema, "", schemas));
        }
    }
}

/// What is no JSON, as far as it begins.
fn file(kind: &str, operation: &str, schemas: &Map<String, Value>) -> Option<String> {
    let one = |name: &str| schemas.get(name).map(|schema| example(schema, "", schemas)).unwrap_or_default();
    let (person, group) = (id("user_id"), id("group_id"));
    Some(match (kind, operation) {
        ("text/csv", "import_members") => format!("user_id,role,display_name\n{person},member,Ann Lee\n"),
        ("text/csv", "export_members") => format!(
            "user_id,display_name,role,role_ends_at,joined_at,last_contributed_at\n{person},Ann Lee,member,,{},\n",
            instant("joined_at")
        ),
        ("text/csv", "export_audit_log_csv") => format!(
            "id,at,actor_id,actor_name,action,target_kind,target_id,group_id,changes,reason,request_id\n\
             {},{},{person},Ann Lee,group_updated,group,{group},{group},,A new year,0f6f1d1e9a3c4b5d8e7f60718293a4b5\n",
            id(""),
            instant("at")
        ),
        ("application/jsonl", _) => format!("{}\n", one("AuditEvent")),
        ("application/atom+xml", _) => "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
            <feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Falls prevention</title></feed>\n"
            .to_owned(),
        ("text/event-stream", _) => format!("id: {}\nevent: post.published\ndata: {}\n\n", id(""), one("Event")),
        _ => return None,
    })
}

/// An example of a schema, which is that of a property or parameter with this name.
fn example(schema: &Value, name: &str, schemas: &Map<String, Value>) -> Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
    if let Some(target) = target.and_then(|target| schemas.get(target)) {
        return example(target, name, schemas);
    }
    let listed = ["enum", "x-extensible-enum"].iter().find_map(|key| schema.get(*key)?.as_array()?.first());
    if let Some(value) = schema.get("example").or_else(|| schema.get("default")).or(listed) {
        return value.clone();
    }
    if is_null_usually(name) && schema.pointer("/type/1").is_some() {
        return Value::Null;
    }
    let kind = schema.pointer("/type/0").or_else(|| schema.get("type")).and_then(Value::as_str).unwrap_or_default();
    match kind {
        "object" => {
            let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            properties.map(|(name, schema)| (name.clone(), example(schema, name, schemas))).collect()
        }
        "array" => {
            let item = schema.get("items").map(|item| example(item, name, schemas));
            if is_empty_usually(name) { json!([]) } else { json!([item]) }
        }
        "boolean" => json!(!name.starts_with("is_") && name != "has_more" && name != "ban" && name != "dry_run"),
        "integer" => json!(number(name, schema)),
        _ => json!(text(name, schema)),
    }
}

/// What is null in the usual case.
fn is_null_usually(name: &str) -> bool {
    const ENDS: [&str; 3] = ["deleted_at", "_until", "retired_at"];
    const NAMES: [&str; 18] = [
        "accepted_comment_id",
        "closes_at",
        "code",
        "comment_id",
        "decision_reason",
        "declined_at",
        "external_id",
        "failing_since",
        "last_error",
        "lessons_learned",
        "next_cursor",
        "parent_id",
        "publish_at",
        "role_ends_at",
        "settled_at",
        "status_reason",
        "successor_id",
        "until",
    ];
    NAMES.contains(&name) || ENDS.iter().any(|end| name.ends_with(end))
}

fn is_empty_usually(name: &str) -> bool {
    ["deleted", "errors", "content_warnings", "auto_join_domains", "join_questions", "shares"].contains(&name)
}

fn number(name: &str, schema: &Value) -> i64 {
    let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
    let usual = match name {
        "expires_in" => 900,
        "member_count" => 258,
        "reading_minutes" => 4,
        "start" | "index" | "depth" | "failed" => 0,
        "end" => 5,
        "status" => 404,
        "request_cooldown_days" | "invitation_days" => 14,
        _ => 3,
    };
    usual.clamp(bound("minimum").unwrap_or(0), bound("maximum").unwrap_or(i64::MAX))
}

/// A secret of the kind that its description names.
fn secret(schema: &Value) -> &'static str {
    let words = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let known = [
        "whsec_3yTt0b0b3JX0WcXk8l1nQ2rAz9sWmVfQ",
        "prx_feed_3yTt0b0b3JX0WcXk8l1nQ2rAz9sWmVfQh4uJc7dLk2E",
        "prx_key_3yTt0b0b3JX0WcXk8l1nQ2rAz9sWmVfQh4uJc7dLk2E",
    ];
    let begins =
        |secret: &str| secret.rsplit_once('_').is_some_and(|(begin, _)| words.contains(&format!("`{begin}_`")));
    known.into_iter().find(|secret| begins(secret)).unwrap_or("text")
}

/// The words of a string property, by its format or its name.
fn text(name: &str, schema: &Value) -> String {
    match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => return id(name),
        Some("date-time") => return instant(name).to_owned(),
        Some("uri") => return "https://example.org/evaluation".to_owned(),
        _ => {}
    }
    let words = match name {
        "access_token" => "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMTlhYWY1YyJ9.c2lnbmF0dXJl",
        "alg" => "EdDSA",
        "crv" => "Ed25519",
        "kty" => "OKP",
        "use" => "sig",
        "kid" | "x" => "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "secret" => secret(schema),
        "url" => "https://example.org/hooks/praxis",
        "Last-Event-ID" => "019aaf5c-0000-7000-8000-000000000070",
        "refresh_token" => "3yTt0b0b3JX0WcXk8l1nQ2rAz9sWmVfQh4uJc7dLk2E",
        "token" => "prx_inv_3yTt0b0b3JX0WcXk8l1nQ2rA",
        "token_type" => "Bearer",
        // any other is one list's
        "cursor" => "",
        "email" => "ann@example.org",
        "email_hint" => "a…@example.org",
        "handle" => "ann-lee",
        "display_name" | "actor_name" | "author_name" | "byline_name" | "invited_by" => "Ann Lee",
        "job_title" => "Ward manager",
        "organisation" => "St Elsewhere",
        "skills" | "skill" | "tags" | "tag" | "q" => "falls",
        "name" | "group_name" => "Falls prevention",
        "plural" => "Communities of practice",
        "slug" | "type" | "exclude_slug" => "falls-prevention",
        "title" | "post_title" => "Which footwear do you recommend?",
        "article_title" => "Falls halved in a year",
        "summary" | "standfirst" => "What keeps people on their feet.",
        "description" | "purpose" | "body" | "text" => "We see many falls in *socks*.",
        "description_html" | "purpose_html" | "body_html" => "<p>We see many falls in <em>socks</em>.</p>\n",
        "excerpt" => "We see many falls in socks.",
        "learning_question" | "question" => "What keeps people on their feet?",
        "answer" | "message" | "note" | "private_note" => "I lead the falls team of a small hospital.",
        "rules" => "Nothing that tells who a patient is.",
        "welcome_message" => "Welcome! Say in which ward you work.",
        "reason" | "Praxis-Access-Reason" => "A member reported it.",
        "label" => "The evaluation",
        "language" => "en",
        "cover_alt" => "A nurse walks beside a patient.",
        "cover_url" | "link_url" => "https://example.org/picture.jpg",
        "user_agent" => "Mozilla/5.0",
        "field" | "column" | "pointer" => "/title",
        "before" => "open",
        "after" => "request",
        "detail" => "There is nothing here, or nothing that you may see.",
        "request_id" => "0f6f1d1e9a3c4b5d8e7f60718293a4b5",
        "If-Match" => "*",
        "If-None-Match" => "\"642f7a1c9e4c0\"",
        "Idempotency-Key" => "0f6f1d1e-9a3c-4b5d-8e7f-60718293a4b5",
        "in" => "groups,posts",
        "ids" | "exclude_ids" => "019aaf5c-0000-7000-8000-000000000010",
        "status" => "ok",
        _ => "text",
    };
    words.to_owned()
}

/// The same thing has the same id in all examples.
fn id(name: &str) -> String {
    let number = match name {
        "type_ids" | "group_type_id" => 0x01,
        "group_id" | "group_ids" | "parent_id" | "successor_id" => 0x10,
        "user_id" | "author_id" | "author_ids" | "actor_id" | "created_by" | "decided_by" | "owner_id" | "from_id"
        | "to_id" => 0x20,
        "post_id" | "post_ids" => 0x30,
        "comment_id" => 0x40,
        "article_id" | "related_ids" => 0x50,
        _ => 0x60,
    };
    format!("019aaf5c-0000-7000-8000-{number:012x}")
}

fn instant(name: &str) -> &'static str {
    match name {
        "expires_at" | "closes_at" | "publish_at" | "until" => "2027-01-31T00:00:00.000000Z",
        "last_active_at" | "active_at" | "last_reply_at" => "2026-11-24T16:05:12.481516Z",
        "created_at" | "joined_at" | "updated_since" | "since" => "2026-10-01T08:00:00.000000Z",
        _ => "2026-11-24T09:30:00.000000Z",
    }
}
