//! `unix:PATH`: how a socket of the file system is written, for the server that listens on it and the commands that call it.
//!
//! It says which texts name one. Whether anything lies there, and of what kind, is found when it is used.

use std::os::unix::net::SocketAddr;
use std::path::PathBuf;

/// What is accepted, for messages about what is not.
pub(crate) const EXPECTED: &str = "unix: and the path of a socket that its address can hold (107 bytes on Linux), for example \"unix:/run/ordain.sock\"";

/// The path in `unix:PATH`, absolute or from the working directory.
///
/// None for other texts, and for paths that mean something else to other programs or to the system: none at all, one that
/// begins with `//` (a URL) or `@` (a name without a file, which has no owner), a folder's, or one that is longer than
/// the address of a socket (`sun_path` of unix(7)).
pub(crate) fn parse(text: &str) -> Option<PathBuf> {
    let path = text.strip_prefix("unix:")?;
    let is_path = !path.is_empty() && !path.starts_with("//") && !path.starts_with('@') && !path.ends_with('/');
    (is_path && SocketAddr::from_pathname(path).is_ok()).then(|| PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_a_socket_can_have_are_taken() {
        let longest = format!("unix:/{}", "a".repeat(102));
        let beyond = format!("unix:/{}", "a".repeat(108));
        let table = [
            ("unix:/run/ordain.sock", Some("/run/ordain.sock")),
            ("unix:ordain.sock", Some("ordain.sock")),
            ("unix:../a b:é.sock", Some("../a b:é.sock")),
            ("unix:./@name", Some("./@name")),
            (longest.as_str(), Some(&longest[5..])),
            (beyond.as_str(), None),
            ("unix:", None),
            ("unix:///run/ordain.sock", None),
            ("unix://run/ordain.sock", None),
            ("unix:@ordain", None),
            ("unix:/run/", None),
            ("unix:/run/a\0b", None),
            ("/run/ordain.sock", None),
            ("Unix:/run/ordain.sock", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), expected.map(PathBuf::from), "{text:?}");
        }
    }
}
