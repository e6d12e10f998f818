//! The configuration as the program reads it: precedence, unknown keys, wrong values, the shipped file.
//!
//! Bounds and defaults as typed values are tested beside the types, in `src/config/tests.rs`.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// One way to start `ordain config`.
#[derive(Default)]
struct Run<'a> {
    /// The content of the file given by `--config`, if any.
    file: Option<&'a str>,
    /// Variables of the environment.
    environment: &'a [(&'a str, &'a str)],
    /// Further arguments.
    arguments: &'a [&'a str],
}

impl Run<'_> {
    fn output(&self) -> Output {
        let directory = TempDir::new().expect("a temporary directory");
        let mut command = Command::new(env!("CARGO_BIN_EXE_ordain"));
        command.env_clear().envs(self.environment.iter().copied()).stdin(Stdio::null()).current_dir(&directory);
        command.arg("config");
        if let Some(text) = self.file {
            std::fs::write(directory.path().join("ordain.toml"), text).expect("the file is written");
            command.args(["--config", "ordain.toml"]);
        }
        command.args(self.arguments).output().expect("ordain starts")
    }

    /// The effective value of `key`.
    fn value(&self, key: &str) -> Value {
        let arguments: Vec<&str> = self.arguments.iter().copied().chain(["--json"]).collect();
        let output = Run { arguments: &arguments, ..*self }.output();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let values: Value = serde_json::from_slice(&output.stdout).expect("the answer is JSON");
        values.pointer(&format!("/{}", key.replace('.', "/"))).expect("the key is there").clone()
    }

    /// The complaint of a run that must fail with code 1 and answer nothing.
    fn complaint(&self) -> String {
        let output = self.output();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        String::from_utf8(output.stderr).expect("complaints are UTF-8").trim_end().to_owned()
    }
}

#[test]
fn the_stronger_source_holds() {
    let file = Some("[orders]\npayment_window = \"3m\"\n");
    let variable: &[_] = &[("ORDAIN__ORDERS__PAYMENT_WINDOW", "4m")];
    let flag: &[_] = &["--set", "orders.payment_window=5m"];
    let table = [
        (None, &[][..], &[][..], "15m"),
        (file, &[], &[], "3m"),
        (None, variable, &[], "4m"),
        (file, variable, &[], "4m"),
        (None, &[], flag, "5m"),
        (file, &[], flag, "5m"),
        (None, variable, flag, "5m"),
        (file, variable, flag, "5m"),
        (None, &[], &["--set", "orders.payment_window=5m", "--set", "orders.payment_window=6m"], "6m"),
    ];
    for (file, environment, arguments, expected) in table {
        let found = Run { file, environment, arguments }.value("orders.payment_window");
        assert_eq!(found, json!(expected), "{file:?} {environment:?} {arguments:?}");
    }
}

#[test]
fn a_source_changes_only_the_keys_it_names() {
    let file = Some("[orders]\nlines_max = 7\n[batch]\n");
    let run = Run {
        file,
        environment: &[("ORDAIN__ORDERS__UNPAID_PER_USER_MAX", "9"), ("ORDAIN_OTHER", "x")],
        arguments: &[],
    };
    assert_eq!(run.value("orders.lines_max"), json!(7));
    assert_eq!(run.value("orders.unpaid_per_user_max"), json!(9));
    assert_eq!(run.value("orders.payment_window"), json!("15m"));
    assert_eq!(run.value("batch.commands_max"), json!(512));
}

#[test]
fn short_flags_and_rust_log_set_their_keys() {
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a str, Value);
    let table: [Row<'_>; 9] = [
        (&[], &["--data", "shop"], "store.url", json!("sqlite:shop/ordain.db")),
        (&[], &["--data", "/var/lib/shop/"], "store.url", json!("sqlite:/var/lib/shop/ordain.db")),
        (&[], &["--data", "shop", "--set", "store.url=sqlite:x.db"], "store.url", json!("sqlite:shop/ordain.db")),
        (&[], &["--listen", "[::1]:0"], "listen.http", json!("[::1]:0")),
        (&[("ORDAIN__LISTEN__HTTP", "unix:a.sock")], &[], "listen.http", json!("unix:a.sock")),
        (&[("RUST_LOG", "debug")], &[], "telemetry.log", json!("debug")),
        (&[("RUST_LOG", "")], &[], "telemetry.log", json!("info")),
        (&[("RUST_LOG", "debug"), ("ORDAIN__TELEMETRY__LOG", "warn")], &[], "telemetry.log", json!("warn")),
        (&[("RUST_LOG", "debug")], &["--set", "telemetry.log=error"], "telemetry.log", json!("error")),
    ];
    for (environment, arguments, key, expected) in table {
        let run = Run { environment, arguments, file: None };
        assert_eq!(run.value(key), expected, "{environment:?} {arguments:?}");
    }
}

