//! The effective configuration as a file: the shipped file with its comments, the values that hold, and where each
//! changed value came from. It can be saved and given to `--config`.
//!
//! It reads nothing: what holds was decided before.

use std::fmt::Write as _;

use toml::{Table, Value};

use super::error::Origin;
use super::layers::Layers;
use super::{Config, DEFAULT_FILE};

/// The text of the effective configuration.
pub(crate) fn effective(config: &Config, layers: &Layers) -> String {
    let values = Table::try_from(config).expect("a configuration is numbers, booleans and text in sections");
    let mut section = "";
    let mut text = String::with_capacity(DEFAULT_FILE.len() * 2);
    // The head of the shipped file calls its values the defaults, which these are not.
    let body = DEFAULT_FILE.find("\n[").map_or(DEFAULT_FILE, |start| &DEFAULT_FILE[start + 1..]);
    text.push_str("# The effective configuration of ordain.\n\n");
    for line in body.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        }
        match line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            Some((key, _)) => text.push_str(&entry(key, section, &values, layers)),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

fn entry(key: &str, section: &str, values: &Table, layers: &Layers) -> String {
    let value = values.get(section).and_then(|entries| entries.get(key)).unwrap_or(&Value::Boolean(false));
    let mut line = format!("{key} = {value}");
    match layers.get(&format!("{section}.{key}")).map(|setting| &setting.origin) {
        None | Some(Origin::Default) => {}
        Some(origin) => {
            let origin = origin.to_string().replace(|character: char| character.is_control(), " ");
            let _ = write!(line, "  # from {origin}");
        }
    }
    line
}
