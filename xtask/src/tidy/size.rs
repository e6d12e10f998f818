//! How long functions and files are.
//!
//! It measures and says what is over the limit; whether that is excused is decided in `exceptions`.

use std::collections::BTreeSet;

use super::Source;
use super::source::{Kind, Token};

/// Lines of a function, from `fn` to the closing brace.
pub(super) const FUNCTION_LINES_MAX: usize = 70;
/// Lines of a file that hold code: neither empty nor comment alone.
pub(super) const FILE_CODE_LINES_MAX: usize = 500;
/// Lines of a file of any kind; nothing excuses more.
pub(super) const FILE_LINES_WALL: usize = 800;

/// What is too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Function(String),
    File,
    Wall,
}

/// Something over its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Oversized {
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) what: What,
    pub(super) lines: usize,
}

/// Everything in the file that is longer than its limit.
pub(super) fn oversized(source: &Source) -> Vec<Oversized> {
    if !source.is_rust() {
        return Vec::new();
    }
    let over = |line: usize, what: What, lines: usize| Oversized { path: source.path.clone(), line, what, lines };
    let mut found = Vec::new();
    for function in source.functions.iter().filter(|function| function.lines > FUNCTION_LINES_MAX) {
        found.push(over(function.line, What::Function(function.name.clone()), function.lines));
    }
    let code_lines = code_lines(&source.tokens);
    if code_lines > FILE_CODE_LINES_MAX {
        found.push(over(1, What::File, code_lines));
    }
    let all_lines = source.text.lines().count();
    if all_lines > FILE_LINES_WALL {
        found.push(over(1, What::Wall, all_lines));
    }
    found
}

/// How many lines hold a token that is not part of a doc comment; a string of many lines counts with all of them.
fn code_lines(tokens: &[Token]) -> usize {
    let mut lines = BTreeSet::new();
    let mut index = 0;
    while index < tokens.len() {
        match doc_comment(&tokens[index..]) {
            0 => {
                lines.extend(tokens[index].line..=tokens[index].last_line);
                index += 1;
            }
            length => index += length,
        }
    }
    lines.len()
}

/// How many tokens of `#[doc = "…"]` stand at the front; doc comments read as that.
fn doc_comment(tokens: &[Token]) -> usize {
    let text = |index: usize| tokens.get(index).map_or("", |token| token.text.as_str());
    let open = if text(1) == "!" { 2 } else { 1 };
    let is_doc = text(0) == "#" && text(open) == "[" && text(open + 1) == "doc" && text(open + 2) == "=";
    let is_literal = tokens.get(open + 3).is_some_and(|token| token.kind == Kind::Literal);
    if is_doc && is_literal { open + 5 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(lines: usize) -> String {
        format!("fn a() {{\n{}}}\n", "    b();\n".repeat(lines - 2))
    }

    #[test]
    fn only_what_is_over_its_limit_is_reported() {
        let table = [
            ("a.rs", function(70), Vec::new()),
            ("a.rs", function(71), vec![(What::Function("a".to_owned()), 71)]),
            (
                "a.rs",
                format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(71)),
                vec![(What::Function("a".to_owned()), 71)],
            ),
            ("a.rs", format!("proptest! {{\n{}}}\n", function(71)), vec![(What::Function("a".to_owned()), 71)]),
            ("a.rs", "use a::b;\n".repeat(500), Vec::new()),
            ("a.rs", "use a::b;\n".repeat(501), vec![(What::File, 501)]),
            ("a.rs", format!("{}{}", "use a::b;\n".repeat(500), "\n// why\n".repeat(150)), Vec::new()),
            ("a.rs", format!("{}{}", "/// why\nuse a::b;\n".repeat(400), ""), Vec::new()),
            ("a.rs", format!("//! why\n{}", "/// why\nuse a::b;\n".repeat(400)), vec![(What::Wall, 801)]),
            ("a.rs", format!("const A: &str = \"{}\";\n", "a\n".repeat(500)), vec![(What::File, 501)]),
            ("a.md", "text\n".repeat(900), Vec::new()),
        ];
        for (path, text, expected) in table {
            let found: Vec<(What, usize)> =
                oversized(&Source::new(path, &text)).into_iter().map(|over| (over.what, over.lines)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
