//! The command line as people meet it: help texts, exit codes, completions, a reader that leaves early.
//!
//! What each command does is tested with the command.

use std::process::{Command, Output, Stdio};

fn ordain(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ordain"))
        .args(arguments)
        // Without a terminal and COLUMNS, help is as wide everywhere.
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("ordain starts")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("answers are UTF-8")
}

#[test]
fn help_says_what_there_is() {
    for (name, arguments) in [
        ("help", &["--help"][..]),
        ("help_import", &["import", "--help"]),
        ("help_load", &["load", "--help"]),
        ("help_states", &["states", "--help"]),
        ("help_config", &["config", "--help"]),
        ("help_completions", &["completions", "--help"]),
    ] {
        let output = ordain(arguments);
        assert_eq!(output.status.code(), Some(0), "{name}");
        insta::assert_snapshot!(name, text(output.stdout));
    }
}

#[test]
fn exit_codes_tell_done_from_failure_from_wrong_usage() {
    let table: [(&[&str], i32); 12] = [
        (&["--version"], 0),
        (&["config"], 0),
        (&["config", "--json"], 0),
        (&["config", "--config", "missing.toml"], 1),
        (&["config", "--set", "orders.lines_max=0"], 1),
        (&[], 2),
        (&["confg"], 2),
        (&["config", "--set", "orders.lines_max"], 2),
        (&["config", "--set", "=1"], 2),
        (&["config", "--default", "--json"], 2),
        (&["config", "extra"], 2),
        (&["completions", "cmd.exe"], 2),
    ];
    for (arguments, code) in table {
        let output = ordain(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(output.stderr.is_empty(), code == 0, "{arguments:?}");
        assert_eq!(output.stdout.is_empty(), code != 0, "{arguments:?}");
    }
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = ordain(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        let script = text(output.stdout);
        assert!(script.contains("completions") && script.contains("config"), "{shell}: {script}");
    }
}

#[test]
fn a_reader_that_has_left_is_no_failure() {
    for arguments in [&["config"][..], &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_ordain"))
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(text(output.stderr), "", "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_ordain"))
        .arg("config")
        .env_clear()
        .stdin(Stdio::null())
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(output.stderr), "ordain: No space left on device (os error 28)\n");
}
