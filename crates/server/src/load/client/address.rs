//! Where a server is, and a stream to it: TCP, or a socket of the file system.
//!
//! What is said on the stream is the client's matter.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
};

use super::ClientError;
use crate::socket_path;

/// How long to wait before a socket of the file system is asked again whose queue was full.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(1);

/// Where a server is.
#[derive(Clone, Debug)]
pub(super) enum Address {
    /// The address that a host's name led to.
    Tcp(SocketAddr),
    /// The path of a socket.
    Unix(PathBuf),
}

impl Address {
    /// Reads `http://host[:port][/]`, whose host is looked up, or `unix:PATH`; the address, and what is called the host in
    /// requests to it.
    ///
    /// # Errors
    /// [`ClientError::Address`] or the failed look-up.
    pub(super) async fn resolve(url: &str) -> Result<(Address, String), ClientError> {
        if let Some(path) = socket_path::parse(url) {
            return Ok((Address::Unix(path), "localhost".to_owned()));
        }
        let bad = || ClientError::Address(url.to_owned());
        let authority = url.strip_prefix("http://").ok_or_else(bad)?.trim_end_matches('/');
        if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ', '\r', '\n']) {
            return Err(bad());
        }
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let target = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        let address = tokio::net::lookup_host(&target).await?.next().ok_or_else(bad)?;
        Ok((Address::Tcp(address), authority.to_owned()))
    }

    /// Connects. The caller bounds the time.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`]: nothing was sent.
    pub(super) async fn connect(&self) -> Result<Stream, ClientError> {
        match self {
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address).await.map_err(ClientError::Unreachable)?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Address::Unix(path) => loop {
                match UnixStream::connect(path).await {
                    Ok(stream) => return Ok(Stream::Unix(stream)),
                    // Where TCP would wait until the server takes a connection, a socket of the file system says so at once.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        tokio::time::sleep(QUEUE_FULL_PAUSE).await;
                    }
                    Err(error) => return Err(ClientError::Unreachable(error)),
                }
            },
        }
    }
}

/// An open connection.
pub(super) enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a socket of the file system.
    Unix(UnixStream),
}

impl Stream {
    /// Writes all of the bytes.
    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.write_all(bytes).await,
            Stream::Unix(stream) => stream.write_all(bytes).await,
        }
    }

    /// Reads what there is, at least a byte; 0 when the server closed.
    pub(super) async fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(space).await,
            Stream::Unix(stream) => stream.read(space).await,
        }
    }

    /// Whether a request can be sent: false when the server closed meanwhile, or sent what nobody asked for.
    pub(super) fn is_quiet(&self) -> bool {
        let mut byte = [0];
        let read = match self {
            Stream::Tcp(stream) => stream.try_read(&mut byte),
            Stream::Unix(stream) => stream.try_read(&mut byte),
        };
        read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, UnixSocket};

    use super::*;

    #[tokio::test]
    async fn a_full_queue_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full.sock");
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&path).unwrap();
        let listener = socket.listen(1).unwrap();
        let mut waiting = Vec::new();
        let full = loop {
            match UnixStream::connect(&path).await {
                Ok(stream) => waiting.push(stream),
                Err(error) => break error.kind(),
            }
        };
        assert_eq!(full, io::ErrorKind::WouldBlock);
        let address = Address::Unix(path);
        let (connected, taken) = tokio::join!(biased; address.connect(), listener.accept());
        assert!(connected.is_ok() && taken.is_ok(), "after one was taken there is room");
    }

    /// What the far end does with a connection, and whether a request can be sent on it afterwards.
    #[tokio::test]
    async fn a_connection_that_was_closed_is_not_quiet() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Address::Tcp(listener.local_addr().unwrap());
        for (sends, closes, quiet) in [(&b""[..], false, true), (b"", true, false), (b"x", false, false)] {
            let (near, far) = tokio::join!(address.connect(), listener.accept());
            let (near, (mut far, _)) = (near.unwrap(), far.unwrap());
            assert!(near.is_quiet(), "nothing happened yet");
            far.write_all(sends).await.unwrap();
            let kept = (!closes).then_some(far);
            if !quiet {
                let Stream::Tcp(stream) = &near else { unreachable!("it was connected over TCP") };
                stream.readable().await.unwrap();
            }
            assert_eq!(near.is_quiet(), quiet, "{sends:?}, closes: {closes}");
            drop(kept);
        }
    }
}
