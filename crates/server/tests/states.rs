//! `ordain states` from outside: what is printed, what is written, and that the committed drawings are fresh.
//!
//! Where boxes and lines lie is tested with the layout, in `src/states/tests.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn states(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ordain"))
        .arg("states")
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("ordain starts")
}

/// What a call prints that must succeed in silence.
fn printed(arguments: &[&str]) -> String {
    let output = states(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    String::from_utf8(output.stdout).expect("answers are UTF-8")
}

fn folder(path: &Path) -> BTreeMap<String, String> {
    let name = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let entries = fs::read_dir(path).expect("the folder is there").map(|entry| entry.expect("its entries can be read"));
    entries.map(|entry| (name(&entry), fs::read_to_string(entry.path()).expect("drawings are text"))).collect()
}

/// The machines of the JSON answer: name, and (from, step, to) with an empty text for no state.
fn machines() -> BTreeMap<String, Vec<[String; 3]>> {
    let answer: Value = serde_json::from_str(&printed(&["--format", "json"])).expect("the answer is JSON");
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let steps = |machine: &Value| {
        let transitions = machine["transitions"].as_array().expect("a list");
        transitions.iter().map(|step| ["from", "step", "to"].map(|field| text(&step[field]))).collect()
    };
    let machines = answer["machines"].as_array().expect("a list");
    machines.iter().map(|machine| (text(&machine["name"]), steps(machine))).collect()
}

#[test]
fn the_tables_of_the_code_are_told() {
    let machines = machines();
    let names = ["after_sale", "coupon", "letter", "lock", "order", "payment", "refund", "shipment"];
    assert_eq!(machines.keys().collect::<Vec<_>>(), names);
    for expected in [["", "place", "pending_payment"], ["pending_payment", "close", "cancelled"]] {
        assert!(machines["order"].contains(&expected.map(str::to_owned)), "{expected:?}");
    }
}

#[test]
fn every_step_is_in_every_format() {
    let all = printed(&[]);
    assert!(all.starts_with("stateDiagram-v2\n"), "{all}");
    assert_eq!(all.matches("stateDiagram-v2").count(), 1, "one document");
    for (machine, steps) in machines() {
        let mermaid = printed(&["--machine", &machine]);
        let svg = printed(&["--machine", &machine, "--format", "svg"]);
        for [from, step, to] in steps {
            let origin = if from.is_empty() { "[*]" } else { &from };
            assert!(mermaid.contains(&format!("    {origin} --> {to} : {step}\n")), "{from} {step} {to}\n{mermaid}");
            let origin = if from.is_empty() { "[*]".to_owned() } else { format!("{machine}_{from}") };
            assert!(all.contains(&format!("{origin} --> {machine}_{to} : {step}\n")), "{from} {step} {to}\n{all}");
            for word in [step, to] {
                assert!(svg.contains(&format!(">{word}</text>")), "{word}\n{svg}");
            }
        }
    }
}

#[test]
fn a_picture_stands_alone_and_knows_the_dark() {
    let svg = printed(&["--format", "svg"]);
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(svg.contains("@media (prefers-color-scheme:dark)"), "{svg}");
    for foreign in ["<script", "href", "url(", "@import"] {
        assert!(!svg.contains(foreign), "{foreign}");
    }
    for element in ["svg", "g", "title", "style", "text"] {
        let opened = svg.matches(&format!("<{element}>")).count() + svg.matches(&format!("<{element} ")).count();
        assert_eq!(opened, svg.matches(&format!("</{element}>")).count(), "{element}");
    }
}

#[test]
fn files_are_written_where_asked() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("new").join("folder");
    let paths = printed(&["--out", directory.to_str().unwrap(), "--machine", "lock"]);
    let expected: Vec<String> =
        ["lock.mmd", "lock.svg"].iter().map(|name| directory.join(name).display().to_string()).collect();
    assert_eq!(paths.lines().collect::<Vec<_>>(), expected);
    let files = folder(&directory);
    assert_eq!(files.len(), 2);
    assert_eq!(files["lock.mmd"], printed(&["--machine", "lock"]));
    assert_eq!(files["lock.svg"], printed(&["--machine", "lock", "--format", "svg"]));
}

#[test]
fn the_committed_drawings_are_fresh() {
    let place = tempfile::tempdir().unwrap();
    printed(&["--out", place.path().to_str().unwrap()]);
    let committed = folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/states"));
    assert!(committed == folder(place.path()), "docs/states is stale: run `cargo xtask generate`");
}

#[test]
fn wrong_usage_and_failures_have_their_codes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let inside_a_file = file.path().join("folder");
    let table: [(&[&str], i32, &str); 4] = [
        (&["--machine", "ordr"], 2, "a similar value exists: 'order'"),
        (&["--format", "png"], 2, "possible values: mermaid, svg, json"),
        (&["--out", "x", "--format", "svg"], 2, "cannot be used with"),
        (&["--out", inside_a_file.to_str().unwrap()], 1, "ordain: "),
    ];
    for (arguments, code, words) in table {
        let output = states(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.contains(words), "{arguments:?}: {complaint}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
