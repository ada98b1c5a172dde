//! The program as it is shipped, in a process of its own, with no environment but what the test gives it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use super::{App, Caller, Database};

/// A command of the program on this database; it has not been started.
pub fn praxis(database: &Database, args: &[&str]) -> Command {
    let mut command = praxis_in(database.data_dir(), args);
    command.env("PRAXIS_DATA_DIR", database.data_dir()).env("PRAXIS_DATABASE_URL", database.url());
    command.env("PRAXIS_LISTEN", "127.0.0.1:0").env("PRAXIS_REGISTRATION", "open").env("PRAXIS_LOG", "error");
    command
}

/// A command of the program in this folder, with nothing set.
pub fn praxis_in(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_praxis"));
    command
        .args(args)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs to the end, with something to read.
pub fn run_with(mut command: Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // it may give up before it reads
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What it wrote, when all went well.
pub fn success(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8(bytes.clone()).unwrap());
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    out
}

/// The one line with which it gave up.
pub fn failure(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8(bytes.clone()).unwrap());
    assert!(output.status.code().is_some_and(|code| code != 0), "{}\n{out}\n{err}", output.status);
    assert_eq!(err.lines().count(), 1, "more than a line: {err}");
    err.trim_end().to_owned()
}

/// A server that runs. Killed when it is dropped.
pub struct Serving {
    child: Child,
    /// `host:port`.
    pub address: String,
    /// What it says at start.
    pub greeting: Vec<String>,
    errors: Arc<Mutex<String>>,
}

impl Serving {
    /// Starts it and waits until it listens.
    pub fn start(command: Command) -> Self {
        Starting::new(command).finish()
    }

    pub fn anon(&self) -> Caller {
        App::caller_at(&self.address)
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.errors.lock().unwrap().clone()
    }

    /// `TERM`, `INT`, `KILL`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; its exit code.
    pub fn end(mut self) -> Option<i32> {
        wait(&mut self.child, Duration::from_secs(30)).code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that does not listen yet.
pub struct Starting {
    child: Option<Child>,
    lines: mpsc::Receiver<String>,
    errors: Arc<Mutex<String>>,
}

impl Starting {
    pub fn new(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        let errors = Arc::new(Mutex::new(String::new()));
        let (mut err, kept) = (child.stderr.take().unwrap(), Arc::clone(&errors));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = err.read(&mut buffer) {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        });
        Self { child: Some(child), lines, errors }
    }

    /// Waits until it has logged this.
    pub fn until_logged(&self, words: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.errors.lock().unwrap().contains(words) {
            assert!(Instant::now() < deadline, "«{words}» was not logged: {}", self.errors.lock().unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until it listens.
    pub fn finish(mut self) -> Serving {
        let mut greeting = Vec::new();
        let address = loop {
            let line = self.lines.recv_timeout(Duration::from_secs(30));
            let line =
                line.unwrap_or_else(|_| panic!("it does not listen: {greeting:?} {}", self.errors.lock().unwrap()));
            let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).map(str::to_owned);
            greeting.push(line);
            if let Some(address) = address {
                break address;
            }
        };
        greeting.extend(self.lines.recv_timeout(Duration::from_millis(500)));
        greeting.extend(self.lines.recv_timeout(Duration::from_millis(500)));
        Serving { child: self.child.take().unwrap(), address, greeting, errors: Arc::clone(&self.errors) }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn wait(child: &mut Child, limit: Duration) -> std::process::ExitStatus {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}
