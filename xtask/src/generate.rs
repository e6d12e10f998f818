//! The files of the repository that the binary itself prints, all named in ONE list, and the check that none is stale.
//!
//! A generated file is committed so that people can read it without building. This room runs the binary and compares; it
//! does not know what the files mean, and it never edits a file that is not on the list.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the output of one command goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Standard output becomes this file.
    File(&'static str),
    /// The command fills a folder, whose path it is given in the place of `{folder}`; this folder then equals it.
    Folder(&'static str),
}

/// One command of the binary and what it generates; paths from the root of the repository.
#[derive(Debug, Clone, Copy)]
pub struct Generated {
    /// Arguments to `ordain`.
    pub arguments: &'static [&'static str],
    /// What they yield.
    pub output: Output,
}

/// Every generated file of the repository.
pub const GENERATED: &[Generated] = &[
    Generated { arguments: &["states", "--out", "{folder}"], output: Output::Folder("docs/states") },
    Generated { arguments: &["openapi"], output: Output::File("docs/openapi.json") },
];

/// Regenerates every listed file, or with `check` only compares. Returns the paths that differed, sorted.
///
/// # Errors
/// The binary cannot be built or exits with a failure, or a file cannot be read or written.
pub fn run(root: &Path, check: bool) -> Result<Vec<String>, String> {
    if GENERATED.is_empty() {
        return Ok(Vec::new());
    }
    let binary = build(root)?;
    let scratch = std::env::temp_dir().join(format!("ordain-generate-{}", std::process::id()));
    let mut differing = Vec::new();
    for generated in GENERATED {
        let wanted = produce(&binary, root, generated, &scratch)?;
        differing.extend(settle(root, generated.output, &wanted, check)?);
    }
    differing.sort();
    Ok(differing)
}

/// Builds the binary with the features that the tests use, so that a build after the tests has nothing left to compile.
fn build(root: &Path) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--locked", "--workspace", "--bins", "--tests"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo build: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo build: {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let path = text.lines().find_map(binary_of).ok_or("cargo build did not name the binary `ordain`")?;
    Ok(PathBuf::from(path))
}

/// The path in cargo's message that the binary `ordain` is ready, and in no other message.
fn binary_of(line: &str) -> Option<String> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_binary = message["reason"] == "compiler-artifact"
        && message["target"]["name"] == "ordain"
        && message["target"]["kind"][0] == "bin"
        && message["profile"]["test"] == false;
    message["executable"].as_str().filter(|_| is_binary).map(str::to_owned)
}

/// Runs one command and collects what it printed or wrote: file name inside the output to contents.
fn produce(
    binary: &Path,
    root: &Path,
    generated: &Generated,
    scratch: &Path,
) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let name = generated.arguments.join(" ");
    let _ = fs::remove_dir_all(scratch);
    fs::create_dir_all(scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    let arguments = generated.arguments.iter().map(|word| word.replace("{folder}", &scratch.to_string_lossy()));
    let output = Command::new(binary)
        .args(arguments)
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("ordain {name}: {error}"))?;
    if !output.status.success() {
        return Err(format!("ordain {name}: {}", output.status));
    }
    let files = match generated.output {
        Output::File(_) => BTreeMap::from([(String::new(), output.stdout)]),
        Output::Folder(_) => read_folder(scratch)?,
    };
    let _ = fs::remove_dir_all(scratch);
    if files.is_empty() || files.values().any(Vec::is_empty) {
        return Err(format!("ordain {name}: it generated nothing"));
    }
    Ok(files)
}

/// Compares what lies in the repository with what is wanted, and unless `check`, makes it so.
fn settle(root: &Path, output: Output, wanted: &BTreeMap<String, Vec<u8>>, check: bool) -> Result<Vec<String>, String> {
    let (base, found) = match output {
        Output::File(path) => {
            (path.to_owned(), fs::read(root.join(path)).map(|text| (String::new(), text)).into_iter().collect())
        }
        Output::Folder(path) => (format!("{path}/"), read_folder(&root.join(path)).unwrap_or_default()),
    };
    let names = wanted.keys().chain(found.keys().filter(|name| !wanted.contains_key(*name)));
    let mut differing = Vec::new();
    for name in names.filter(|name| wanted.get(*name) != found.get(*name)) {
        let path = format!("{base}{name}");
        if !check {
            write(&root.join(&path), wanted.get(name)).map_err(|error| format!("{path}: {error}"))?;
        }
        differing.push(path);
    }
    Ok(differing)
}

