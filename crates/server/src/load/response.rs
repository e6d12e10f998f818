//! Answers out of a stream of bytes (RFC 9112): as much of HTTP/1.1 as Ordain's answers need.
//!
//! The buffer does no input itself: whoever reads fills [`ResponseBuffer::space`] and says how much. A body is framed by
//! `Content-Length` or by chunks; one that ends with the connection is refused, because such an answer cannot be told
//! from a cut one.

use thiserror::Error;

/// Longest body taken, in bytes: far above the largest batch answer.
const BODY_BYTES_MAX: usize = 256 * 1024 * 1024;
const HEADERS_MAX: usize = 64;
const SPACE_BYTES: usize = 16 * 1024;

/// Why bytes are not an answer.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum ResponseError {
    /// Not a status line with headers.
    #[error("the answer's head is not HTTP/1.1")]
    Head,
    /// Neither a length nor chunks, a length that is no number, or a body above the limit.
    #[error("the answer's body has no length that can be used")]
    Length,
    /// A chunk's size line or end is broken.
    #[error("the answer's chunks are broken")]
    Chunk,
}

/// One whole answer. It borrows the buffer until the next one is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Response<'a> {
    /// The status code.
    pub(crate) status: u16,
    /// `Idempotency-Replayed: true` was among the headers.
    pub(crate) is_replay: bool,
    /// The server closes the connection after this answer.
    pub(crate) closes: bool,
    /// The body without its framing.
    pub(crate) body: &'a [u8],
}

#[derive(Clone, Copy)]
enum Framing {
    Length(usize),
    Chunked,
}

#[derive(Clone, Copy)]
struct Head {
    status: u16,
    is_replay: bool,
    closes: bool,
    framing: Framing,
    bytes: usize,
}

#[derive(Clone, Copy)]
enum Chunk {
    Size,
    Data(usize),
    DataEnd,
    Trailer,
    Done,
}

/// Bytes that came in, and how far they were understood.
pub(crate) struct ResponseBuffer {
    bytes: Vec<u8>,
    filled: usize,
    /// End of the answer that was given last; dropped when the next one is asked for.
    taken: usize,
    head: Option<Head>,
    chunk: Chunk,
    chunk_at: usize,
    chunked_body: Vec<u8>,
}

impl ResponseBuffer {
    /// An empty buffer.
    pub(crate) fn new() -> ResponseBuffer {
        ResponseBuffer {
            bytes: vec![0; SPACE_BYTES],
            filled: 0,
            taken: 0,
            head: None,
            chunk: Chunk::Size,
            chunk_at: 0,
            chunked_body: Vec::new(),
        }
    }

    /// Where to read to; never empty.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        self.drop_taken();
        if self.bytes.len() - self.filled < SPACE_BYTES / 2 {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
        &mut self.bytes[self.filled..]
    }

    /// Says that `count` bytes of [`ResponseBuffer::space`] were filled.
    pub(crate) fn advance(&mut self, count: usize) {
        self.filled += count;
        assert!(self.filled <= self.bytes.len(), "only the space that was given can be filled");
    }

    /// True when bytes are here that no answer given so far holds.
    pub(crate) fn has_more(&self) -> bool {
        self.filled > self.taken
    }

    /// Whether a whole answer is here.
    pub(crate) fn is_complete(&mut self) -> Result<bool, ResponseError> {
        self.drop_taken();
        let head = match self.head {
            Some(head) => head,
            None => match parse_head(&self.bytes[..self.filled])? {
                Some(head) => *self.head.insert(head),
                None => return Ok(false),
            },
        };
        match head.framing {
            Framing::Length(length) => Ok(self.filled >= head.bytes + length),
            Framing::Chunked => self.decode_chunks(head.bytes),
        }
    }

    /// The next whole answer, or `None` until more bytes are here.
    pub(crate) fn next(&mut self) -> Result<Option<Response<'_>>, ResponseError> {
        if !self.is_complete()? {
            return Ok(None);
        }
        let Some(head) = self.head.take() else { return Ok(None) };
        let body = match head.framing {
            Framing::Length(length) => {
                self.taken = head.bytes + length;
                &self.bytes[head.bytes..self.taken]
            }
            Framing::Chunked => {
                self.taken = self.chunk_at;
                &self.chunked_body[..]
            }
        };
        Ok(Some(Response { status: head.status, is_replay: head.is_replay, closes: head.closes, body }))
    }

    fn drop_taken(&mut self) {
        if self.taken > 0 {
            self.bytes.copy_within(self.taken..self.filled, 0);
            self.filled -= self.taken;
            self.taken = 0;
            self.chunk = Chunk::Size;
            self.chunk_at = 0;
            self.chunked_body.clear();
        }
    }

    /// Goes on where the last call had to stop; true when the last chunk and its trailer are here.
    fn decode_chunks(&mut self, head_bytes: usize) -> Result<bool, ResponseError> {
        self.chunk_at = self.chunk_at.max(head_bytes);
        loop {
            let rest = &self.bytes[self.chunk_at..self.filled];
            let (used, next) = match self.chunk {
                Chunk::Size => match httparse::parse_chunk_size(rest) {
                    Ok(httparse::Status::Complete((used, 0))) => (used, Chunk::Trailer),
                    Ok(httparse::Status::Complete((used, size))) => {
                        let size = usize::try_from(size).map_err(|_| ResponseError::Length)?;
                        if size > BODY_BYTES_MAX - self.chunked_body.len() {
                            return Err(ResponseError::Length);
                        }
                        (used, Chunk::Data(size))
                    }
                    Ok(httparse::Status::Partial) => return Ok(false),
                    Err(_) => return Err(ResponseError::Chunk),
                },
                Chunk::Data(0) => (0, Chunk::DataEnd),
                Chunk::Data(_) if rest.is_empty() => return Ok(false),
                Chunk::Data(left) => {
                    let here = left.min(rest.len());
                    self.chunked_body.extend_from_slice(&rest[..here]);
                    (here, Chunk::Data(left - here))
                }
                Chunk::DataEnd if rest.len() < 2 => return Ok(false),
                Chunk::DataEnd if rest.starts_with(b"\r\n") => (2, Chunk::Size),
                Chunk::DataEnd => return Err(ResponseError::Chunk),
                Chunk::Done => return Ok(true),
                Chunk::Trailer => match memchr::memmem::find(rest, b"\r\n") {
                    None => return Ok(false),
                    Some(0) => (2, Chunk::Done),
                    Some(line) => (line + 2, Chunk::Trailer),
                },
            };
            self.chunk_at += used;
            self.chunk = next;
        }
    }
}

