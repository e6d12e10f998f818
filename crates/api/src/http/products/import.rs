//! `POST /v1/products:import`: many products in one streamed body, NDJSON or CSV.
//!
//! A bad line is reported and skipped; the good ones are put in groups, each group whole or not at all. Putting is
//! repeatable, so an import that broke off is simply sent again and needs no idempotency key.

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use http_body_util::BodyExt;
use ordain_domain::{
    catalog::{Product, command::PutProducts},
    command::Command,
};

use super::record_splitter::{RECORD_LENGTH_MAX, Record, RecordSplitter};
use crate::{
    answer,
    app::{App, SharedApp},
    body::{broken_off, is_utf8, media_type, too_slow, unsupported},
    json_text::parse_json,
    problem::Problem,
    refusal::problem_of_refusal,
    wire::product::{ImportError, ImportReport, ImportedProduct},
};

/// Products of one command.
const GROUP_MAX: usize = 500;
/// Most failing lines that are named.
const ERRORS_MAX: usize = 100;
/// What a CSV header may name; the first five must be there.
const COLUMNS: [&str; 6] = ["sku", "title", "price", "currency", "status", "weight_grams"];

/// Import products
///
/// `application/x-ndjson`: one product a line. `text/csv`: a header with the columns sku, title, price, currency, status
/// and optionally weight_grams. A record may have 64 KiB; the body may have any length.
#[utoipa::path(
    post, path = "/v1/products:import", tag = "catalog", operation_id = "import_products",
    request_body(content((ImportedProduct = "application/x-ndjson"), (String = "text/csv"))),
    responses((status = 200, body = ImportReport))
)]
pub(crate) async fn import_products(State(app): State<SharedApp>, request: Request) -> Result<Response, Problem> {
    let format = match media_type(request.headers()).map(str::to_ascii_lowercase).as_deref() {
        Some("application/x-ndjson") if is_utf8(request.headers()) => Format::Lines,
        Some("text/csv") if is_utf8(request.headers()) => Format::Csv { columns: None },
        _ => return Err(unsupported("The body must be application/x-ndjson or text/csv in UTF-8.")),
    };
    let mut import = Import { app: &app, format, group: Vec::new(), report: ImportReport::default() };
    match import.run(request.into_body()).await {
        Ok(()) => Ok(answer::json(StatusCode::OK, &import.report)),
        // What was put before stays put; the caller is told how much that is.
        Err(problem) => Err(problem.with("imported", i64::try_from(import.report.imported).unwrap_or(i64::MAX))),
    }
}

enum Format {
    Lines,
    /// The header, once it was read.
    Csv {
        columns: Option<Vec<usize>>,
    },
}

struct Import<'a> {
    app: &'a App,
    format: Format,
    /// Products to be put, each with its line.
    group: Vec<(u64, Product)>,
    report: ImportReport,
}

impl Import<'_> {
    async fn run(&mut self, mut body: Body) -> Result<(), Problem> {
        let mut splitter = RecordSplitter::new(matches!(self.format, Format::Csv { .. }));
        let pause_max = self.app.settings.body_timeout;
        while let Some(frame) = tokio::time::timeout(pause_max, body.frame()).await.map_err(|_| too_slow())? {
            let Ok(data) = frame.map_err(|_| broken_off())?.into_data() else { continue };
            splitter.push(&data);
            while let Some(record) = splitter.next() {
                self.take(record).await?;
            }
        }
        if let Some(record) = splitter.last() {
            self.take(record).await?;
        }
        self.flush().await
    }

    async fn take(&mut self, record: Record) -> Result<(), Problem> {
        let Record { line, text } = record;
        let Some(text) = text else {
            self.fail(line, format!("is longer than {RECORD_LENGTH_MAX} bytes"));
            return Ok(());
        };
        let text = if line == 1 { text.slice(byte_order_mark(&text)..) } else { text };
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        match self.product(&text) {
            Ok(Some(product)) => self.group.push((line, product)),
            Ok(None) => {}
            Err(problem) if matches!(self.format, Format::Csv { columns: None }) => return Err(problem),
            Err(problem) => self.fail(line, problem.places()),
        }
        if self.group.len() >= GROUP_MAX { self.flush().await } else { Ok(()) }
    }

    /// The product of a record; none for the header of a CSV.
    fn product(&mut self, text: &Bytes) -> Result<Option<Product>, Problem> {
        match &mut self.format {
            Format::Lines => parse_json::<ImportedProduct<'_>>(text)?.into_product().map(Some),
            Format::Csv { columns: columns @ None } => {
                *columns = Some(header(text)?);
                Ok(None)
            }
            Format::Csv { columns: Some(columns) } => {
                let object = csv_object(text, columns)?;
                parse_json::<ImportedProduct<'_>>(&object)?.into_product().map(Some)
            }
        }
    }

    async fn flush(&mut self) -> Result<(), Problem> {
        if self.group.is_empty() {
            return Ok(());
        }
        let (lines, products): (Vec<u64>, Vec<Product>) = self.group.drain(..).unzip();
        let command = Command::PutProducts(PutProducts { products, expected_version: None });
        match self.app.execute(None, None, command).await?.outcome {
            Ok(_) => self.report.imported += lines.len() as u64,
            Err(refusal) => {
                let reason = problem_of_refusal(&refusal).places();
                lines.into_iter().for_each(|line| self.fail(line, reason.clone()));
            }
        }
        Ok(())
    }

    fn fail(&mut self, line: u64, detail: String) {
        self.report.failed += 1;
        if self.report.errors.len() < ERRORS_MAX {
            self.report.errors.push(ImportError { line, detail });
        }
    }
}

