//! The list of files and functions that may be longer than their limit, and the ratchet that lets it shrink only.
//!
//! Each entry carries the length of today. Longer fails, shorter fails until the entry follows, and an entry that nothing
//! needs fails until it is gone. There is no way to excuse any rule but a size.

use std::path::Path;

use serde::Deserialize;

use super::Finding;
use super::size::{FILE_CODE_LINES_MAX, FILE_LINES_WALL, FUNCTION_LINES_MAX, Oversized, What};

/// How many entries the list has. It only ever goes down.
pub const CEILING: usize = 0;

/// Where the list is, from the root of the repository.
const LIST: &str = "xtask/tidy-exceptions.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exceptions {
    #[serde(default)]
    function: Vec<LongFunction>,
    #[serde(default)]
    file: Vec<LongFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LongFunction {
    path: String,
    name: String,
    lines: usize,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LongFile {
    path: String,
    lines: usize,
    reason: String,
}

/// One entry of either kind.
struct Entry<'a> {
    path: &'a str,
    what: What,
    lines: usize,
    reason: &'a str,
}

impl Exceptions {
    /// Reads the list under `root`; no file means an empty list.
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        match std::fs::read_to_string(root.join(LIST)) {
            Ok(text) => Self::parse(&text).map_err(|error| format!("{LIST}: {error}")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(format!("{LIST}: {error}")),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    pub(super) fn len(&self) -> usize {
        self.function.len() + self.file.len()
    }

    fn entries(&self) -> Vec<Entry<'_>> {
        let functions = self.function.iter().map(|entry| Entry {
            path: &entry.path,
            what: What::Function(entry.name.clone()),
            lines: entry.lines,
            reason: &entry.reason,
        });
        let files = self.file.iter().map(|entry| Entry {
            path: &entry.path,
            what: What::File,
            lines: entry.lines,
            reason: &entry.reason,
        });
        functions.chain(files).collect()
    }

    /// What is left to say about the sizes once the list is taken into account.
    pub(super) fn judge(&self, oversized: &[Oversized]) -> Vec<Finding> {
        self.judge_under(oversized, CEILING)
    }

    fn judge_under(&self, oversized: &[Oversized], ceiling: usize) -> Vec<Finding> {
        let entries = self.entries();
        let covers = |entry: &Entry<'_>, over: &Oversized| entry.path == over.path && entry.what == over.what;
        let mut findings = Vec::new();
        for over in oversized {
            let listed = entries.iter().filter(|entry| covers(entry, over)).map(|entry| entry.lines).max();
            findings.extend(too_long(over, listed));
        }
        for entry in &entries {
            let longest = oversized.iter().filter(|over| covers(entry, over)).map(|over| over.lines).max();
            findings.extend(loose(entry, longest));
        }
        match self.len() {
            len if len > ceiling => findings.push(about_list(format!(
                "{len} exceptions where {ceiling} are allowed: split the code instead of adding one (STYLE.md, sizes)"
            ))),
            len if len < ceiling => findings.push(about_list(format!(
                "{len} exceptions are left of {ceiling}: lower CEILING in xtask/src/tidy/exceptions.rs (STYLE.md, sizes)"
            ))),
            _ => {}
        }
        findings
    }
}

fn too_long(over: &Oversized, listed: Option<usize>) -> Option<Finding> {
    if listed.is_some_and(|lines| over.lines <= lines) {
        return None;
    }
    let lines = over.lines;
    let message = match &over.what {
        What::Function(name) => format!(
            "`{name}` has {lines} lines, more than {FUNCTION_LINES_MAX}; move its steps to functions below it in the order of \
             call (STYLE.md, sizes)"
        ),
        What::File => format!(
            "{lines} lines of code, more than {FILE_CODE_LINES_MAX}; split the room by concept: `order.rs` beside `order/` \
             (STYLE.md, sizes)"
        ),
        What::Wall => {
            format!("{lines} lines, more than {FILE_LINES_WALL}, which nothing excuses; split it (STYLE.md, sizes)")
        }
    };
    Some(Finding { rule: "size", path: over.path.clone(), line: over.line, message })
}

/// An entry that promises more than the code needs, or that gives no reason.
fn loose(entry: &Entry<'_>, longest: Option<usize>) -> Option<Finding> {
    let name = match &entry.what {
        What::Function(name) => format!("{} `{name}`", entry.path),
        What::File | What::Wall => entry.path.to_owned(),
    };
    let message = match longest {
        None => format!("{name} is within its limit: remove its exception (STYLE.md, sizes)"),
        Some(lines) if lines < entry.lines => {
            format!("{name} has {lines} lines, its exception says {}: lower it (STYLE.md, sizes)", entry.lines)
        }
        Some(_) if entry.reason.trim().is_empty() => {
            format!("{name} has an exception without a reason (STYLE.md, sizes)")
        }
        Some(_) => return None,
    };
    Some(about_list(message))
}

fn about_list(message: String) -> Finding {
    Finding { rule: "exceptions", path: LIST.to_owned(), line: 1, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(what: What, lines: usize) -> Oversized {
        Oversized { path: "a.rs".to_owned(), line: 1, what, lines }
    }

    fn long_function(lines: usize) -> Oversized {
        over(What::Function("decide".to_owned()), lines)
    }

    #[test]
    fn the_list_can_only_shrink() {
        let function = "[[function]]\npath = \"a.rs\"\nname = \"decide\"\nlines = 80\nreason = \"one table\"\n";
        let file = "[[file]]\npath = \"a.rs\"\nlines = 600\nreason = \"one table\"\n";
        let no_reason = "[[file]]\npath = \"a.rs\"\nlines = 600\nreason = \" \"\n";
        let wall = over(What::Wall, 801);
        let table: Vec<(&str, Vec<Oversized>, usize, &[&str])> = vec![
            ("", vec![], 0, &[]),
            ("", vec![long_function(71)], 0, &["`decide` has 71 lines"]),
            ("", vec![over(What::File, 501)], 0, &["501 lines of code"]),
            ("", vec![wall.clone()], 0, &["which nothing excuses"]),
            (function, vec![long_function(80)], 1, &[]),
            (function, vec![long_function(81)], 1, &["`decide` has 81 lines"]),
            (function, vec![long_function(79)], 1, &["its exception says 80: lower it"]),
            (function, vec![], 1, &["remove its exception"]),
            (
                function,
                vec![over(What::Function("apply".to_owned()), 75)],
                1,
                &["`apply` has 75", "remove its exception"],
            ),
            (file, vec![over(What::File, 600)], 1, &[]),
            (file, vec![over(What::File, 600), wall], 1, &["which nothing excuses"]),
            (no_reason, vec![over(What::File, 600)], 1, &["without a reason"]),
            (function, vec![long_function(80)], 0, &["1 exceptions where 0 are allowed"]),
            ("", vec![], 1, &["0 exceptions are left of 1"]),
        ];
        for (list, oversized, ceiling, expected) in table {
            let findings = Exceptions::parse(list).unwrap().judge_under(&oversized, ceiling);
            let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
            assert_eq!(messages.len(), expected.len(), "{messages:?}");
            assert!(messages.iter().zip(expected).all(|(message, part)| message.contains(part)), "{messages:?}");
        }
    }

    #[test]
    fn a_list_with_an_unknown_key_is_refused() {
        let error = Exceptions::parse("[[file]]\npath = \"a.rs\"\nlines = 600\nreason = \"a\"\nuntil = \"later\"\n")
            .unwrap_err();
        assert!(error.contains("until"), "{error}");
    }
}
