//! Splits a stream of bytes into the records of an import: lines of NDJSON, or CSV records, whose quoted fields may hold
//! line ends (RFC 4180 §2.6). It does not parse records.

use bytes::{Buf, Bytes, BytesMut};

/// Longest record, in bytes.
pub(super) const RECORD_LENGTH_MAX: usize = 64 * 1024;

/// One record and the number of the line on which it begins, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) line: u64,
    /// Without its line end; none when it was longer than [`RECORD_LENGTH_MAX`].
    pub(super) text: Option<Bytes>,
}

/// Keeps the bytes of a record that is not whole yet.
#[derive(Debug)]
pub(super) struct RecordSplitter {
    buffer: BytesMut,
    /// How far the buffer was looked at.
    scanned: usize,
    /// Line on which the record begins, and line that is being looked at.
    begins_at: u64,
    line: u64,
    quotes_matter: bool,
    in_quotes: bool,
    too_long: bool,
}

impl RecordSplitter {
    /// For CSV, where quotes protect line ends, or for lines.
    pub(super) fn new(quotes_matter: bool) -> RecordSplitter {
        RecordSplitter {
            buffer: BytesMut::new(),
            scanned: 0,
            begins_at: 1,
            line: 1,
            quotes_matter,
            in_quotes: false,
            too_long: false,
        }
    }

    /// Takes the next bytes of the stream.
    pub(super) fn push(&mut self, data: &[u8]) {
        self.buffer.extend_from_slice(data);
    }

    /// The next whole record.
    pub(super) fn next(&mut self) -> Option<Record> {
        while let Some(&byte) = self.buffer.get(self.scanned) {
            self.scanned += 1;
            match byte {
                b'"' if self.quotes_matter => self.in_quotes = !self.in_quotes,
                b'\n' => {
                    self.line += 1;
                    // A quote that is never closed must not swallow the rest of the file.
                    if !self.in_quotes || self.too_long {
                        return Some(self.take());
                    }
                }
                _ => {}
            }
            if self.scanned > RECORD_LENGTH_MAX + 1 {
                self.too_long = true;
                self.buffer.advance(self.scanned);
                self.scanned = 0;
            }
        }
        None
    }

    /// What is left when the stream has ended: a last record without a line end.
    pub(super) fn last(&mut self) -> Option<Record> {
        (!self.buffer.is_empty() || self.too_long).then(|| self.take())
    }

    fn take(&mut self) -> Record {
        let mut text = self.buffer.split_to(self.scanned).freeze();
        for end in [b'\n', b'\r'] {
            if text.last() == Some(&end) {
                text.truncate(text.len() - 1);
            }
        }
        let record = Record { line: self.begins_at, text: (!self.too_long).then_some(text) };
        (self.scanned, self.in_quotes, self.too_long, self.begins_at) = (0, false, false, self.line);
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = Vec<(u64, Option<String>)>;

    fn split(quotes_matter: bool, pieces: &[&str]) -> Found {
        let mut splitter = RecordSplitter::new(quotes_matter);
        let mut found = Vec::new();
        for piece in pieces {
            splitter.push(piece.as_bytes());
            while let Some(record) = splitter.next() {
                found.push(record);
            }
        }
        found.extend(splitter.last());
        let text = |text: Bytes| String::from_utf8(text.to_vec()).unwrap();
        found.into_iter().map(|record| (record.line, record.text.map(text))).collect()
    }

    #[test]
    fn records_end_where_their_format_says() {
        let some = |text: &str| Some(text.to_owned());
        let table: [(bool, &[&str], Found); 5] = [
            (false, &["a\nb\r\n", "\nc"], vec![(1, some("a")), (2, some("b")), (3, some("")), (4, some("c"))]),
            (false, &["a\"b", "\nc\"\n"], vec![(1, some("a\"b")), (2, some("c\""))]),
            (true, &["a,\"b\n", "c\"\nd\n"], vec![(1, some("a,\"b\nc\"")), (3, some("d"))]),
            (true, &["\"a\"\"\n\"\nb"], vec![(1, some("\"a\"\"\n\"")), (3, some("b"))]),
            (true, &[], vec![]),
        ];
        for (quotes_matter, pieces, expected) in table {
            assert_eq!(split(quotes_matter, pieces), expected, "{pieces:?}");
        }
    }

    #[test]
    fn long_records_are_given_up_alone() {
        let long = "x".repeat(RECORD_LENGTH_MAX + 1);
        let longest = "x".repeat(RECORD_LENGTH_MAX);
        let found = split(false, &[&longest, "\n", &long, &long, "\nc\n"]);
        assert_eq!(found, [(1, Some(longest)), (2, None), (3, Some("c".to_owned()))]);
        let found = split(true, &["\"", &long, "\nb\n"]);
        assert_eq!(found, [(1, None), (2, Some("b".to_owned()))]);
    }
}