#[test]
fn an_unknown_key_is_told_with_the_nearest_known_one() {
    let in_file = [
        ("[orders]\npayment_windw = \"2s\"", "orders.payment_windw", "orders.payment_window"),
        ("[order]\nshipping_fee = 1", "order.shipping_fee", "pricing.shipping_fee"),
        ("lines_max = 1", "lines_max", "orders.lines_max"),
        ("[pricing]\n[pricing.shiping_fee]\n", "pricing.shiping_fee", "pricing.shipping_fee"),
        ("[listn]", "listn", "listen.threads"),
        ("[Orders]\nlines_max = 1", "Orders.lines_max", "orders.lines_max"),
    ];
    for (file, name, nearest) in in_file {
        let expected = format!("ordain: unknown key \"{name}\" in ordain.toml; the nearest known key is \"{nearest}\"");
        assert_eq!(Run { file: Some(file), ..Run::default() }.complaint(), expected);
    }
    let on_command_line = [
        ("order.lines_max=1", "order.lines_max", "orders.lines_max"),
        ("store.urls=x=y", "store.urls", "store.url"),
        ("orders=1", "orders", "orders.unpaid_per_user_max"),
        ("telemetry.format=json", "telemetry.format", "telemetry.log_format"),
    ];
    for (assignment, name, nearest) in on_command_line {
        let expected = format!("ordain: unknown key \"{name}\" in --set; the nearest known key is \"{nearest}\"");
        assert_eq!(Run { arguments: &["--set", assignment], ..Run::default() }.complaint(), expected);
    }
    let in_environment = [
        ("ORDAIN__ORDERS__PAYMENT_WINDOWS", "ORDAIN__ORDERS__PAYMENT_WINDOW"),
        ("ORDAIN__Orders__Payment_Window", "ORDAIN__ORDERS__PAYMENT_WINDOW"),
        ("ORDAIN__STORE_URL", "ORDAIN__STORE__URL"),
        ("ORDAIN__", "ORDAIN__STORE__URL"),
    ];
    for (name, nearest) in in_environment {
        let complaint = Run { environment: &[(name, "1")], ..Run::default() }.complaint();
        assert!(complaint.starts_with(&format!("ordain: unknown key \"{name}\" in the environment")), "{complaint}");
        if name != "ORDAIN__" {
            assert!(complaint.ends_with(&format!("the nearest known key is \"{nearest}\"")), "{complaint}");
        }
    }
}

