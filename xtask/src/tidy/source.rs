//! One file as the rules see it: its path, its text, and for Rust its tokens with their lines.
//!
//! Tokens rather than text, so that comments and strings never trip a rule; tokens rather than only the syntax tree, so
//! that the bodies of macros (`proptest!`, `assert!`) are seen as well. It does not judge anything.

use std::ops::RangeInclusive;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What a token is; delimiters are tokens of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or a keyword.
    Word,
    /// One character of punctuation: `::` is two tokens.
    Punctuation,
    /// A string, number or character literal.
    Literal,
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
}

/// One token with the lines it spans, counted from 1.
#[derive(Debug, Clone)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its text as written.
    pub text: String,
    /// The line it starts on.
    pub line: usize,
    /// The line it ends on: differs from `line` for a string of several lines.
    pub last_line: usize,
    /// Whether it stands inside `#[…]` or `#![…]`; a doc comment counts as an attribute.
    pub in_attribute: bool,
}

/// A function found anywhere in a file, macro bodies included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its bare name.
    pub name: String,
    /// The line of its `fn`, counted from 1.
    pub line: usize,
    /// Lines from `fn` to the closing brace, both included.
    pub lines: usize,
}

/// A file of the repository, read and, if it is Rust, taken apart.
#[derive(Debug)]
pub struct Source {
    /// Path from the root of the repository, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// Every token in order; empty for anything but Rust, and for Rust that does not parse.
    pub tokens: Vec<Token>,
    /// Every function with a body.
    pub functions: Vec<Function>,
    /// The syntax tree of a Rust file.
    pub syntax: Option<syn::File>,
    test_lines: Vec<RangeInclusive<usize>>,
}

impl Source {
    /// Reads `text` as the file at `path`.
    #[must_use]
    pub fn new(path: &str, text: &str) -> Self {
        let mut source = Self {
            path: path.to_owned(),
            text: text.to_owned(),
            tokens: Vec::new(),
            functions: Vec::new(),
            syntax: None,
            test_lines: Vec::new(),
        };
        if source.is_rust() {
            source.syntax = syn::parse_file(text).ok();
            if source.syntax.is_some()
                && let Ok(stream) = text.parse::<TokenStream>()
            {
                source.walk(stream, false);
            }
        }
        source
    }

    /// Whether the file is Rust.
    #[must_use]
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether a line belongs to code that only tests compile: the folder `tests`, `#[cfg(test)]` or `#[test]`.
    #[must_use]
    pub fn is_test(&self, line: usize) -> bool {
        self.path.contains("/tests/") || self.test_lines.iter().any(|lines| lines.contains(&line))
    }

    /// The first lines of every place where the tokens read as `pattern`.
    #[must_use]
    pub fn lines_of(&self, pattern: &[&str]) -> Vec<usize> {
        self.tokens
            .windows(pattern.len())
            .filter(|window| window.iter().zip(pattern).all(|(token, wanted)| token.text == *wanted))
            .map(|window| window[0].line)
            .collect()
    }

    fn walk(&mut self, stream: TokenStream, in_attribute: bool) {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        for (index, tree) in trees.iter().enumerate() {
            if !in_attribute {
                self.note_function(&trees, index);
                self.note_test(&trees, index);
            }
            match tree {
                TokenTree::Group(group) => {
                    let (open, close) = delimiters(group.delimiter());
                    let attribute = in_attribute || is_attribute(&trees, index);
                    self.push(Kind::Open, open, group.span_open(), attribute);
                    self.walk(group.stream(), attribute);
                    self.push(Kind::Close, close, group.span_close(), attribute);
                }
                TokenTree::Ident(word) => self.push(Kind::Word, &word.to_string(), word.span(), in_attribute),
                TokenTree::Punct(mark) => {
                    self.push(Kind::Punctuation, &mark.as_char().to_string(), mark.span(), in_attribute);
                }
                TokenTree::Literal(literal) => {
                    self.push(Kind::Literal, &literal.to_string(), literal.span(), in_attribute);
                }
            }
        }
    }

    fn push(&mut self, kind: Kind, text: &str, span: proc_macro2::Span, in_attribute: bool) {
        let (line, last_line) = (span.start().line, span.end().line);
        self.tokens.push(Token { kind, text: text.to_owned(), line, last_line, in_attribute });
    }

    /// `fn name … { … }`: a function type `fn(…)` has no name, a trait's bare signature has no body.
    fn note_function(&mut self, trees: &[TokenTree], index: usize) {
        let [TokenTree::Ident(keyword), TokenTree::Ident(name), ..] = &trees[index..] else { return };
        if keyword != "fn" {
            return;
        }
        if let Some(last) = last_line_of_item(&trees[index..], true) {
            let line = keyword.span().start().line;
            self.functions.push(Function { name: name.to_string(), line, lines: last + 1 - line });
        }
    }

