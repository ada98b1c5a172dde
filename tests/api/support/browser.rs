//! A real browser that shows bodies as a client would, on a page that touches every part of them. What has run, what is
//! on the page and every request that left are told.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How the program is called.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const MISSING: &str = "Chromium is missing; as root on Debian: apt-get install chromium";
/// With `BODIES` where they go.
const PAGE: &str = include_str!("../xss_page.html");
/// It prevents nothing and tells the page of everything that is not the page's own; the icon's address follows.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; script-src 'nonce-probe'; img-src";
/// No browser takes longer unless it hangs.
const LIMIT: Duration = Duration::from_mins(2);

/// What came of showing some bodies.
#[derive(Debug)]
pub struct Shown {
    /// How many bodies are on the page, each in its place.
    pub bodies: usize,
    /// How many links are on the page, which shows every body twice.
    pub links: usize,
    /// With what scripts have called `alert` and the like.
    pub hits: Vec<String>,
    /// Elements and attributes that no body may have, behind the number of the body.
    pub odd: Vec<String>,
    /// Which rules against scripts, styles and loads would have been broken.
    pub blocked: Vec<String>,
    /// What was asked for, apart from the page and its icon: a path behind the host of another, or `TLS`.
    pub requests: Vec<String>,
}

/// Shows these bodies in one page.
pub fn show(bodies: &[&str]) -> Shown {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut sections = String::new();
    for (number, body) in bodies.iter().enumerate() {
        writeln!(sections, "<section data-number=\"{number}\">{body}</section>").unwrap();
    }
    let page = PAGE.replace("BODIES", &sections);
    let (requests, is_over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let dumped = std::thread::scope(|scope| {
        scope.spawn(|| {
            for stream in listener.incoming().map_while(Result::ok).take_while(|_| !is_over.load(Ordering::SeqCst)) {
                scope.spawn(|| answer(stream, address, &page, &requests));
            }
        });
        // no panic in here: the listener would be waited for
        let dumped = dump(address);
        is_over.store(true, Ordering::SeqCst);
        // one more, so that it looks
        drop(TcpStream::connect(address));
        dumped
    });
    let dumped = dumped.unwrap_or_else(|error| panic!("the browser shows nothing: {error}"));
    let mut requests = requests.into_inner().unwrap();
    assert!(requests.contains(&"/".to_owned()), "the browser has not asked for the page: {requests:?}");
    requests.retain(|request| request != "/" && request != "/favicon.ico");
    read(&dumped, requests)
}

/// What the page says in its title.
fn read(dumped: &str, requests: Vec<String>) -> Shown {
    let title = dumped.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default();
    assert!(title.starts_with("DONE "), "the page was not seen to its end: {title:?} {requests:?}\n{dumped}");
    let field = |name: &str| {
        let value = title.split(' ').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_else(|| panic!("no {name}: {title}"))
    };
    let list = |name: &str| field(name).split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    Shown {
        bodies: field("sections").parse().unwrap(),
        links: field("links").parse().unwrap(),
        hits: list("hits"),
        odd: list("odd"),
        blocked: list("blocked"),
        requests,
    }
}

/// Notes one request and answers it.
fn answer(mut stream: TcpStream, address: SocketAddr, page: &str, requests: &Mutex<Vec<String>>) {
    // a browser opens more connections than it uses
    if stream.set_read_timeout(Some(LIMIT)).is_err() {
        return;
    }
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..count]);
        let is_http = bytes[0].is_ascii_uppercase();
        if !is_http || bytes.windows(4).any(|window| window == b"\r\n\r\n") {
            break;
        }
    }
    if bytes.is_empty() {
        return;
    }
    let request = named(&String::from_utf8_lossy(&bytes), address);
    let (status, body) = if request == "/" { ("200 OK", page) } else { ("404 Not Found", "") };
    requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\
         cache-control: no-store\r\ncontent-security-policy-report-only: {POLICY} http://{address}/favicon.ico\r\n\r\n",
        body.len()
    );
    // it may not listen any more
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

fn named(request: &str, address: SocketAddr) -> String {
    if request.starts_with('\u{16}') {
        return "TLS".to_owned();
    }
    let path = request.split(' ').nth(1).unwrap_or("no request");
    let host = request.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then_some(value.trim())
    });
    let host = host.filter(|host| *host != address.to_string()).unwrap_or_default();
    format!("{host}{path}")
}

/// The page as it stands after ten seconds of its own time, which waits for what is being fetched.
fn dump(address: SocketAddr) -> io::Result<String> {
    let dir = tempfile::tempdir()?;
    let (out, err) = (dir.path().join("out"), dir.path().join("err"));
    let mut child = start(address, dir.path(), &out, &err)?;
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::other(format!("it does not end: {}", std::fs::read_to_string(err)?)));
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    if !status.success() {
        return Err(io::Error::other(format!("{status}: {}", std::fs::read_to_string(err)?)));
    }
    Ok(String::from_utf8_lossy(&std::fs::read(out)?).into_owned())
}

fn start(address: SocketAddr, dir: &Path, out: &Path, err: &Path) -> io::Result<Child> {
    for name in NAMES {
        let mut command = Command::new(name);
        // root has no sandbox; nothing but the bodies asks for anything, and whatever host they name is the listener
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
        command.args(["--disable-extensions", "--disable-breakpad", "--no-first-run", "--no-proxy-server"]);
        let hosts = format!("MAP *.example {address}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1");
        command.arg(format!("--host-resolver-rules={hosts}")).arg(format!("--user-data-dir={}", dir.display()));
        command.args(["--virtual-time-budget=10000", "--dump-dom"]).arg(format!("http://{address}/"));
        command.stdin(Stdio::null()).stdout(File::create(out)?).stderr(File::create(err)?);
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            started => return started,
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, MISSING))
}
