//! What must not be left in code: stubs, debug output, silenced lints, tests that never run.
//!
//! It does not know what the lints mean; clippy denies several of these too, but only in code that this build compiles.

use super::{Hit, Rule, Source};

/// Token patterns and what to call them.
const LEFTOVERS: &[(&[&str], &str)] = &[
    (&["todo", "!"], "a stub"),
    (&["unimplemented", "!"], "a stub"),
    (&["dbg", "!"], "debug output"),
    (&["#", "[", "ignore"], "a test that never runs"),
    (&["#", "[", "should_panic", "]"], "a test that any panic satisfies"),
];

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            name: "leftover",
            advice: "finish it or leave it out; a test of a bug names its words: `should_panic(expected = \"…\")` (STYLE.md, leftovers)",
            check: leftover,
            sample: ("crates/domain/src/stub.rs", "//! A room.\nfn a() { todo!() }\n"),
        },
        Rule {
            name: "allow",
            advice: "write `#[expect(lint, reason = \"…\")]`, which complains when it is no longer needed (STYLE.md, leftovers)",
            check: allow,
            sample: ("crates/domain/src/quiet.rs", "//! A room.\n#[allow(dead_code)]\nfn a() {}\n"),
        },
    ]
}

fn leftover(source: &Source) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (pattern, what) in LEFTOVERS {
        let lines = source.lines_of(pattern).into_iter();
        hits.extend(lines.map(|line| Hit { line, what: format!("`{}` is {what}", pattern.concat()) }));
    }
    hits.sort_by_key(|hit| hit.line);
    hits
}

/// `allow(` anywhere inside an attribute, so that `cfg_attr(…, allow(…))` does not slip through.
fn allow(source: &Source) -> Vec<Hit> {
    let pairs =
        source.tokens.windows(2).filter(|pair| pair[0].in_attribute && pair[0].text == "allow" && pair[1].text == "(");
    pairs.map(|pair| Hit { line: pair[0].line, what: "a lint is silenced for ever".to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn leftover_table() {
        check(
            leftover,
            &[
                ("a.rs", "fn a() {\n    todo!()\n}\n", &[2]),
                ("a.rs", "fn a() {\n    unimplemented!(\"later\")\n}\n", &[2]),
                ("a.rs", "fn a() {\n    b(dbg!(c));\n}\n", &[2]),
                ("a.rs", "fn a() {\n    assert!(dbg!(c));\n}\n", &[2]),
                ("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn a() {}\n", &[2]),
                ("a.rs", "#[test]\n#[should_panic]\nfn a() {}\n", &[2]),
                ("a.rs", "#[test]\n#[should_panic(expected = \"a\")]\nfn a() {}\n", &[]),
                ("a.rs", "// todo!()\n/// dbg!(a)\nfn todo() -> &'static str { \"todo!()\" }\n", &[]),
            ],
        );
    }

    #[test]
    fn allow_table() {
        check(
            allow,
            &[
                ("a.rs", "#[allow(dead_code)]\nfn a() {}\n", &[1]),
                ("a.rs", "#![allow(dead_code)]\nfn a() {}\n", &[1]),
                ("a.rs", "#[cfg_attr(test, allow(dead_code))]\nfn a() {}\n", &[1]),
                (
                    "a.rs",
                    "macro_rules! m {\n    () => {\n        #[allow(dead_code)]\n        fn a() {}\n    };\n}\n",
                    &[3],
                ),
                ("a.rs", "#[expect(dead_code, reason = \"allow(x)\")]\nfn a() {}\n", &[]),
                ("a.rs", "fn a() {\n    allow(b);\n}\n", &[]),
                ("a.rs", "/// `#[allow(dead_code)]`\nfn a() {}\n", &[]),
            ],
        );
    }
}
