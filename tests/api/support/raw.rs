//! Requests that no HTTP client would send, byte by byte. The answers are checked like all others.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::{Answer, App, document};

/// An open connection with what has been sent of a request.
pub struct Raw {
    stream: TcpStream,
    method: Method,
    path: String,
}

impl Raw {
    /// Sends the first line and these headers, then the blank line.
    pub fn open(address: &str, method: Method, path: &str, headers: &[(&str, &str)]) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let mut raw = Self { stream, method, path: path.to_owned() };
        let mut head = format!("{} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n", raw.method);
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        raw.send(format!("{head}\r\n").as_bytes());
        raw
    }

    /// Sends more; whether the server still listened.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).is_ok()
    }

    /// Sends one chunk of a body without a known length; an empty one ends it.
    pub fn send_chunk(&mut self, bytes: &[u8]) -> bool {
        let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        self.send(&chunk)
    }

    /// Reads the answer to its end.
    pub fn answer(mut self) -> Answer {
        let mut bytes = Vec::new();
        // the server may close while there is still something to read
        let ended = self.stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?} {ended:?}", String::from_utf8_lossy(&bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value.trim()).unwrap());
        }
        let bytes = bytes[end + 4..].to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer { method: self.method, path: self.path, status, headers, bytes, json };
        document::check(&answer, None);
        answer
    }
}

impl App {
    /// Begins a request by hand.
    pub fn raw(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Raw {
        Raw::open(&self.address(), method, path, headers)
    }
}
