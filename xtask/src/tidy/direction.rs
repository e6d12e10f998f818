//! The floors of the building: which crate of the workspace may depend on which.
//!
//! It reads each crate's Cargo.toml, all kinds of dependencies alike; it does not look at crates from outside.

use super::{Hit, Rule, Source};

/// Each folder with the folders it may depend on; `None` is the composition root, which knows everyone.
const FLOORS: &[(&str, Option<&[&str]>)] = &[
    ("domain", Some(&[])),
    ("engine", Some(&["domain"])),
    ("store", Some(&["domain", "engine"])),
    ("adapters", Some(&["domain", "engine"])),
    ("api", Some(&["domain", "engine"])),
    ("web", Some(&["domain", "engine"])),
    ("sim", Some(&["domain", "engine"])),
    ("server", None),
    ("xtask", Some(&[])),
];

/// Crates that nobody but themselves may name.
const NEVER_A_DEPENDENCY: &[&str] = &["server", "sim"];

const KINDS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn rules() -> Vec<Rule> {
    vec![Rule {
        name: "direction",
        advice: "dependencies point down: server > api, store > engine > domain; bring it in through a port of the engine \
                 (STYLE.md, floors)",
        check: direction,
        sample: ("crates/api/Cargo.toml", "[dependencies]\nordain-store = { workspace = true }\n"),
    }]
}

fn direction(source: &Source) -> Vec<Hit> {
    let folder = match source.path.split('/').collect::<Vec<_>>()[..] {
        ["crates", folder, "Cargo.toml"] => folder,
        ["xtask", "Cargo.toml"] => "xtask",
        _ => return Vec::new(),
    };
    let hit = |line: usize, what: String| Hit { line, what };
    let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == folder) else {
        return vec![hit(1, format!("`{folder}` has no floor: give it one in xtask/src/tidy/direction.rs"))];
    };
    let Ok(manifest) = source.text.parse::<toml::Table>() else {
        return vec![hit(1, "the manifest does not parse".to_owned())];
    };
    let mut hits = Vec::new();
    for (key, package) in workspace_dependencies(&manifest) {
        let is_allowed = allowed.is_none_or(|allowed| allowed.contains(&package.as_str()));
        if !is_allowed || NEVER_A_DEPENDENCY.contains(&package.as_str()) {
            let line = source.text.lines().position(|line| line.trim_start().starts_with(&key)).unwrap_or(0);
            hits.push(hit(line + 1, format!("`{folder}` depends on `{package}`")));
        }
    }
    hits.sort_by_key(|hit| hit.line);
    hits
}

/// Keys of dependencies on crates of the workspace, each with the folder it names, whatever the kind or target.
fn workspace_dependencies(manifest: &toml::Table) -> Vec<(String, String)> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let platforms = targets.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table);
    let tables = std::iter::once(manifest).chain(platforms);
    let kinds =
        tables.flat_map(|table| KINDS.iter().filter_map(|kind| table.get(*kind).and_then(toml::Value::as_table)));
    let mut found = Vec::new();
    for (key, value) in kinds.flatten() {
        let renamed = value.get("package").and_then(toml::Value::as_str);
        let package = renamed.unwrap_or(key);
        if let Some(folder) = package.strip_prefix("ordain-") {
            found.push((key.clone(), folder.to_owned()));
        } else if package == "xtask" {
            found.push((key.clone(), package.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn direction_table() {
        let (api, domain) = ("crates/api/Cargo.toml", "crates/domain/Cargo.toml");
        check(
            direction,
            &[
                (api, "[dependencies]\nordain-engine = { workspace = true }\nserde = \"1\"\n", &[]),
                (api, "[dependencies]\nserde = \"1\"\nordain-store = { workspace = true }\n", &[3]),
                (api, "[dev-dependencies]\nordain-store = { workspace = true }\n", &[2]),
                (api, "[build-dependencies]\nordain-store.workspace = true\n", &[2]),
                (api, "[dependencies.ordain-engine]\nworkspace = true\n", &[]),
                (api, "[dependencies]\nrows = { package = \"ordain-store\", path = \"../store\" }\n", &[2]),
                (api, "[target.'cfg(unix)'.dependencies]\nordain-store = { workspace = true }\n", &[2]),
                (domain, "[dependencies]\nserde = \"1\"\n", &[]),
                (domain, "[dependencies]\nordain-engine = { workspace = true }\n", &[2]),
                ("crates/engine/Cargo.toml", "[dependencies]\nordain-domain = { workspace = true }\n", &[]),
                ("crates/engine/Cargo.toml", "[dev-dependencies]\nordain-store = { workspace = true }\n", &[2]),
                ("crates/store/Cargo.toml", "[dependencies]\nordain-engine = { workspace = true }\n", &[]),
                ("crates/server/Cargo.toml", "[dependencies]\nordain-store = { workspace = true }\n", &[]),
                ("crates/server/Cargo.toml", "[dependencies]\nordain-sim = { workspace = true }\n", &[2]),
                ("xtask/Cargo.toml", "[dependencies]\nordain-domain = { workspace = true }\n", &[2]),
                ("crates/domain/Cargo.toml", "[dependencies]\nxtask = { path = \"../../xtask\" }\n", &[2]),
                ("crates/loft/Cargo.toml", "[dependencies]\n", &[1]),
                (api, "[dependencies\n", &[1]),
                ("Cargo.toml", "[workspace.dependencies]\nordain-store = { path = \"crates/store\" }\n", &[]),
            ],
        );
    }
}