/// Writes the contents, or removes the file when nothing is wanted there.
fn write(path: &Path, contents: Option<&Vec<u8>>) -> std::io::Result<()> {
    let Some(contents) = contents else { return fs::remove_file(path) };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, contents)
}

/// The files directly inside a folder.
fn read_folder(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let explain = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(explain)? {
        let path = entry.map_err(explain)?.path();
        if path.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, fs::read(&path).map_err(explain)?);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(name: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("ordain-xtask-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        root
    }

    fn files(list: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        list.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_stale_file_is_named_by_the_check_and_mended_by_the_run() {
        let root = tree("file");
        let output = Output::File("docs/a.json");
        let wanted = files(&[("", "new")]);
        assert_eq!(settle(&root, output, &wanted, true).unwrap(), ["docs/a.json"], "missing");
        assert!(!root.join("docs/a.json").exists(), "the check wrote a file");
        assert_eq!(settle(&root, output, &wanted, false).unwrap(), ["docs/a.json"]);
        assert_eq!(settle(&root, output, &wanted, true).unwrap(), [""; 0], "fresh");
        fs::write(root.join("docs/a.json"), "old").unwrap();
        assert_eq!(settle(&root, output, &wanted, true).unwrap(), ["docs/a.json"], "stale");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_folder_ends_up_with_exactly_the_generated_files() {
        let root = tree("folder");
        let output = Output::Folder("docs/states");
        fs::create_dir_all(root.join("docs/states")).unwrap();
        fs::write(root.join("docs/states/same.mmd"), "same").unwrap();
        fs::write(root.join("docs/states/gone.mmd"), "gone").unwrap();
        let wanted = files(&[("same.mmd", "same"), ("new.mmd", "new")]);
        let expected = ["docs/states/new.mmd", "docs/states/gone.mmd"];
        assert_eq!(settle(&root, output, &wanted, true).unwrap(), expected);
        assert_eq!(settle(&root, output, &wanted, false).unwrap(), expected);
        assert_eq!(read_folder(&root.join("docs/states")).unwrap(), wanted);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_command_is_run_and_its_output_taken() {
        let root = tree("command");
        let shell = Path::new("/bin/sh");
        let print = Generated { arguments: &["-c", "printf text"], output: Output::File("a") };
        assert_eq!(produce(shell, &root, &print, &root.join("scratch")).unwrap(), files(&[("", "text")]));
        let fill = Generated { arguments: &["-c", "printf text > {folder}/b"], output: Output::Folder("docs") };
        assert_eq!(produce(shell, &root, &fill, &root.join("scratch")).unwrap(), files(&[("b", "text")]));
        for (arguments, part) in [(&["-c", "exit 3"], "exit status: 3"), (&["-c", "true"], "generated nothing")] {
            let generated = Generated { arguments, output: Output::File("a") };
            let error = produce(shell, &root, &generated, &root.join("scratch")).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn the_binary_is_found_in_cargos_messages() {
        let artifact = |name: &str, kind: &str, test: bool| {
            format!(
                "{{\"reason\":\"compiler-artifact\",\"target\":{{\"name\":\"{name}\",\"kind\":[\"{kind}\"]}},\
                 \"profile\":{{\"test\":{test}}},\"executable\":\"/t/{name}\"}}"
            )
        };
        assert_eq!(binary_of(&artifact("ordain", "bin", false)).as_deref(), Some("/t/ordain"));
        for other in
            [artifact("ordain", "bin", true), artifact("xtask", "bin", false), artifact("ordain", "lib", false)]
        {
            assert_eq!(binary_of(&other), None, "{other}");
        }
        assert_eq!(binary_of("not json"), None);
    }
}
