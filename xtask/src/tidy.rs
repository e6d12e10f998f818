//! The tidy test: the rules of STYLE.md that neither rustc nor clippy can see, as data.
//!
//! Each rule is a function from one file to what it found there, with a sample that must trip it. `check_tree` reads the
//! files and applies every rule; `exceptions` is the only way around one, and only for sizes. It never changes a file.

mod direction;
mod exceptions;
mod leftovers;
mod purity;
mod shape;
mod size;
mod source;
mod sql;

use std::fmt;
use std::path::Path;

pub use exceptions::CEILING;
pub use source::Source;

/// What a rule says about one place of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Counted from 1; 1 for a statement about the file as a whole.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

/// One rule of STYLE.md.
#[derive(Debug)]
pub struct Rule {
    /// Its name in messages.
    pub name: &'static str,
    /// What to do instead, with the section of STYLE.md that has the reason.
    pub advice: &'static str,
    /// The rule itself.
    pub check: fn(&Source) -> Vec<Hit>,
    /// A file that must trip it: path and text. Tests place it in a tree of their own.
    pub sample: (&'static str, &'static str),
}

/// A hit with the rule and the file it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the rule.
    pub rule: &'static str,
    /// Path from the root of the repository.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// What is wrong and what to do instead.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: [{}] {}", self.path, self.line, self.rule, self.message)
    }
}

/// What a run over a tree saw.
#[derive(Debug)]
pub struct Report {
    /// How many files were read.
    pub files: usize,
    /// How many exceptions are on the list.
    pub exceptions: usize,
    /// Every finding, by path and line; empty when the tree is tidy.
    pub findings: Vec<Finding>,
}

/// Every rule that looks at one file.
#[must_use]
pub fn rules() -> Vec<Rule> {
    [shape::rules(), purity::rules(), leftovers::rules(), sql::rules(), direction::rules()]
        .into_iter()
        .flatten()
        .collect()
}

/// Applies every rule to every file under `root`.
///
/// # Errors
/// A file or the list of exceptions cannot be read.
pub fn check_tree(root: &Path) -> Result<Report, String> {
    let exceptions = exceptions::Exceptions::read(root)?;
    let rules = rules();
    let mut findings = Vec::new();
    let mut oversized = Vec::new();
    let mut files = 0;
    for path in paths(root)? {
        let bytes = std::fs::read(root.join(&path)).map_err(|error| format!("{path}: {error}"))?;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let source = Source::new(&path, &text);
        files += 1;
        oversized.extend(size::oversized(&source));
        for rule in &rules {
            findings.extend((rule.check)(&source).into_iter().map(|hit| finding(rule, &path, hit)));
        }
    }
    findings.extend(exceptions.judge(&oversized));
    findings.sort_by(|a, b| (&a.path, a.line, a.rule).cmp(&(&b.path, b.line, b.rule)));
    Ok(Report { files, exceptions: exceptions.len(), findings })
}

fn finding(rule: &Rule, path: &str, hit: Hit) -> Finding {
    let message = format!("{}; {}", hit.what, rule.advice);
    Finding { rule: rule.name, path: path.to_owned(), line: hit.line, message }
}

/// Files under `root` that people write; build output, data folders and hidden folders of other tools are not ours.
fn paths(root: &Path) -> Result<Vec<String>, String> {
    let keep = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        let hidden = name.starts_with('.') && !matches!(&*name, ".ci" | ".cargo");
        let foreign = matches!(&*name, "target" | "ordain-data" | "node_modules");
        entry.depth() == 0 || !(entry.file_type().is_dir() && (hidden || foreign))
    };
    let mut paths = Vec::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(keep) {
        let entry = entry.map_err(|error| error.to_string())?;
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(root).map_err(|error| error.to_string())?;
            paths.push(path.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(paths)
}

/// Whether the path names a file that people write by hand as text.
fn is_written_text(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    match extension {
        Some(extension) => matches!(extension, "rs" | "md" | "toml" | "sh" | "sql" | "py" | "yml" | "yaml"),
        None => matches!(name, "serve" | "test" | "release" | "run"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of (path, text, lines that the rule must report).
    pub(super) type Table<'a> = &'a [(&'a str, &'a str, &'a [usize])];

    pub(super) fn check(rule: fn(&Source) -> Vec<Hit>, table: Table<'_>) {
        for (path, text, expected) in table {
            let lines: Vec<usize> = rule(&Source::new(path, text)).iter().map(|hit| hit.line).collect();
            assert_eq!(lines, *expected, "{path}\n{text}");
        }
    }

    #[test]
    fn every_rule_fires_on_its_sample_and_says_where_to_read_on() {
        for rule in rules() {
            let (path, text) = rule.sample;
            assert!(!(rule.check)(&Source::new(path, text)).is_empty(), "{} is silent on its sample", rule.name);
        }
    }

    #[test]
    fn every_rule_points_to_a_section_of_the_style_guide() {
        let guide = include_str!("../../STYLE.md").to_lowercase();
        let sections: Vec<&str> = guide.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        for rule in rules() {
            let (_, after) = rule.advice.split_once("(STYLE.md, ").expect("a rule points to STYLE.md");
            let section = after.trim_end_matches(')');
            assert!(sections.contains(&section), "{}: STYLE.md has no section `{section}`", rule.name);
        }
    }

    #[test]
    fn names_of_rules_are_unique() {
        let mut names: Vec<&str> = rules().iter().map(|rule| rule.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