#[test]
fn a_wrong_value_is_told_with_its_key_its_place_and_what_is_expected() {
    let in_file = [
        ("orders.payment_window", "900", "a duration such as \"500ms\", \"15m\" or \"7d\", from 100ms to 30d"),
        (
            "orders.payment_window",
            "\"15 minutes\"",
            "a duration such as \"500ms\", \"15m\" or \"7d\", from 100ms to 30d",
        ),
        ("batch.commands_max", "0", "a whole number from 1 to 4096"),
        ("batch.commands_max", "\"512\"", "a whole number from 1 to 4096"),
        ("batch.commands_max", "1.5", "a whole number from 1 to 4096"),
        ("batch.commands_max", "[512]", "a whole number from 1 to 4096"),
        ("store.unsafe_synchronous_normal", "\"false\"", "true or false"),
        ("telemetry.log_format", "\"JSON\"", "\"auto\", \"json\" or \"text\""),
        ("telemetry.log", "\"\"", "a level such as \"info\", or a filter such as \"info,ordain_store=debug\""),
        ("telemetry.log", "\"a=loud\"", "a level such as \"info\", or a filter such as \"info,ordain_store=debug\""),
    ];
    for (key, value, expected) in in_file {
        let (section, name) = key.split_once('.').unwrap();
        let file = format!("[{section}]\n{name} = {value}\n");
        let complaint = Run { file: Some(&file), ..Run::default() }.complaint();
        assert_eq!(
            complaint,
            format!("ordain: the value {value} of \"{key}\" from ordain.toml is wrong: expected {expected}")
        );
    }
    let as_text = [
        ("ORDAIN__BATCH__COMMANDS_MAX", "batch.commands_max", "many", "a whole number from 1 to 4096"),
        ("ORDAIN__BATCH__QUEUE_MAX", "batch.queue_max", "511", "a whole number from 512 to 1048576"),
        ("ORDAIN__ORDERS__DUPLICATE_WINDOW", "orders.duplicate_window", "2h", "from 0s to 1h"),
        ("ORDAIN__LISTEN__HTTP", "listen.http", "localhost", LISTEN_EXPECTED),
        ("RUST_LOG", "telemetry.log", "a=loud", "a filter such as \"info,ordain_store=debug\""),
    ];
    for (variable, key, value, expected) in as_text {
        let complaint = Run { environment: &[(variable, value)], ..Run::default() }.complaint();
        assert!(complaint.contains(&format!("\"{key}\" from the environment variable {variable}")), "{complaint}");
        assert!(complaint.contains(value) && complaint.ends_with(expected), "{complaint}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_refused_rather_than_changed() {
    use std::os::unix::ffi::OsStrExt as _;

    let output = Command::new(env!("CARGO_BIN_EXE_ordain"))
        .arg("config")
        .env_clear()
        .env("ORDAIN__STORE__URL", std::ffi::OsStr::from_bytes(b"sqlite:caf\xe9.db"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("\"store.url\" from the environment variable ORDAIN__STORE__URL"), "{complaint}");
    assert!(complaint.ends_with("expected UTF-8 text\n"), "{complaint}");
}

/// What `listen.http` may be, as its complaint says.
const LISTEN_EXPECTED: &str = "an IP address and a port, for example \"127.0.0.1:8080\" or \"[::1]:8080\"; or unix: and the path \
    of a socket that its address can hold (107 bytes on Linux), for example \"unix:/run/ordain.sock\"";

#[test]
fn the_server_listens_on_ip_addresses_and_sockets_of_the_file_system() {
    let longest = format!("unix:/{}", "a".repeat(102));
    let taken =
        ["127.0.0.1:0", "[::1]:8080", "unix:/run/ordain.sock", "unix:ordain.sock", "unix:../a b.sock", &longest];
    for address in taken {
        assert_eq!(Run { arguments: &["--listen", address], ..Run::default() }.value("listen.http"), json!(address));
    }
    let beyond = format!("unix:/{}", "a".repeat(107));
    let refused = [
        "8080",
        "127.0.0.1",
        "localhost:8080",
        "http://127.0.0.1:8080",
        "/run/ordain.sock",
        "unix:",
        "unix:///run/ordain.sock",
        "unix:@ordain",
        "unix:/run/",
        &beyond,
        "",
    ];
    for address in refused {
        let complaint = Run { arguments: &["--listen", address], ..Run::default() }.complaint();
        let said =
            format!("the value {address:?} of \"listen.http\" from --listen is wrong: expected {LISTEN_EXPECTED}");
        assert_eq!(complaint, format!("ordain: {said}"));
    }
}

#[test]
fn only_a_sqlite_file_is_taken_and_no_password_is_shown() {
    let refused = [
        "mysql://root:hunter2@db/ordain",
        "postgres://u:hunter2@db",
        "sqlite:",
        "sqlite://ordain.db",
        "sqlite::memory:",
        "sqlite:ordain.db?mode=rwc",
        "sqlite:ordain-data/",
        "ordain.db",
        "",
    ];
    for url in refused {
        let complaint = Run { arguments: &["--set", &format!("store.url={url}")], ..Run::default() }.complaint();
        let expected = "expected sqlite:PATH with the path of a file, for example \"sqlite:ordain-data/ordain.db\"";
        assert!(complaint.contains("\"store.url\" from --set") && complaint.ends_with(expected), "{complaint}");
        assert!(!complaint.contains("hunter2"), "{complaint}");
    }
    let taken = ["sqlite:ordain.db", "sqlite:/var/lib/ordain/a b.db", "sqlite:../x:y.db"];
    for url in taken {
        let arguments = ["--set", &format!("store.url={url}")];
        assert_eq!(Run { arguments: &arguments, ..Run::default() }.value("store.url"), json!(url));
    }
}

#[test]
fn a_file_that_cannot_be_read_or_is_not_toml_is_told_with_its_place() {
    let missing = Run { arguments: &["--config", "missing.toml"], ..Run::default() }.complaint();
    assert_eq!(
        missing,
        "ordain: cannot read the configuration file missing.toml: No such file or directory (os error 2)"
    );
    let broken = Run { file: Some("[orders]\nlines_max = 5\nlines_max = 6\n"), ..Run::default() }.complaint();
    assert!(broken.starts_with("ordain: ordain.toml, line 3, is not TOML: "), "{broken}");
    assert_eq!(broken.lines().count(), 1, "{broken}");
}

#[test]
fn a_weaker_promise_is_warned_about() {
    let output = Run { arguments: &["--set", "store.unsafe_synchronous_normal=true"], ..Run::default() }.output();
    assert!(output.status.success());
    let expected =
        "ordain: store.unsafe_synchronous_normal is on: a power cut may lose orders that were already acknowledged\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
}

#[test]
fn the_shipped_file_is_printed_as_it_is_and_can_be_used() {
    let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/config.default.toml");
    let text = std::fs::read_to_string(shipped).unwrap();
    let printed = Run { arguments: &["--default"], ..Run::default() }.output();
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), text);

    let without = Run { arguments: &["--json"], ..Run::default() }.output();
    let with = Run { file: Some(&text), arguments: &["--json"], ..Run::default() }.output();
    assert!(with.status.success());
    assert_eq!(with.stdout, without.stdout);
}

#[test]
fn the_effective_configuration_can_be_saved_and_used() {
    let changes: &[_] = &["--set", "orders.payment_window=2s", "--data", "a#\"b\\\n c"];
    let saved = Run { arguments: changes, ..Run::default() }.output();
    let saved = String::from_utf8(saved.stdout).unwrap();
    let direct: Vec<&str> = changes.iter().copied().chain(["--json"]).collect();
    let direct = Run { arguments: &direct, ..Run::default() }.output();
    let through_file = Run { file: Some(&saved), arguments: &["--json"], ..Run::default() }.output();
    assert!(through_file.status.success(), "{saved}");
    assert_eq!(through_file.stdout, direct.stdout);
}