fn parse_head(bytes: &[u8]) -> Result<Option<Head>, ResponseError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(ResponseError::Head),
    };
    let status = response.code.ok_or(ResponseError::Head)?;
    let mut is_replay = false;
    let mut closes = response.version != Some(1);
    let mut framing = None;
    for header in response.headers.iter() {
        // Comparing lengths first keeps the common case to a few integer comparisons.
        match header.name.len() {
            14 if header.name.eq_ignore_ascii_case("content-length") => {
                framing = framing.or(Some(Framing::Length(parse_length(header.value)?)));
            }
            17 if header.name.eq_ignore_ascii_case("transfer-encoding") => {
                if !header.value.eq_ignore_ascii_case(b"chunked") {
                    return Err(ResponseError::Length);
                }
                framing = Some(Framing::Chunked);
            }
            10 if header.name.eq_ignore_ascii_case("connection") => {
                closes |= header.value.eq_ignore_ascii_case(b"close");
            }
            20 if header.name.eq_ignore_ascii_case("idempotency-replayed") => is_replay = header.value == b"true",
            _ => {}
        }
    }
    // RFC 9112 §6.3: these have no body whatever their headers say.
    let framing = if matches!(status, 204 | 304) { Some(Framing::Length(0)) } else { framing };
    let framing = framing.ok_or(ResponseError::Length)?;
    Ok(Some(Head { status, is_replay, closes, framing, bytes: length }))
}

fn parse_length(value: &[u8]) -> Result<usize, ResponseError> {
    let length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).ok_or(ResponseError::Length)?;
    if length > BODY_BYTES_MAX { Err(ResponseError::Length) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "HTTP/1.1 201 Created\r\ncontent-length: 5\r\nIdempotency-Replayed: true\r\n\r\nhello";
    const CHUNKED: &str =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n";
    const CLOSING: &str = "HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    const BODILESS: &str = "HTTP/1.1 204 No Content\r\n\r\n";

    fn owned(response: Response<'_>) -> (u16, bool, bool, Vec<u8>) {
        (response.status, response.is_replay, response.closes, response.body.to_vec())
    }

    fn fill(buffer: &mut ResponseBuffer, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = buffer.space();
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            buffer.advance(count);
            bytes = &bytes[count..];
        }
    }

    #[test]
    fn answers_on_one_connection_come_out_whole_however_reads_split_them() {
        let stream = [PLAIN, CHUNKED, PLAIN, CLOSING, BODILESS, CHUNKED].concat();
        let plain = (201, true, false, b"hello".to_vec());
        let chunked = (200, false, false, b"abcde".to_vec());
        let closing = (503, false, true, Vec::new());
        let expected = [plain.clone(), chunked.clone(), plain, closing, (204, false, false, Vec::new()), chunked];
        for size in 1..=stream.len() {
            let mut buffer = ResponseBuffer::new();
            let mut found = Vec::new();
            for part in stream.as_bytes().chunks(size) {
                fill(&mut buffer, part);
                while let Some(response) = buffer.next().unwrap() {
                    found.push(owned(response));
                }
            }
            assert_eq!(found, expected, "reads of {size} bytes");
            assert!(!buffer.has_more());
        }
    }

    #[test]
    fn bodies_longer_than_the_buffer_are_taken() {
        let body = "x".repeat(5 * SPACE_BYTES);
        let mut buffer = ResponseBuffer::new();
        fill(&mut buffer, format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes());
        assert_eq!(buffer.next().unwrap().map(|response| response.body.len()), Some(body.len()));
    }

    #[test]
    fn what_is_not_an_answer_is_refused() {
        let table = [
            ("SMTP ready\r\n\r\n", ResponseError::Head),
            ("HTTP/1.1 200 OK\r\n\r\n", ResponseError::Length),
            ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", ResponseError::Length),
            ("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n", ResponseError::Length),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", ResponseError::Length),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", ResponseError::Chunk),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc", ResponseError::Chunk),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffff\r\n", ResponseError::Length),
        ];
        for (text, expected) in table {
            let mut buffer = ResponseBuffer::new();
            fill(&mut buffer, text.as_bytes());
            assert_eq!(buffer.next(), Err(expected), "{text:?}");
        }
    }
}
