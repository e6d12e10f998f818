//! A real `ordain serve` of its own for a test: started on a free loopback port, ended when it is dropped.
//!
//! It knows processes and nothing of the contract; what is asked over HTTP stands in `client`.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

use super::client::Client;

/// How long anything may take that a test waits for, unless its point is a shorter time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a condition that nobody announces is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A directory of data, removed when it is dropped.
pub(crate) struct Data {
    directory: TempDir,
}

impl Data {
    /// An empty one.
    pub(crate) fn new() -> Data {
        Data { directory: tempfile::tempdir().expect("a directory for the data") }
    }

    /// The same files in another directory. No server may be running on them.
    pub(crate) fn copy(&self) -> Data {
        let copy = Data::new();
        for entry in std::fs::read_dir(self.path()).expect("the data are listed") {
            let entry = entry.expect("the data are listed");
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("a file of the data is copied");
        }
        copy
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A server on these data that answers; `settings` are `key=value`.
    pub(crate) async fn serve(&self, settings: &[&str]) -> Server {
        let server = Server::start(serve_command(&[], self.path(), settings)).await;
        let server =
            server.unwrap_or_else(|ended| panic!("the server ended at start: {}\n{}", ended.status, ended.log));
        server.client().ready(PATIENCE).await;
        server
    }
}

/// The command line of a server on a free port, behind a `wrapper` such as strace (with its arguments).
pub(crate) fn serve_command(wrapper: &[&OsStr], data: &Path, settings: &[&str]) -> Command {
    serve_command_on("127.0.0.1:0", wrapper, data, settings)
}

/// The same on an address.
pub(crate) fn serve_command_on(listen: &str, wrapper: &[&OsStr], data: &Path, settings: &[&str]) -> Command {
    let ordain = OsStr::new(env!("CARGO_BIN_EXE_ordain"));
    let (program, arguments) = wrapper.split_first().map_or((ordain, &[][..]), |(first, rest)| (*first, rest));
    let mut command = Command::new(program);
    command.args(arguments);
    if !wrapper.is_empty() {
        command.arg(ordain);
    }
    command.arg("serve").arg("--data").arg(data).args(["--listen", listen]);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.env_clear().env("ORDAIN__TELEMETRY__LOG_FORMAT", "json");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// Runs `ordain` to its end.
pub(crate) fn ordain<S: AsRef<OsStr>>(arguments: &[S]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_ordain"))
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("ordain starts")
}

/// A server that ended by itself.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// All that it wrote to stderr.
    pub(crate) log: String,
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    address: String,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Starts a server and waits until it listens.
    pub(crate) async fn start(mut command: Command) -> Result<Server, Ended> {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts");
        let stderr = child.stderr.take().expect("stderr is piped");
        let log = Arc::new(Mutex::new(String::new()));
        let (told, mut address) = watch::channel(None);
        let written = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some(address) = address_in(&line) {
                    told.send_replace(Some(address));
                }
                let mut log = written.lock().unwrap_or_else(PoisonError::into_inner);
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut server = Server { child, address: String::new(), log, reader: Some(reader) };
        let found = tokio::time::timeout(PATIENCE, address.wait_for(Option::is_some)).await;
        let found = found.unwrap_or_else(|_| panic!("the server does not listen:\n{}", server.log()));
        // An error means that stderr was closed: the process has ended.
        let found = found.ok().and_then(|address| address.clone());
        match found {
            Some(address) => server.address = address,
            None => return Err(server.ended().await),
        }
        Ok(server)
    }

    /// What speaks to it.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url())
    }

    /// `http://127.0.0.1:PORT`, or `unix:PATH`
    pub(crate) fn url(&self) -> String {
        if self.address.starts_with("unix:") { self.address.clone() } else { format!("http://{}", self.address) }
    }

    /// `127.0.0.1:PORT`, or `unix:PATH`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The number of the process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to stderr so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it as a power button would (SIGKILL) and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// Asks it to stop (SIGTERM).
    pub(crate) fn terminate(&self) {
        let process = self.process().to_string();
        let sent = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &process]).status().expect("sh starts");
        assert!(sent.success(), "the process is there to be told");
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(mut self) -> Ended {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(status) = self.child.try_wait().expect("the process can be waited for") {
                    return status;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        let status = waited.await.unwrap_or_else(|_| panic!("the server does not end:\n{}", self.log()));
        self.end();
        Ended { status, log: self.log() }
    }

    /// Asks it to stop and waits for that; it must end with success.
    pub(crate) async fn stop(self) {
        self.terminate();
        let ended = self.ended().await;
        assert!(ended.status.success(), "{}\n{}", ended.status, ended.log);
    }

    fn end(&mut self) {
        // Both fail only when the process is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            eprintln!("--- log of the server\n{}---", self.log());
        }
    }
}

fn address_in(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    (line["message"] == "serving HTTP").then(|| line["address"].as_str().expect("the address is a text").to_owned())
}

/// Looks at something until it is there.
///
/// # Panics
/// After [`PATIENCE`], with what was waited for.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("waited in vain until {what}"))
}

/// Says something even where the test runner keeps what tests print to itself.
pub(crate) fn say(text: &str) {
    use std::io::Write as _;
    // A closed stderr is nobody to tell.
    drop(writeln!(std::io::stderr(), "{text}"));
}
