//! A keep-alive HTTP/1.1 client that costs the machine little: it shares its two cores with the server it measures.
//!
//! A request is one buffer and one write; an answer is parsed where it was read. No pooling, no redirects, no TLS: it
//! measures a server on the same machine or network.

mod address;

use std::{io, time::Duration};

use thiserror::Error;

use self::address::{Address, Stream};
use super::{
    digits::write_number,
    response::{Response, ResponseBuffer, ResponseError},
};

/// Why there is no answer.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    /// The address is neither `http://host[:port]` nor `unix:PATH`.
    #[error("`{0}` is not an address like http://127.0.0.1:8080 or unix:/run/ordain.sock")]
    Address(String),
    /// No connection could be made: nothing was sent.
    #[error("the server cannot be reached: {0}")]
    Unreachable(io::Error),
    /// Looking up, writing or reading failed.
    #[error(transparent)]
    Connection(#[from] io::Error),
    /// The server closed the connection before a whole answer.
    #[error("the connection was closed before the answer")]
    Closed,
    /// No answer within the time allowed.
    #[error("no answer within {0:?}")]
    Late(Duration),
    /// What came back is not HTTP/1.1.
    #[error(transparent)]
    Answer(#[from] ResponseError),
}

/// Where the server is, and what every request to it carries.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    address: Address,
    headers: String,
    timeout: Duration,
}

impl Endpoint {
    /// Finds `http://host[:port][/]`, whose host is looked up, or `unix:PATH`. `token` is sent as `Authorization: Bearer`; `timeout` bounds each
    /// request.
    ///
    /// # Errors
    /// [`ClientError::Address`] or the failed look-up.
    pub(crate) async fn resolve(url: &str, token: Option<&str>, timeout: Duration) -> Result<Endpoint, ClientError> {
        let (address, host) = Address::resolve(url).await?;
        let mut headers = format!(" HTTP/1.1\r\nHost: {host}\r\n");
        if let Some(token) = token {
            headers.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        Ok(Endpoint { address, headers, timeout })
    }

    /// What does not change between requests of one kind; `path` may be continued by [`RequestHead::write`].
    pub(crate) fn head(&self, method: &str, path: &str, content_type: Option<&str>) -> RequestHead {
        let content_type = content_type.map(|name| format!("Content-Type: {name}\r\n")).unwrap_or_default();
        RequestHead { start: format!("{method} {path}"), rest: format!("{}{content_type}", self.headers) }
    }
}

/// The constant parts of a request's head.
#[derive(Clone, Debug)]
pub(crate) struct RequestHead {
    start: String,
    rest: String,
}

impl RequestHead {
    /// Replaces `out` by a whole request. `path_end` is put behind the path; `key` is the idempotency key; requests
    /// without a body pass an empty one.
    pub(crate) fn write(&self, out: &mut Vec<u8>, path_end: &[u8], key: Option<&[u8]>, body: &[u8]) {
        out.clear();
        out.extend_from_slice(self.start.as_bytes());
        out.extend_from_slice(path_end);
        out.extend_from_slice(self.rest.as_bytes());
        if let Some(key) = key {
            out.extend_from_slice(b"Idempotency-Key: ");
            out.extend_from_slice(key);
            out.extend_from_slice(b"\r\n");
        }
        if !body.is_empty() {
            out.extend_from_slice(b"Content-Length: ");
            write_number(out, body.len() as u64);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(body);
    }
}

/// One connection, opened when it is first needed and again after it was lost.
pub(crate) struct Connection {
    endpoint: Endpoint,
    stream: Option<Stream>,
    buffer: ResponseBuffer,
}

impl Connection {
    /// A connection that is not open yet.
    pub(crate) fn new(endpoint: Endpoint) -> Connection {
        Connection { endpoint, stream: None, buffer: ResponseBuffer::new() }
    }

    /// Sends one request and waits for its answer. After an error the connection is closed, and unless the server was
    /// unreachable it is unknown whether it did what was asked.
    ///
    /// # Errors
    /// Every [`ClientError`] but `Address`.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Response<'_>, ClientError> {
        let timeout = self.endpoint.timeout;
        let finished = match tokio::time::timeout(timeout, self.exchange_untimed(request)).await {
            Ok(finished) => finished,
            Err(_) => Err(ClientError::Late(timeout)),
        };
        if let Err(error) = finished {
            self.stream = None;
            return Err(error);
        }
        let response = self.buffer.next()?.ok_or(ClientError::Closed)?;
        if response.closes {
            self.stream = None;
        }
        Ok(response)
    }

    async fn exchange_untimed(&mut self, request: &[u8]) -> Result<(), ClientError> {
        // After bytes that nobody asked for the next answer could not be told from them. A connection that was silent for long
        // may have been closed by the server, and nothing of a request would be known that is sent on it all the same.
        if self.buffer.has_more() || self.stream.as_ref().is_some_and(|stream| !stream.is_quiet()) {
            self.stream = None;
        }
        if self.stream.is_none() {
            let stream = self.endpoint.address.connect().await?;
            self.buffer = ResponseBuffer::new();
            self.stream = Some(stream);
        }
        let stream = self.stream.as_mut().ok_or(ClientError::Closed)?;
        stream.write_all(request).await?;
        while !self.buffer.is_complete()? {
            let count = stream.read(self.buffer.space()).await?;
            if count == 0 {
                return Err(ClientError::Closed);
            }
            self.buffer.advance(count);
        }
        Ok(())
    }
}
