//! What kind of file it is, and its products in pieces that fit one request.
//!
//! Lines of JSON are passed on as they are: what a product may be is the server's to say.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufRead, Read as _},
    path::Path,
};

use indicatif::ProgressBar;
use serde::Deserialize;

use crate::{
    cli::Failure,
    load::{
        display::bar,
        products::{PRODUCTS_PER_REQUEST, product_line},
        scenario::Good,
    },
    retail::{Retail, decompressed},
};

/// A request is ended before it grows longer than this, in bytes.
const CHUNK_BYTES_MAX: usize = 1024 * 1024;
/// A line longer than this, in bytes, is no product.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// A file of one of the two kinds.
pub(super) enum Source {
    /// A retail table; read to its end, because a basket's price is known only then.
    Retail(Retail),
    /// Products as JSON, read as they are sent.
    Lines(ProductLines),
}

/// The products of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Lines of JSON.
    pub(super) body: Vec<u8>,
    /// By line of the body: the line of the file, from 1.
    pub(super) lines: Vec<u64>,
    /// By line of the body: the SKU, where one can be read.
    pub(super) skus: Vec<Option<String>>,
}

impl Source {
    /// Opens a file. JSON is told by its first character that is no space.
    ///
    /// # Errors
    /// When the file cannot be read, or is a table with other columns.
    pub(super) fn open(path: &Path) -> Result<Source, Failure> {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let progress = bar("reading", usize::try_from(length)?);
        let mut text = decompressed(progress.wrap_read(file)).map_err(failed)?;
        let first = text.fill_buf().map_err(failed)?.iter().find(|byte| !byte.is_ascii_whitespace());
        if first == Some(&b'{') {
            return Ok(Source::Lines(ProductLines { text, progress, line: 0 }));
        }
        let retail = Retail::read(text).map_err(|error| format!("{}: {error}", path.display()))?;
        progress.finish_and_clear();
        Ok(Source::Retail(retail))
    }
}

/// Products as JSON, one a line.
pub(super) struct ProductLines {
    text: Box<dyn BufRead + Send>,
    progress: ProgressBar,
    line: u64,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    sku: Cow<'a, str>,
}

impl ProductLines {
    /// The next products, or `None` behind the last. Empty lines are left out.
    ///
    /// # Errors
    /// When the file cannot be read or has a line that is too long.
    pub(super) fn next_chunk(&mut self) -> io::Result<Option<Chunk>> {
        let mut chunk = Chunk::default();
        let mut line = Vec::new();
        while chunk.lines.len() < PRODUCTS_PER_REQUEST && chunk.body.len() < CHUNK_BYTES_MAX - LINE_BYTES_MAX {
            line.clear();
            let limit = LINE_BYTES_MAX as u64 + 1;
            if self.text.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            self.line += 1;
            if line.len() > LINE_BYTES_MAX {
                return Err(io::Error::other(format!("line {} is longer than {LINE_BYTES_MAX} bytes", self.line)));
            }
            let product = line.trim_ascii();
            if product.is_empty() {
                continue;
            }
            chunk.body.extend_from_slice(product);
            chunk.body.push(b'\n');
            chunk.lines.push(self.line);
            chunk.skus.push(serde_json::from_slice::<Named<'_>>(product).ok().map(|named| named.sku.into_owned()));
        }
        Ok((!chunk.lines.is_empty()).then_some(chunk))
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        self.progress.finish_and_clear();
    }
}

/// Goods in pieces that fit one request; lines are counted from 1 over all of them.
pub(super) fn chunks_of(goods: &[Good]) -> impl Iterator<Item = Chunk> {
    goods.chunks(PRODUCTS_PER_REQUEST).enumerate().map(|(index, goods)| {
        let first = (index * PRODUCTS_PER_REQUEST) as u64 + 1;
        Chunk {
            body: goods.iter().map(product_line).collect::<String>().into_bytes(),
            lines: (first..first + goods.len() as u64).collect(),
            skus: goods.iter().map(|good| Some(good.sku.clone())).collect(),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn lines(text: &str) -> ProductLines {
        ProductLines { text: Box::new(Cursor::new(text.to_owned())), progress: ProgressBar::hidden(), line: 0 }
    }

    #[test]
    fn lines_keep_their_number_in_the_file() {
        let mut source = lines("{\"sku\":\"A\"}\n\n  {\"sku\":\"B\\u0020\"}  \r\nnot json");
        let chunk = source.next_chunk().unwrap().unwrap();
        assert_eq!(chunk.body, b"{\"sku\":\"A\"}\n{\"sku\":\"B\\u0020\"}\nnot json\n");
        assert_eq!(chunk.lines, [1, 3, 4]);
        assert_eq!(chunk.skus, [Some("A".to_owned()), Some("B ".to_owned()), None]);
        assert_eq!(source.next_chunk().unwrap(), None);
    }

    #[test]
    fn a_request_holds_at_most_a_thousand_products_and_a_megabyte() {
        let mut source = lines(&"{}\n".repeat(2_001));
        let sizes: Vec<usize> =
            std::iter::from_fn(|| source.next_chunk().unwrap()).map(|chunk| chunk.lines.len()).collect();
        assert_eq!(sizes, [1_000, 1_000, 1]);
        let mut source = lines(&format!("{}\n", "x".repeat(LINE_BYTES_MAX - 1)).repeat(5));
        let sizes: Vec<usize> =
            std::iter::from_fn(|| source.next_chunk().unwrap()).map(|chunk| chunk.body.len()).collect();
        assert_eq!(sizes.iter().sum::<usize>(), 5 * LINE_BYTES_MAX);
        assert!(sizes.iter().all(|size| *size <= CHUNK_BYTES_MAX), "{sizes:?}");
        assert!(lines(&"x".repeat(LINE_BYTES_MAX + 1)).next_chunk().is_err());
    }
}
