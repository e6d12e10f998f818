//! The reference implementation of Standard Webhooks, `standardwebhooks` of PyPI, as the judge of our signatures.
//!
//! It is installed once into a virtual environment beside the build. What is missing for that is said, and the test fails.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

use serde_json::json;

use crate::receiver::Message;

const VERSION: &str = "1.1.0";

/// Reads a secret and messages, writes which of them hold.
const JUDGE: &str = r#"
import json, sys
from standardwebhooks import Webhook, WebhookVerificationError

case = json.load(sys.stdin)
hook = Webhook(case["secret"])

def holds(message):
    try:
        hook.verify(message["body"], message["headers"])
        return True
    except WebhookVerificationError:
        return False

print(json.dumps([holds(message) for message in case["messages"]]))
"#;

/// Whether each message holds under the secret.
pub(crate) fn judge(secret: &str, messages: &[Message]) -> Vec<bool> {
    let messages: Vec<_> =
        messages.iter().map(|message| json!({"headers": message.headers, "body": message.body})).collect();
    let case = json!({"secret": secret, "messages": messages}).to_string();
    let python = environment().join("bin/python");
    let mut child = Command::new(python)
        .args(["-c", JUDGE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the environment has a python");
    child.stdin.take().expect("stdin is piped").write_all(case.as_bytes()).expect("the judge listens");
    let output = child.wait_with_output().expect("the judge ends");
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).expect("the judge writes JSON")
}

/// The virtual environment with the package.
fn environment() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("standardwebhooks-{VERSION}"));
        if !works(&folder) {
            make(&folder);
        }
        folder
    })
}

fn works(folder: &Path) -> bool {
    let tried = Command::new(folder.join("bin/python")).args(["-c", "import standardwebhooks"]).output();
    tried.is_ok_and(|output| output.status.success())
}

fn make(folder: &Path) {
    let folder = folder.to_str().expect("the build lies at a path of text");
    run("python3", &["-m", "venv", "--clear", folder], "python3 with venv (Debian packages python3 and python3-venv)");
    let python = format!("{folder}/bin/python");
    let package = format!("standardwebhooks=={VERSION}");
    run(&python, &["-m", "pip", "install", "--quiet", &package], "the package standardwebhooks of PyPI, by pip");
}

fn run(program: &str, arguments: &[&str], what: &str) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("missing: {what}: {program} does not start: {error}"));
    assert!(output.status.success(), "missing: {what}: {program} {arguments:?}: {}", said(&output));
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text)).concat()
}
