//! Every crate that the lock file names comes from the registry that deny.toml allows, under a licence that it allows, and
//! is none that it bans.
//!
//! This is the part of `cargo deny check bans licenses sources` that needs no tool beyond cargo; it trusts the licence that
//! a crate declares and does not read licence files.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository")
}

/// The crates that a build for Linux uses, as cargo describes them.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version=1", "--filter-platform=x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let all = metadata["packages"].as_array().expect("cargo lists the packages");
    all.iter().filter(|package| !package["source"].is_null()).cloned().collect()
}

fn deny() -> toml::Table {
    std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there").parse().expect("deny.toml is TOML")
}

fn list(table: &toml::Table, section: &str, key: &str) -> Vec<String> {
    let values = table[section][key].as_array().expect("a list").iter();
    values.map(|value| value.as_str().unwrap_or_else(|| value["crate"].as_str().expect("a name")).to_owned()).collect()
}

/// Whether an SPDX expression holds when exactly the `allowed` licences do; a licence with an exception counts as the
/// licence. The old spelling `MIT/Apache-2.0` means either.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (holds, rest) = any_of(&words, allowed);
    holds && rest.is_empty()
}

fn any_of<'a>(words: &'a [&'a str], allowed: &[String]) -> (bool, &'a [&'a str]) {
    let (mut holds, mut rest) = all_of(words, allowed);
    while let ["OR", after @ ..] = rest {
        let (next, left) = all_of(after, allowed);
        (holds, rest) = (holds | next, left);
    }
    (holds, rest)
}

fn all_of<'a>(words: &'a [&'a str], allowed: &[String]) -> (bool, &'a [&'a str]) {
    let (mut holds, mut rest) = one(words, allowed);
    while let ["AND", after @ ..] = rest {
        let (next, left) = one(after, allowed);
        (holds, rest) = (holds & next, left);
    }
    (holds, rest)
}

fn one<'a>(words: &'a [&'a str], allowed: &[String]) -> (bool, &'a [&'a str]) {
    match words {
        ["(", inner @ ..] => match any_of(inner, allowed) {
            (holds, [")", rest @ ..]) => (holds, rest),
            (_, rest) => (false, rest),
        },
        [name, "WITH", _, rest @ ..] | [name, rest @ ..] => (allowed.iter().any(|licence| licence == name), rest),
        [] => (false, words),
    }
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    let allowed = ["MIT".to_owned(), "ISC".to_owned()];
    let table = [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("MIT AND ISC", true),
        ("GPL-3.0 AND ISC OR MIT", true),
        ("MIT AND (GPL-3.0 OR ISC)", true),
        ("MIT AND (GPL-3.0 OR LGPL-3.0)", false),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("MIT WITH Some-exception", true),
        ("GPL-3.0 WITH Some-exception", false),
        ("(MIT", false),
        ("MIT ISC", false),
        ("", false),
    ];
    for (expression, expected) in table {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}

#[test]
fn what_is_depended_on_is_allowed() {
    let deny = deny();
    let licences = list(&deny, "licenses", "allow");
    let banned = list(&deny, "bans", "deny");
    let registries = list(&deny, "sources", "allow-registry");
    let packages = packages();
    let mut findings = Vec::new();
    for package in &packages {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let (name, licence, source) = (text("name"), text("license"), text("source"));
        if !is_allowed(licence, &licences) {
            findings.push(format!("{name}: the licence `{licence}` is not allowed"));
        }
        if !registries.iter().any(|registry| source == format!("registry+{registry}")) {
            findings.push(format!("{name}: it comes from {source}"));
        }
        if banned.iter().any(|banned| banned == name) {
            findings.push(format!("{name}: it is banned"));
        }
    }
    assert!(findings.is_empty(), "against deny.toml:\n{}\n", findings.join("\n"));
    assert!(packages.len() > 100, "only {} crates were looked at", packages.len());
}
