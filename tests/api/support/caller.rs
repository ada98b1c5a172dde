//! Callers are values: `ann.post("/groups", json!({…})).await.expect(201)`.

use std::future::IntoFuture;
use std::ops::Index;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use praxis::api::users::model::User;
use praxis::types::{SessionId, UserId};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::document;

/// What lies outside `/api/v1`.
const AT_ROOT: [&str; 5] = ["/api/", "/health/", "/.well-known/", "/docs", "/openapi"];

/// Where the server is.
pub struct Site {
    pub client: reqwest::Client,
    pub base: Mutex<String>,
}

impl Site {
    pub fn base(&self) -> String {
        self.base.lock().unwrap().clone()
    }
}

/// Somebody who calls.
#[derive(Clone)]
pub struct Caller {
    site: Arc<Site>,
    /// The access token, where there is one.
    pub token: Option<String>,
    me: Option<Me>,
}

#[derive(Clone)]
struct Me {
    id: UserId,
    name: String,
    email: String,
    session: SessionId,
    refresh_token: String,
}

impl Caller {
    pub fn anonymous(site: Arc<Site>) -> Self {
        Self { site, token: None, me: None }
    }

    pub fn logged_in(site: Arc<Site>, user: &User, session: SessionId, token: String, refresh_token: String) -> Self {
        let (name, email) = (user.display_name.clone(), user.email.clone().unwrap());
        Self { site, token: Some(token), me: Some(Me { id: user.id, name, email, session, refresh_token }) }
    }

    /// The same person with another token, good or bad.
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    pub fn id(&self) -> UserId {
        self.me().id
    }

    pub fn name(&self) -> &str {
        &self.me().name
    }

    pub fn email(&self) -> &str {
        &self.me().email
    }

    pub fn session(&self) -> SessionId {
        self.me().session
    }

    pub fn refresh_token(&self) -> &str {
        &self.me().refresh_token
    }

    fn me(&self) -> &Me {
        self.me.as_ref().expect("nobody in particular")
    }

    pub fn get(&self, path: impl AsRef<str>) -> Call {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: impl AsRef<str>, body: Value) -> Call {
        self.request(Method::POST, path).json(body)
    }

    /// Posts what changes whatever version there is.
    pub fn act(&self, path: impl AsRef<str>, body: Value) -> Call {
        self.post(path, body).header("if-match", "*")
    }

    /// Puts, whatever version there is.
    pub fn put(&self, path: impl AsRef<str>, body: Value) -> Call {
        self.request(Method::PUT, path).header("if-match", "*").json(body)
    }

    /// Changes whatever version there is.
    pub fn patch(&self, path: impl AsRef<str>, body: Value) -> Call {
        self.request(Method::PATCH, path).header("if-match", "*").json(body)
    }

    /// Changes the version with this tag.
    pub fn patch_if(&self, etag: &str, path: impl AsRef<str>, body: Value) -> Call {
        self.request(Method::PATCH, path).header("if-match", etag).json(body)
    }

    /// Deletes whatever version there is.
    pub fn delete(&self, path: impl AsRef<str>) -> Call {
        self.request(Method::DELETE, path).header("if-match", "*")
    }

    /// Any request; a path is taken to be below `/api/v1` unless it is one of those at the root.
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> Call {
        let path = path.as_ref();
        let prefix = if AT_ROOT.iter().any(|root| path.starts_with(root)) { "" } else { "/api/v1" };
        self.request_at(method, &format!("{prefix}{path}"))
    }

    /// A request to exactly this path; what stands behind `#` is sent as a password.
    pub fn request_at(&self, method: Method, path: &str) -> Call {
        let (path, password) = path.split_once('#').map_or((path, None), |(path, password)| (path, Some(password)));
        let mut request = self.site.client.request(method.clone(), format!("{}{path}", self.site.base()));
        if password.is_some() {
            request = request.basic_auth("reader", password);
        } else if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        Call { request, method, path: path.to_owned(), sent: None }
    }
}

/// A request about to be sent: await it.
pub struct Call {
    request: reqwest::RequestBuilder,
    method: Method,
    path: String,
    sent: Option<Value>,
}

impl Call {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// One that is no UTF-8.
    pub fn header_bytes(mut self, name: &str, value: &[u8]) -> Self {
        self.request = self.request.header(name, reqwest::header::HeaderValue::from_bytes(value).unwrap());
        self
    }

    pub fn json(mut self, body: Value) -> Self {
        self.request = self.request.json(&body);
        self.sent = Some(body);
        self
    }

    /// Any body, well formed or not.
    pub fn body(mut self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.header("content-type", content_type).body(body);
        self
    }

    async fn send(self) -> Answer {
        let Self { request, method, path, sent } = self;
        let response = request.send().await.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap_or_else(|error| panic!("{method} {path}: {error:?}")).to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer { method, path, status, headers, bytes, json };
        document::check(&answer, sent.as_ref());
        answer
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// What came back; it has been checked against the document.
#[derive(Debug, Clone)]
pub struct Answer {
    pub method: Method,
    /// With the query.
    pub path: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    /// Null where the body is not JSON.
    pub json: Value,
}

impl Answer {
    /// Panics unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Panics unless this is the problem with this code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer["code"], code, "{answer}");
        answer
    }

    /// Panics unless this is the problem that names this field or parameter, and only this, with this code.
    #[track_caller]
    pub fn expect_field(self, status: u16, pointer: &str, code: &str) -> Self {
        let answer = self.expect(status);
        let errors = answer["errors"].as_array().unwrap();
        let named: Vec<_> = errors.iter().map(|error| (error["pointer"].as_str(), error["code"].as_str())).collect();
        assert_eq!(named, [(Some(pointer), Some(code))], "{answer}");
        answer
    }

    /// A header's text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// The version in the tag: what stands before the hash of what is shown.
    pub fn version(&self) -> &str {
        self.header("etag").trim_matches('"').split('.').next().unwrap()
    }

    /// The `id` of what came back.
    #[track_caller]
    pub fn id(&self) -> String {
        self["id"].as_str().unwrap_or_else(|| panic!("no id: {self}")).to_owned()
    }

    /// The items of a page.
    #[track_caller]
    pub fn items(&self) -> &[Value] {
        self["items"].as_array().unwrap_or_else(|| panic!("no items: {self}"))
    }

    /// One text of each item of a page.
    #[track_caller]
    pub fn each(&self, name: &str) -> Vec<&str> {
        self.items().iter().map(|item| item[name].as_str().unwrap_or_else(|| panic!("no {name}: {self}"))).collect()
    }

    /// The body without the request id: what must not tell one case from another.
    pub fn without_request_id(&self) -> Value {
        let mut body = self.json.clone();
        body["request_id"] = Value::Null;
        body
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        &self.json[name]
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} → {} {}", self.method, self.path, self.status, self.text())
    }
}
