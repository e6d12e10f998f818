//! What the load generator needs of an answer's JSON, found by its markers instead of parsing the whole document.
//!
//! A marker like `"price":{` cannot occur inside a JSON string, because a quote there is escaped. The markers belong to
//! the contract's compact rendering (no spaces). What is not found is reported as a wrong answer, never guessed.

use memchr::memmem;
use serde::Deserialize;

use super::digits::read_number;

/// The first `"id":"…"` of an order.
pub(super) fn order_id(body: &[u8]) -> Option<&str> {
    text_after(body, b"\"id\":\"")
}

/// `price.total` of an order, in minor units.
pub(super) fn order_total(body: &[u8]) -> Option<u64> {
    let price = memmem::find(body, b"\"price\":{")?;
    let total = memmem::find(&body[price..], b"\"total\":")?;
    read_number(&body[price + total + b"\"total\":".len()..])
}

/// `expires_at` of an order: an RFC 3339 time.
pub(super) fn order_expires_at(body: &[u8]) -> Option<&str> {
    text_after(body, b"\"expires_at\":\"")
}

/// The first `"status":"…"` of an order, a payment or a parcel. An order's own comes before those of anything in it.
pub(super) fn status(body: &[u8]) -> Option<&str> {
    text_after(body, b"\"status\":\"")
}

/// `order_status` of a problem with the code `order_state`: where the order stands that the call does not fit.
pub(super) fn order_status(body: &[u8]) -> Option<&str> {
    text_after(body, b"\"order_status\":\"")
}

/// `code` of a problem (RFC 9457 with Ordain's stable codes).
pub(super) fn problem_code(body: &[u8]) -> Option<&str> {
    text_after(body, b"\"code\":\"")
}

fn text_after<'a>(body: &'a [u8], marker: &[u8]) -> Option<&'a str> {
    let start = memmem::find(body, marker)? + marker.len();
    let length = memchr::memchr(b'"', &body[start..])?;
    std::str::from_utf8(&body[start..start + length]).ok()
}

/// One item of a batch answer.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct BatchItem<'a> {
    /// The status that the order alone would have been answered with.
    pub(super) status: u16,
    /// Answered from memory because the key was used before.
    #[serde(default)]
    pub(super) replayed: bool,
    /// The order, when it was placed.
    #[serde(borrow, default)]
    pub(super) order: Option<BatchOrder<'a>>,
    /// The refusal, when it was not.
    #[serde(borrow, default)]
    pub(super) problem: Option<BatchProblem<'a>>,
}

/// What is read of an order in a batch.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct BatchOrder<'a> {
    /// `ord_…`
    pub(super) id: &'a str,
    /// When an unpaid order is closed (RFC 3339).
    #[serde(borrow, default)]
    pub(super) expires_at: Option<&'a str>,
    /// Its price.
    pub(super) price: BatchPrice,
}

/// What is read of a price.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct BatchPrice {
    /// Minor units.
    pub(super) total: u64,
}

/// What is read of a problem.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct BatchProblem<'a> {
    /// The stable code.
    pub(super) code: &'a str,
}

#[derive(Deserialize)]
struct BatchAnswer<'a> {
    #[serde(borrow)]
    data: Vec<BatchItem<'a>>,
}

/// The items of a batch answer in the order of the request; `None` when it is not one.
pub(super) fn batch_items(body: &[u8]) -> Option<Vec<BatchItem<'_>>> {
    serde_json::from_slice::<BatchAnswer<'_>>(body).ok().map(|answer| answer.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = r#"{"id":"ord_7","user_id":"u","status":"pending_payment","lines":[{"line":1,"title":"a \"price\":{\"total\":1} b","goods":5}],"price":{"goods":1530,"shipping":0,"total":1530,"applied":[]},"paid":0,"expires_at":"2026-01-01T00:00:00Z"}"#;

    #[test]
    fn an_order_is_read_by_its_markers() {
        assert_eq!(order_id(ORDER.as_bytes()), Some("ord_7"));
        assert_eq!(order_total(ORDER.as_bytes()), Some(1_530), "text inside a title is not the price");
        assert_eq!(order_expires_at(ORDER.as_bytes()), Some("2026-01-01T00:00:00Z"));
        assert_eq!(status(ORDER.as_bytes()), Some("pending_payment"));
        for body in ["", "{}", "{\"price\":{\"total\":", "{\"id\":\"ord"] {
            assert_eq!((order_id(body.as_bytes()), order_total(body.as_bytes())), (None, None), "{body}");
        }
    }

    #[test]
    fn a_problem_is_read_by_its_code() {
        let body = br#"{"type":"about:blank","status":409,"code":"insufficient_stock","sku":"A","available":0}"#;
        assert_eq!(problem_code(body), Some("insufficient_stock"));
        assert_eq!(problem_code(b"<html>"), None);
    }

    #[test]
    fn a_batch_is_read_item_by_item() {
        let body = format!(
            r#"{{"data":[{{"status":201,"order":{ORDER}}},{{"status":409,"problem":{{"code":"x","status":409}}}}]}}"#
        );
        let items = batch_items(body.as_bytes()).unwrap();
        let placed = items[0].order.unwrap();
        assert_eq!((items[0].status, placed.id, placed.price.total), (201, "ord_7", 1_530));
        assert_eq!((items[1].status, items[1].problem.unwrap().code), (409, "x"));
        assert!(batch_items(b"{\"data\":{}}").is_none());
    }
}
