//! An address that webhooks are sent to: it remembers what came and answers as it is told.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What came.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
    pub at: Instant,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The type of the event.
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Whether this secret signed it, as the library for receivers finds.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let mut headers = reqwest::header::HeaderMap::new();
        for (name, value) in &self.headers {
            headers.insert(reqwest::header::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        standardwebhooks::Webhook::new(secret).unwrap().verify(&self.body, &headers).is_ok()
    }
}

/// How to answer.
#[derive(Debug, Clone)]
pub enum How {
    Status(u16),
    Redirect(String),
    /// Says nothing for so long, then closes.
    Hang(Duration),
    /// Answers 200 after so long.
    Slowly(Duration),
    /// Answers this after so long.
    Late(u16, Duration),
}

#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<How>>>,
}

impl Receiver {
    /// One that answers so in this order, and 200 afterwards.
    pub fn start(answers: &[How]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers = Arc::new(Mutex::new(answers.iter().cloned().collect()));
        let this = Self { address, received: Arc::default(), answers };
        let accepting = this.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let this = accepting.clone();
                std::thread::spawn(move || this.serve(stream));
            }
        });
        this
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn kinds(&self) -> Vec<String> {
        self.received().iter().map(Received::kind).collect()
    }

    /// Waits until so much has come.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let began = Instant::now();
        while self.received().len() < count {
            assert!(began.elapsed() < Duration::from_secs(30), "only {:?} came", self.kinds());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.received()
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut headers = HashMap::new();
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            if let Some((name, value)) = line.split_once(": ") {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            line.clear();
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() || headers.is_empty() {
            return;
        }
        let how = self.answers.lock().unwrap().pop_front().unwrap_or(How::Status(200));
        self.received.lock().unwrap().push(Received { headers, body, at: Instant::now() });
        let answer = match how {
            How::Status(status) => format!("HTTP/1.1 {status} Said\r\n"),
            How::Redirect(to) => format!("HTTP/1.1 307 Elsewhere\r\nlocation: {to}\r\n"),
            How::Hang(time) => return std::thread::sleep(time),
            How::Slowly(time) => {
                std::thread::sleep(time);
                "HTTP/1.1 200 Late\r\n".to_owned()
            }
            How::Late(status, time) => {
                std::thread::sleep(time);
                format!("HTTP/1.1 {status} Late\r\n")
            }
        };
        drop(stream.write_all(format!("{answer}content-length: 0\r\nconnection: close\r\n\r\n").as_bytes()));
    }
}
