//! How a connection begins: whether its first bytes are those of HTTP/2, found without losing one of them.
//!
//! A TCP connection is looked into and handed on as it is. A socket of the file system cannot be looked into by tokio, so what
//! was read of it is put before the rest. How long that may take is the caller's matter.

use std::{
    future::Future,
    io::{self, Cursor},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, Chain, Join},
    net::{
        TcpStream, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// What a connection begins with on which HTTP/2 is spoken (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How often a connection is looked at that sent a part of the preface, and should send the rest at once.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Spoken {
    Http1,
    Http2,
}

/// A connection whose beginning can be seen.
pub(in crate::serve) trait Beginning: Send + 'static {
    /// The connection with all of its bytes.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for as many bytes as tell what is spoken. An error when the caller closed before.
    fn begin(self) -> impl Future<Output = io::Result<(Spoken, Self::Stream)>> + Send;
}

impl Beginning for TcpStream {
    type Stream = TcpStream;

    async fn begin(self) -> io::Result<(Spoken, TcpStream)> {
        let mut first = [0; HTTP2_PREFACE.len()];
        loop {
            let length = self.peek(&mut first).await?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match spoken(&first[..length]) {
                Some(spoken) => return Ok((spoken, self)),
                None => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }
}

impl Beginning for UnixStream {
    type Stream = Join<Chain<Cursor<Vec<u8>>, OwnedReadHalf>, OwnedWriteHalf>;

    async fn begin(self) -> io::Result<(Spoken, Self::Stream)> {
        let (mut reading, writing) = self.into_split();
        let (spoken, first) = take_first(&mut reading).await?;
        Ok((spoken, tokio::io::join(Cursor::new(first).chain(reading), writing)))
    }
}

/// Takes as many bytes as tell what is spoken, or a few more.
async fn take_first(reading: &mut (impl AsyncRead + Unpin)) -> io::Result<(Spoken, Vec<u8>)> {
    let (mut first, mut length) = ([0; HTTP2_PREFACE.len()], 0);
    loop {
        match reading.read(&mut first[length..]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => length += count,
        }
        if let Some(spoken) = spoken(&first[..length]) {
            return Ok((spoken, first[..length].to_vec()));
        }
    }
}

/// None as long as these first bytes are a part of the preface only.
fn spoken(first: &[u8]) -> Option<Spoken> {
    match first {
        all if all == HTTP2_PREFACE => Some(Spoken::Http2),
        part if HTTP2_PREFACE.starts_with(part) => None,
        _ => Some(Spoken::Http1),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn what_is_spoken_is_found_however_the_bytes_arrive_and_none_is_lost() {
        let table: [(&[u8], Option<Spoken>); 9] = [
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some(Spoken::Http2)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nand frames", Some(Spoken::Http2)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r!", Some(Spoken::Http1)),
            (b"PRINT / HTTP/1.1\r\n\r\n", Some(Spoken::Http1)),
            (b"POST /v1/orders HTTP/1.1\r\nHost: a\r\n\r\n", Some(Spoken::Http1)),
            (b"G", Some(Spoken::Http1)),
            (b"P", None),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", None),
            (b"", None),
        ];
        for (sent, expected) in table {
            for piece in 1..=sent.len() + 1 {
                // The far end writes as fast as the near one reads, `piece` bytes at a time.
                let (mut far, mut near) = tokio::io::duplex(piece);
                let writing = tokio::spawn(async move { far.write_all(sent).await });
                let found = take_first(&mut near).await;
                assert_eq!(found.as_ref().ok().map(|(spoken, _)| *spoken), expected, "{sent:?} in pieces of {piece}");
                if let Ok((_, mut all)) = found {
                    near.read_to_end(&mut all).await.unwrap();
                    assert_eq!(all, sent, "in pieces of {piece}");
                }
                writing.await.unwrap().unwrap();
            }
        }
    }
}