/// Length of a byte order mark at the beginning.
fn byte_order_mark(text: &[u8]) -> usize {
    if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }
}

fn bad_csv(detail: String) -> Problem {
    Problem::invalid(vec![crate::problem::FieldError::at("", detail)])
}

fn fields(text: &[u8]) -> Result<csv::StringRecord, Problem> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => Ok(record),
        _ => Err(bad_csv("is not CSV in UTF-8".to_owned())),
    }
}

/// Which of [`COLUMNS`] each column of the file is.
fn header(text: &[u8]) -> Result<Vec<usize>, Problem> {
    let record = fields(text)?;
    let mut columns = Vec::new();
    for name in &record {
        let column = COLUMNS.iter().position(|known| *known == name.trim());
        let column = column.filter(|column| !columns.contains(column));
        let rule = "begins with a CSV header that names other columns than sku, title, price, currency, status, \
                    weight_grams, or one of them twice";
        columns.push(column.ok_or_else(|| bad_csv(rule.to_owned()))?);
    }
    match COLUMNS.iter().take(5).enumerate().find(|(column, _)| !columns.contains(column)) {
        None => Ok(columns),
        Some((_, missing)) => Err(bad_csv(format!("begins with a CSV header without the column {missing}"))),
    }
}

/// A CSV record as the JSON object that a line of NDJSON would be, so that both formats are checked by one code. An empty
/// field is an absent one; numbers go in as they stand and are refused where they are none.
fn csv_object(text: &[u8], columns: &[usize]) -> Result<Vec<u8>, Problem> {
    let record = fields(text)?;
    if record.len() != columns.len() {
        return Err(bad_csv(format!("has {} fields instead of {}", record.len(), columns.len())));
    }
    let mut object = serde_json::Map::new();
    for (column, value) in columns.iter().map(|column| COLUMNS[*column]).zip(&record) {
        let value = match column {
            _ if value.is_empty() => continue,
            "price" | "weight_grams" => {
                value.trim().parse::<i64>().map_or_else(|_| value.into(), serde_json::Value::from)
            }
            _ => value.into(),
        };
        object.insert(column.to_owned(), value);
    }
    Ok(serde_json::to_vec(&object).expect("texts and integers are JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(columns: &str, record: &str) -> Result<Product, String> {
        let columns = header(columns.as_bytes()).map_err(|problem| problem.places())?;
        let object = csv_object(record.as_bytes(), &columns).map_err(|problem| problem.places())?;
        parse_json::<ImportedProduct<'_>>(&object)
            .and_then(ImportedProduct::into_product)
            .map_err(|problem| problem.places())
    }

    #[test]
    fn csv_records_are_products() {
        let found = product("title,sku,price,currency,status", "\"A \"\"b\"\", c\",X-1,255,GBP,active").unwrap();
        assert_eq!((&*found.title, found.sku.as_str(), found.price), ("A \"b\", c", "X-1", 255));
        let found = product("sku,title,price,currency,status,weight_grams", "X,T,0,GBP,inactive,12").unwrap();
        assert_eq!(found.weight_grams, Some(12));
    }

    #[test]
    fn bad_csv_is_named() {
        let columns = "sku,title,price,currency,status";
        let table = [
            ("sku,title,price,currency", "", "begins with a CSV header without the column status"),
            ("sku,sku,title,price,currency,status", "", "begins with a CSV header that names other columns than sku"),
            (columns, "X,T,1,GBP", "has 4 fields instead of 5"),
            (columns, "X,T,1.5,GBP,active", "/price invalid type: string \"1.5\""),
            (columns, "X,T,,GBP,active", "/price is required"),
            (columns, "é,T,1,GBP,active", "/sku may hold only"),
        ];
        for (columns, record, expected) in table {
            let found = product(columns, record).unwrap_err();
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
