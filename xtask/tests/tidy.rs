//! The tidy test: plain `cargo test` fails when the tree breaks a rule of STYLE.md.
//!
//! The rules and their tables are tested beside them; here the whole net is cast over the real tree, and over a tree made
//! of violations to show that it catches each of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use xtask::tidy;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository").to_owned()
}

#[test]
fn the_tree_is_tidy() {
    let report = tidy::check_tree(&root()).unwrap();
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} findings:\n{}\n", lines.len(), lines.join("\n"));
    assert!(report.files > 50, "only {} files were read", report.files);
    assert_eq!(report.exceptions, tidy::CEILING);
}

#[test]
fn the_net_has_no_hole() {
    let tree = Path::new(env!("CARGO_TARGET_TMPDIR")).join("untidy");
    let _ = fs::remove_dir_all(&tree);
    let mut expected: BTreeSet<&str> = BTreeSet::from(["size"]);
    for rule in tidy::rules() {
        plant(&tree, rule.sample.0, rule.sample.1);
        expected.insert(rule.name);
    }
    plant(&tree, "crates/domain/src/long.rs", &format!("//! A room.\nfn a() {{\n{}}}\n", "    b();\n".repeat(69)));

    let report = tidy::check_tree(&tree).unwrap();
    let fired: BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(fired, expected);
    assert!(report.findings.iter().all(|finding| finding.message.contains("STYLE.md")), "{:#?}", report.findings);
}

#[test]
fn what_is_not_ours_is_not_read() {
    let tree = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign");
    let _ = fs::remove_dir_all(&tree);
    for folder in [".git", "target/debug", "ordain-data", ".venv/lib", "deploy/node_modules"] {
        plant(&tree, &format!("{folder}/mod.rs"), "fn a() { todo!() }");
    }
    plant(&tree, "crates/domain/src/lib.rs", "//! The map.\n#![no_std]\n");
    let report = tidy::check_tree(&tree).unwrap();
    assert_eq!((report.files, report.findings.len()), (1, 0), "{:#?}", report.findings);
}

fn plant(tree: &Path, path: &str, text: &str) {
    let path = tree.join(path);
    fs::create_dir_all(path.parent().expect("a planted file stands in a folder")).expect("the folder can be made");
    fs::write(path, text).expect("the file can be written");
}