    /// `#[cfg(test)]` and `#[test]` reach to the end of the item they stand on.
    fn note_test(&mut self, trees: &[TokenTree], index: usize) {
        let TokenTree::Group(group) = &trees[index] else { return };
        if !is_attribute(trees, index) || !is_test_attribute(&group.stream()) {
            return;
        }
        let first = group.span_open().start().line;
        if let Some(last) = last_line_of_item(&trees[index + 1..], false) {
            self.test_lines.push(first..=last);
        }
    }
}

fn delimiters(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::None => ("", ""),
    }
}

fn is_mark(tree: Option<&TokenTree>, wanted: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(mark)) if mark.as_char() == wanted)
}

/// Whether `trees[index]` is the bracket of `#[…]` or `#![…]`.
fn is_attribute(trees: &[TokenTree], index: usize) -> bool {
    let before = |distance: usize| index.checked_sub(distance).and_then(|position| trees.get(position));
    matches!(&trees[index], TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket)
        && (is_mark(before(1), '#') || (is_mark(before(1), '!') && is_mark(before(2), '#')))
}

/// `test`, `tokio::test`, `cfg(test)`, `cfg(all(test, …))`; not `cfg(not(test))`.
fn is_test_attribute(attribute: &TokenStream) -> bool {
    let mut path_end = None;
    for tree in attribute.clone() {
        match tree {
            TokenTree::Ident(word) => path_end = Some(word.to_string()),
            TokenTree::Group(group) if path_end.as_deref() == Some("cfg") => {
                return has_word(&group.stream(), "test") && !has_word(&group.stream(), "not");
            }
            TokenTree::Group(_) => break,
            _ => {}
        }
    }
    path_end.as_deref() == Some("test")
}

fn has_word(stream: &TokenStream, wanted: &str) -> bool {
    stream.clone().into_iter().any(|tree| match tree {
        TokenTree::Ident(word) => word == wanted,
        TokenTree::Group(group) => has_word(&group.stream(), wanted),
        _ => false,
    })
}

/// The last line of the item that starts `trees`: its first brace on this level, or its semicolon if it has no body.
fn last_line_of_item(trees: &[TokenTree], body_required: bool) -> Option<usize> {
    trees.iter().find_map(|tree| match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(Some(group.span_close().end().line)),
        TokenTree::Punct(mark) if mark.as_char() == ';' => Some((!body_required).then(|| mark.span().end().line)),
        _ => None,
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_wherever_they_stand() {
        let table: &[(&str, &[(&str, usize)])] = &[
            ("fn a() {}\n", &[("a", 1)]),
            ("pub(crate) async fn a<T>(x: [u8; 3]) -> T\nwhere\n    T: Copy,\n{\n}\n", &[("a", 5)]),
            ("trait T {\n    fn bare();\n    fn full() {\n    }\n}\n", &[("full", 2)]),
            ("proptest! {\n    #[test]\n    fn inside(x in 0..9) {\n        f(x);\n    }\n}\n", &[("inside", 3)]),
            ("fn outer() {\n    fn inner() {\n    }\n}\n", &[("outer", 4), ("inner", 2)]),
            ("struct S { callback: fn(u8) -> u8 }\n", &[]),
            ("// fn comment() {}\nconst A: &str = \"fn a() {}\";\n", &[]),
        ];
        for (text, expected) in table {
            let found = Source::new("a.rs", text).functions;
            let found: Vec<(&str, usize)> = found.iter().map(|f| (f.name.as_str(), f.lines)).collect();
            assert_eq!(found, *expected, "{text}");
        }
    }

    #[test]
    fn test_code_is_told_from_product_code() {
        let table: &[(&str, &[usize])] = &[
            ("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n", &[2, 3, 4, 5]),
            ("#[cfg(test)]\nextern crate std;\nfn a() {}\n", &[1, 2]),
            ("#[tokio::test(start_paused = true)]\nasync fn a() {\n}\nfn b() {}\n", &[1, 2, 3]),
            ("#[cfg(all(test, unix))]\nuse a::b;\n", &[1, 2]),
            ("#[cfg(not(test))]\nuse a::b;\n", &[]),
            ("#[cfg(feature = \"test\")]\nuse a::b;\n", &[]),
            ("#[derive(Debug)]\nstruct A;\n", &[]),
        ];
        for (text, expected) in table {
            let source = Source::new("crates/x/src/a.rs", text);
            let lines: Vec<usize> = (1..=text.lines().count()).filter(|line| source.is_test(*line)).collect();
            assert_eq!(lines, *expected, "{text}");
        }
        assert!(Source::new("crates/x/tests/a.rs", "fn a() {}\n").is_test(1));
    }
}
