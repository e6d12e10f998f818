//! What a command answers, on stdout.
//!
//! No formatting and no colour: whoever answers brings the text.

use std::io::{self, ErrorKind, Write as _};

use super::Failure;

/// Writes an answer on stdout. A reader that has left (`ordain config | head`) has seen what it wanted.
///
/// # Errors
/// When stdout cannot be written for another reason, such as a full disk.
pub(crate) fn print(text: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Box::new(error)),
        _ => Ok(()),
    }
}
