//! Products as lines of JSON, and what the server says about a request full of them.

use serde::Serialize;
use serde_json::Value;

use super::{
    bulk::Answer,
    client::{Endpoint, RequestHead},
    scenario::Good,
    tally::excerpt,
};
use crate::retail::RETAIL_CURRENCY;

/// Most products in one request.
pub(crate) const PRODUCTS_PER_REQUEST: usize = 1_000;

#[derive(Serialize)]
struct Line<'a> {
    sku: &'a str,
    title: &'a str,
    price: u64,
    currency: &'static str,
    status: &'static str,
}

/// The head of a request that imports lines of JSON.
pub(crate) fn import_head(endpoint: &Endpoint) -> RequestHead {
    endpoint.head("POST", "/v1/products:import", Some("application/x-ndjson"))
}

/// A product as one line of JSON with its end.
pub(crate) fn product_line(good: &Good) -> String {
    let line =
        Line { sku: &good.sku, title: &good.title, price: good.price, currency: RETAIL_CURRENCY, status: "active" };
    serde_json::to_string(&line).expect("a struct of texts and numbers is always JSON") + "\n"
}

/// A line that the server did not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FailedLine {
    /// Counted from 1 in the request, or in the file once it was moved there.
    pub(crate) line: u64,
    /// What the server says is wrong with it.
    pub(crate) reason: String,
}

/// The failing lines of an answer to an import, or why the whole request failed.
pub(crate) fn failed_lines(answer: &Answer) -> Result<Vec<FailedLine>, String> {
    let failure = || format!("status {}: {}", answer.status, excerpt(&answer.body));
    let Ok(Value::Object(members)) = serde_json::from_slice(&answer.body) else { return Err(failure()) };
    let with_lines = |value: &&Value| {
        value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(|item| item["line"].is_u64()))
    };
    let failed: Vec<FailedLine> =
        members.values().find(with_lines).and_then(Value::as_array).into_iter().flatten().map(failed_line).collect();
    if failed.is_empty() && !(200..300).contains(&answer.status) { Err(failure()) } else { Ok(failed) }
}

fn failed_line(item: &Value) -> FailedLine {
    let texts = |value: &Value| {
        ["pointer", "detail", "message", "code"]
            .iter()
            .filter_map(|name| value[*name].as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut reason = texts(item);
    for nested in item["errors"].as_array().into_iter().flatten().chain(item.get("problem")) {
        reason = [reason, texts(nested)].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
    }
    FailedLine { line: item["line"].as_u64().unwrap_or(0), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn failing_lines_are_found_with_their_reason() {
        let line = |line, reason: &str| FailedLine { line, reason: reason.into() };
        let table = [
            (r#"{"imported":2,"failed":0,"errors":[]}"#, vec![]),
            (
                r#"{"imported":1,"failed":1,"errors":[{"line":2,"pointer":"/price","detail":"too low"}]}"#,
                vec![line(2, "/price too low")],
            ),
            (
                r#"{"failures":[{"line":3,"errors":[{"pointer":"/sku","detail":"bad"},{"pointer":"/title","detail":"long"}]}]}"#,
                vec![line(3, "/sku bad; /title long")],
            ),
        ];
        for (body, expected) in table {
            assert_eq!(failed_lines(&answer(200, body)), Ok(expected), "{body}");
        }
        assert_eq!(failed_lines(&answer(500, "{}")), Err("status 500: {}".to_owned()));
        assert_eq!(failed_lines(&answer(200, "oops")), Err("status 200: oops".to_owned()));
    }

    #[test]
    fn a_product_is_one_line_with_its_title_escaped() {
        let good = Good { sku: "A".into(), title: "6\" \\ lamp\n".into(), price: 255 };
        let line = product_line(&good);
        assert_eq!(line.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["title"], "6\" \\ lamp\n");
        assert_eq!((value["price"].as_u64(), value["currency"].as_str()), (Some(255), Some("GBP")));
    }
}
