//! The calls of a life behind placing, rendered. Constant parts are rendered once for a run.
//!
//! It knows paths and bodies; what an answer means is its caller's to know.

use crate::load::{
    client::{Endpoint, RequestHead},
    digits::write_number,
};

/// Name of the channel that is paid at.
pub(super) const CHANNEL_BODY: &[u8] = br#"{"channel":"sandbox"}"#;

/// The heads of the calls.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    order_post: RequestHead,
    order_get: RequestHead,
    payment_post: RequestHead,
    payment_get: RequestHead,
    refund_post: RequestHead,
    shipment_post: RequestHead,
    sandbox_post: RequestHead,
}

/// Reused between calls.
#[derive(Default)]
pub(super) struct CallBuffers {
    path: Vec<u8>,
    body: Vec<u8>,
    key: Vec<u8>,
    /// The request to send.
    pub(super) request: Vec<u8>,
}

impl Wire {
    /// The heads for a server with its sandbox.
    pub(super) fn new(endpoint: &Endpoint) -> Wire {
        let post = |path: &str| endpoint.head("POST", path, Some("application/json"));
        Wire {
            order_post: post("/v1/orders/"),
            order_get: endpoint.head("GET", "/v1/orders/", None),
            payment_post: post("/v1/payments/"),
            payment_get: endpoint.head("GET", "/v1/payments/", None),
            refund_post: post("/v1/refunds/"),
            shipment_post: post("/v1/shipments/"),
            sandbox_post: post("/sandbox/v1/payments/"),
        }
    }

    /// `GET /v1/orders/{id}{rest}`
    pub(super) fn read_order(&self, buffers: &mut CallBuffers, (id, rest): (&str, &str)) {
        join(&mut buffers.path, id, rest);
        self.order_get.write(&mut buffers.request, &buffers.path, None, b"");
    }

    /// `GET /v1/payments/{id}`
    pub(super) fn read_payment(&self, buffers: &mut CallBuffers, id: &str) {
        self.payment_get.write(&mut buffers.request, id.as_bytes(), None, b"");
    }

    /// `POST /v1/orders/{id}{rest}`, under a key made of the id and the path when `key` says so.
    pub(super) fn post_order(
        &self,
        buffers: &mut CallBuffers,
        (id, rest): (&str, &str),
        key: Option<&str>,
        body: &[u8],
    ) {
        post(&self.order_post, buffers, (id, rest), key, body);
    }

    /// `POST /v1/payments/{id}/refresh`
    pub(super) fn refresh(&self, buffers: &mut CallBuffers, id: &str) {
        post(&self.payment_post, buffers, (id, "/refresh"), None, b"");
    }

    /// `POST /v1/refunds/{id}/retry`
    pub(super) fn retry_refund(&self, buffers: &mut CallBuffers, id: &str) {
        post(&self.refund_post, buffers, (id, "/retry"), None, b"");
    }

    /// `POST /sandbox/v1/payments/{id}/pay`
    pub(super) fn pay(&self, buffers: &mut CallBuffers, id: &str, body: &[u8]) {
        post(&self.sandbox_post, buffers, (id, "/pay"), None, body);
    }

    /// `POST /v1/orders/{id}/shipments` of every unit of an order with `lines` lines of one unit each.
    pub(super) fn ship(&self, buffers: &mut CallBuffers, (id, lines): (&str, u64), key: Option<&str>) {
        let mut body = std::mem::take(&mut buffers.body);
        body.clear();
        body.extend_from_slice(b"{\"carrier\":\"load\",\"tracking_number\":\"");
        body.extend_from_slice(id.as_bytes());
        body.extend_from_slice(b"\",\"lines\":[");
        for line in 1..=lines {
            body.extend_from_slice(b"{\"line\":");
            write_number(&mut body, line);
            body.extend_from_slice(b",\"quantity\":1},");
        }
        body.pop();
        body.extend_from_slice(b"]}");
        post(&self.order_post, buffers, (id, "/shipments"), key, &body);
        buffers.body = body;
    }

    /// `POST /v1/shipments/{id}/tracking`: delivered at `at` (RFC 3339).
    pub(super) fn deliver(&self, buffers: &mut CallBuffers, id: &str, at: &str) {
        let mut body = std::mem::take(&mut buffers.body);
        body.clear();
        body.extend_from_slice(b"{\"status\":\"delivered\",\"at\":\"");
        body.extend_from_slice(at.as_bytes());
        body.extend_from_slice(b"\"}");
        post(&self.shipment_post, buffers, (id, "/tracking"), None, &body);
        buffers.body = body;
    }
}

fn post(head: &RequestHead, buffers: &mut CallBuffers, (id, rest): (&str, &str), key: Option<&str>, body: &[u8]) {
    join(&mut buffers.path, id, rest);
    if let Some(key) = key {
        join(&mut buffers.key, id, "-");
        buffers.key.extend_from_slice(key.as_bytes());
    }
    let key = key.map(|_| &buffers.key[..]);
    head.write(&mut buffers.request, &buffers.path, key, body);
}

fn join(out: &mut Vec<u8>, first: &str, second: &str) {
    out.clear();
    out.extend_from_slice(first.as_bytes());
    out.extend_from_slice(second.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn calls_are_rendered_whole() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let endpoint = Endpoint::resolve("http://127.0.0.1:1", None, Duration::from_secs(1));
        let wire = Wire::new(&runtime.block_on(endpoint).unwrap());
        type Write = fn(&Wire, &mut CallBuffers);
        let table: [(Write, &str, &str, &str); 6] = [
            (
                |wire, buffers| wire.ship(buffers, ("ord_7", 2), Some("ship")),
                "POST /v1/orders/ord_7/shipments",
                "Idempotency-Key: ord_7-ship\r\n",
                r#"{"carrier":"load","tracking_number":"ord_7","lines":[{"line":1,"quantity":1},{"line":2,"quantity":1}]}"#,
            ),
            (
                |wire, buffers| wire.deliver(buffers, "shp_7", "T"),
                "POST /v1/shipments/shp_7/tracking",
                "",
                r#"{"status":"delivered","at":"T"}"#,
            ),
            (|wire, buffers| wire.pay(buffers, "pay_7", b"{}"), "POST /sandbox/v1/payments/pay_7/pay", "", "{}"),
            (|wire, buffers| wire.refresh(buffers, "pay_7"), "POST /v1/payments/pay_7/refresh", "", ""),
            (|wire, buffers| wire.retry_refund(buffers, "rfd_7"), "POST /v1/refunds/rfd_7/retry", "", ""),
            (|wire, buffers| wire.read_order(buffers, ("ord_7", "/refunds")), "GET /v1/orders/ord_7/refunds", "", ""),
        ];
        for (write, line, key, body) in table {
            let mut buffers = CallBuffers::default();
            write(&wire, &mut buffers);
            let media_type = if line.starts_with("POST") { "Content-Type: application/json\r\n" } else { "" };
            let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
            let whole = format!("{line} HTTP/1.1\r\nHost: 127.0.0.1:1\r\n{media_type}{key}{length}\r\n{body}");
            assert_eq!(String::from_utf8(buffers.request).unwrap(), whole);
        }
    }
}
