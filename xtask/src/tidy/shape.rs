//! The shape of files: what stands at their head, what they are called, how their lines end.
//!
//! It does not measure (`size` does) and does not look into the code.

use super::source::Kind;
use super::{Hit, Rule, Source, is_written_text};

const BANNED_MODULES: &[&str] =
    &["common", "errors", "helper", "helpers", "macros", "manager", "misc", "types", "util", "utilities", "utils"];

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            name: "head-comment",
            advice: "open the file with `//!`: what this room is and what it deliberately does not do (STYLE.md, files)",
            check: head_comment,
            sample: ("crates/domain/src/nameless.rs", "pub fn a() {}\n"),
        },
        Rule {
            name: "module-name",
            advice: "name the room after its concept, or put the function beside its one user (STYLE.md, files)",
            check: module_name,
            sample: ("crates/domain/src/utils.rs", "//! A room.\n"),
        },
        Rule {
            name: "mod-rs",
            advice: "write `order.rs` beside `order/`; in tests `mod support { pub mod server; }` in the suite finds \
                     `tests/support/server.rs` (STYLE.md, files)",
            check: no_mod_rs,
            sample: ("crates/domain/src/order/mod.rs", "//! A room.\n"),
        },
        Rule {
            name: "parses",
            advice: "every `.rs` file is Rust that a build reads (STYLE.md, files)",
            check: parses,
            sample: ("crates/domain/src/broken.rs", "//! A room.\nfn {\n"),
        },
        Rule {
            name: "whitespace",
            advice: "run `cargo fmt`, and let the editor read .editorconfig (STYLE.md, files)",
            check: whitespace,
            sample: ("crates/domain/src/ragged.rs", "//! A room. \nfn a() {}"),
        },
        Rule {
            name: "marker",
            advice: "do it, or open an issue and write down the reason instead (STYLE.md, leftovers)",
            check: marker,
            sample: ("crates/domain/src/later.rs", concat!("//! A room.\n// TO", "DO later\n")),
        },
        Rule {
            name: "machine-path",
            advice: "write paths from the root of the repository (STYLE.md, leftovers)",
            check: machine_path,
            sample: ("crates/domain/src/here.rs", concat!("//! See /wo", "rk/notes.\n")),
        },
    ]
}

fn whole_file(what: impl Into<String>) -> Vec<Hit> {
    vec![Hit { line: 1, what: what.into() }]
}

fn head_comment(source: &Source) -> Vec<Hit> {
    if !source.is_rust() || source.text.starts_with("//! ") {
        return Vec::new();
    }
    whole_file("the file does not begin with `//!`")
}

/// The path gives the names of modules and folders, the tokens those of inline modules.
fn module_name(source: &Source) -> Vec<Hit> {
    if !source.is_rust() {
        return Vec::new();
    }
    let banned = |name: &str| BANNED_MODULES.contains(&name);
    let from_path = source.path.split('/').map(|part| part.trim_end_matches(".rs")).filter(|part| banned(part));
    let mut hits: Vec<Hit> =
        from_path.map(|part| Hit { line: 1, what: format!("`{part}` names no concept") }).collect();
    for pair in source.tokens.windows(2) {
        if pair[0].kind == Kind::Word && pair[0].text == "mod" && banned(&pair[1].text) {
            hits.push(Hit { line: pair[0].line, what: format!("`mod {}` names no concept", pair[1].text) });
        }
    }
    hits
}

fn no_mod_rs(source: &Source) -> Vec<Hit> {
    if source.path.ends_with("/mod.rs") {
        whole_file("a file called mod.rs says nothing in a list of tabs")
    } else {
        Vec::new()
    }
}

fn parses(source: &Source) -> Vec<Hit> {
    if source.is_rust() && source.syntax.is_none() { whole_file("the file does not parse") } else { Vec::new() }
}

fn whitespace(source: &Source) -> Vec<Hit> {
    if !is_written_text(&source.path) {
        return Vec::new();
    }
    let mut hits = Vec::new();
    let mut hit = |line: usize, what: &str| hits.push(Hit { line, what: what.to_owned() });
    for (index, line) in source.text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            hit(index + 1, "the line ends in white space");
        }
        if source.is_rust() && line.contains('\t') {
            hit(index + 1, "there is a tab");
        }
    }
    let lines = source.text.lines().count();
    if !source.text.is_empty() && !source.text.ends_with('\n') {
        hit(lines, "the file does not end in a newline");
    }
    if source.text.ends_with("\n\n") {
        hit(lines, "the file ends in an empty line");
    }
    hits
}

