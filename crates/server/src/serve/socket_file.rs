//! The socket of the file system on which the server listens: made for its owner alone, in the place of one that nobody
//! listens on, and removed when the server stops.
//!
//! It deletes no file that is not a socket, and no socket on which anybody listens. What is spoken on it, and who may do what, is
//! not its matter.

use std::{
    fs::{self, File, Metadata, Permissions, TryLockError},
    io,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use axum::serve::Listener;
use tokio::net::{UnixListener, UnixSocket, UnixStream, unix::SocketAddr};

use crate::cli::Failure;

/// Who may connect: the user whose process it is.
pub(super) const MODE: u32 = 0o600;
/// Connections that may wait to be taken. More are refused by the system, which for TCP would let them wait.
const WAITING_MAX: u32 = 4_096;
/// How long another process may take that makes a socket in the same folder.
const TURN_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Listens on a socket of the file system, whose file is gone when this is.
pub(super) struct SocketListener {
    // Dropped first: a socket that nobody listens on could be another's already when its file is removed.
    _file: SocketFile,
    listener: UnixListener,
}

impl SocketListener {
    /// Makes the socket. One that a process left behind without stopping is replaced.
    ///
    /// # Errors
    /// When something else lies there, somebody listens on it, or the system refuses.
    pub(super) async fn bind(path: &Path) -> Result<SocketListener, Failure> {
        let named = |error: Failure| format!("listening on unix:{}: {error}", path.display());
        Self::bind_in_turn(path).await.map_err(|error| named(error).into())
    }

    async fn bind_in_turn(path: &Path) -> Result<SocketListener, Failure> {
        // Two processes that start at once would both find the same socket left behind, and the second remove the first's.
        let turn = turn_in(path).await?;
        clear(path).await?;
        let socket = UnixSocket::new_stream()?;
        socket.bind(path)?;
        let file = SocketFile::of(path)?;
        // Nobody can connect until it listens, so nobody comes in by the mode that it was made with.
        fs::set_permissions(path, Permissions::from_mode(MODE))?;
        let listener = socket.listen(WAITING_MAX)?;
        drop(turn);
        Ok(SocketListener { _file: file, listener })
    }
}

impl Listener for SocketListener {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (UnixStream, SocketAddr) {
        Listener::accept(&mut self.listener).await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Holds the lock of the folder, which ends with the file that is returned.
async fn turn_in(path: &Path) -> Result<File, Failure> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let turn = File::open(folder)?;
    let waiting = async {
        loop {
            match turn.try_lock() {
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK_EVERY).await,
                Err(TryLockError::Error(error)) => return Err(error),
                Ok(()) => return Ok(()),
            }
        }
    };
    match tokio::time::timeout(TURN_WITHIN, waiting).await {
        Ok(locked) => locked?,
        Err(_) => return Err(format!("another process keeps a lock on {}", folder.display()).into()),
    }
    Ok(turn)
}

/// Leaves nothing at the path, or says why it must stay.
async fn clear(path: &Path) -> Result<(), Failure> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.file_type().is_socket() {
        return Err("something lies there that is no socket; it is left as it is".into());
    }
    match UnixStream::connect(path).await {
        // Its queue is full, and somebody's.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err("another process listens on it".into()),
        Ok(_) => Err("another process listens on it".into()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            tracing::info!(path = %path.display(), "replacing a socket that nobody listens on");
            Ok(fs::remove_file(path)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// The file of a socket that this process made.
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile { path: path.to_owned(), identity: identity(&fs::symlink_metadata(path)?) })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Whoever removed it may have put another there, which is not ours to remove.
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|found| identity(&found) == self.identity);
        if is_ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), error.message = %error, "the socket's file stays behind");
        }
    }
}

/// The device and the number of a file on it, which no other has at the same time.
fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    /// Two that find the same socket left behind: the second waits until the first listens on its own.
    #[tokio::test]
    async fn who_comes_second_waits_and_finds_the_place_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ordain.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let first = turn_in(&path).await.unwrap();
        let mut second = pin!(SocketListener::bind(&path));
        tokio::select! {
            biased;
            _ = &mut second => panic!("it did not wait for its turn"),
            () = tokio::task::yield_now() => {}
        }
        clear(&path).await.unwrap();
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(first);
        let refused = second.await.err().unwrap().to_string();
        assert!(refused.contains("another process listens on it"), "{refused}");
        drop(listener);
    }
}
