//! An endpoint on a socket: it keeps what it was sent and answers bytes that the test chose.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::FutureExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// What an endpoint does once it has read the request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Sends these bytes and then nothing more, for as long as the other side waits.
    Stall(Vec<u8>),
}

impl Answer {
    pub(crate) fn status(status: u16, headers: &str, body: &str) -> Answer {
        let head =
            format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        Answer::Bytes([head.as_bytes(), body.as_bytes()].concat())
    }
}

/// A request as it arrived.
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        });
        found.map(str::trim_end)
    }
}

pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    received: mpsc::UnboundedReceiver<Received>,
}

impl Endpoint {
    /// Answers every connection in the same way.
    pub(crate) async fn answering(answer: Answer) -> Endpoint {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), sender.clone()));
            }
        });
        Endpoint { address, received }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?a=b", self.address)
    }

    pub(crate) async fn next(&mut self) -> Received {
        let next = tokio::time::timeout(Duration::from_secs(20), self.received.recv()).await;
        next.expect("a request comes in time").unwrap()
    }

    /// Whether a request arrived that nobody looked at.
    pub(crate) fn was_reached(&mut self) -> bool {
        self.received.recv().now_or_never().is_some()
    }
}

async fn serve(mut stream: TcpStream, answer: Answer, sender: mpsc::UnboundedSender<Received>) {
    let Some(received) = read(&mut stream).await else { return };
    drop(sender.send(received));
    match answer {
        // The other side may have read enough and gone.
        Answer::Bytes(bytes) => drop(stream.write_all(&bytes).await),
        Answer::Stall(bytes) => {
            drop(stream.write_all(&bytes).await);
            let mut rest = [0; 64];
            while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let body = bytes[end + 4..].to_vec();
            let received = Received { head, body };
            let length: usize = received.header("content-length")?.parse().ok()?;
            if received.body.len() >= length {
                return Some(received);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