/// Markdown may speak of the markers; code, SQL and configuration may not carry them.
fn marker(source: &Source) -> Vec<Hit> {
    if !is_written_text(&source.path) || source.path.ends_with(".md") {
        return Vec::new();
    }
    let markers = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let has_marker = |line: &str| line.split(|c: char| !c.is_alphanumeric()).any(|word| markers.contains(&word));
    lines_with(source, has_marker, "a marker for later")
}

fn machine_path(source: &Source) -> Vec<Hit> {
    if !is_written_text(&source.path) {
        return Vec::new();
    }
    let paths = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    lines_with(source, |line| paths.iter().any(|path| line.contains(path)), "a path of one machine")
}

fn lines_with(source: &Source, wanted: impl Fn(&str) -> bool, what: &str) -> Vec<Hit> {
    let lines = source.text.lines().enumerate().filter(|(_, line)| wanted(line));
    lines.map(|(index, _)| Hit { line: index + 1, what: what.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn head_comment_table() {
        check(
            head_comment,
            &[
                ("a.rs", "//! A room.\nfn a() {}\n", &[]),
                ("a.rs", "fn a() {}\n", &[1]),
                ("a.rs", "", &[1]),
                ("a.rs", "//!\n", &[1]),
                ("a.rs", "// A room.\n", &[1]),
                ("a.rs", "\n//! A room.\n", &[1]),
                ("build.rs", "fn main() {}\n", &[1]),
                ("a.md", "# A page\n", &[]),
            ],
        );
    }

    #[test]
    fn module_name_table() {
        check(
            module_name,
            &[
                ("crates/a/src/order.rs", "//! A room.\nmod state;\n", &[]),
                ("crates/a/src/utils.rs", "//! A room.\n", &[1]),
                ("crates/a/src/types/order.rs", "//! A room.\n", &[1]),
                ("crates/a/tests/common/server.rs", "//! A room.\n", &[1]),
                ("crates/a/src/order.rs", "//! A room.\npub(crate) mod helpers {}\n", &[2]),
                ("crates/a/src/order.rs", "//! A room.\n// mod helpers\nfn types() {}\n", &[]),
                ("docs/common/page.md", "# A page\n", &[]),
            ],
        );
    }

    #[test]
    fn mod_rs_table() {
        check(
            no_mod_rs,
            &[
                ("crates/a/src/order/mod.rs", "", &[1]),
                ("crates/a/tests/support/mod.rs", "", &[1]),
                ("crates/a/src/order.rs", "", &[]),
                ("crates/a/src/order/a_mod.rs", "", &[]),
            ],
        );
    }

    #[test]
    fn parses_table() {
        check(
            parses,
            &[("a.rs", "//! A room.\nfn a() {}\n", &[]), ("a.rs", "fn a( {}\n", &[1]), ("a.md", "fn a( {}\n", &[])],
        );
    }

    #[test]
    fn whitespace_table() {
        check(
            whitespace,
            &[
                ("a.rs", "fn a() {}\n", &[]),
                ("a.rs", "fn a() {} \nfn b() {}\n", &[1]),
                ("a.rs", "fn a() {}\r\n", &[1]),
                ("a.rs", "fn a() {\n\tb();\n}\n", &[2]),
                ("a.rs", "fn a() {}", &[1]),
                ("a.rs", "fn a() {}\n\n", &[2]),
                ("a.md", "text  \nmore\n", &[1]),
                ("serve", "run \n", &[1]),
                ("a.sh", "cat <<-E\n\ta\n\tE\n", &[]),
                ("a.csv", "a, \n", &[]),
                ("a.snap", "a \n", &[]),
                ("a.toml", "", &[]),
            ],
        );
    }

    #[test]
    fn marker_table() {
        check(
            marker,
            &[
                ("a.rs", concat!("//! A room.\n// TO", "DO: more\n"), &[2]),
                ("a.sql", concat!("-- FIX", "ME\n"), &[1]),
                ("a.sh", concat!("# XX", "X\n"), &[1]),
                ("a.sh", concat!("mktemp ordain.XX", "XXXX\n"), &[]),
                ("a.rs", "//! Not a to-do list.\n", &[]),
                ("STYLE.md", concat!("No TO", "DO.\n"), &[]),
            ],
        );
    }

    #[test]
    fn machine_path_table() {
        check(
            machine_path,
            &[
                ("a.md", concat!("See /wo", "rk/notes.\n"), &[1]),
                ("a.toml", concat!("path = \"/ro", "ot/a\"\n"), &[1]),
                ("a.md", "See docs/adr, at /v1/orders, in the work at hand.\n", &[]),
                ("a.csv", concat!("/wo", "rk/\n"), &[]),
            ],
        );
    }
}
