//! What the composition root tells the HTTP interface. Values only: nothing here reads a file or the environment.

use std::time::Duration;

use ordain_domain::time::Span;

/// Settings of the HTTP interface. Rules of business (lines of an order, the duplicate window) are the engine's.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// Longest JSON body in bytes; a longer one is answered `payload_too_large`. A batch of 500 orders is one body.
    pub body_bytes_max: usize,
    /// How long a body may take to come; one that takes longer is answered `request_timeout`. For a streamed body it bounds
    /// each pause instead.
    pub body_timeout: Duration,
    /// How long opening or refreshing a payment waits for its channel's answer, before it is answered without.
    pub open_wait: Duration,
    /// How long after its due time a timer counts as missed in `GET /v1/ops/verify`: the interval of the scan.
    pub scan_interval: Span,
    /// How long a buyer has to send goods back. Goods of an after-sale that nobody dealt with for as long are listed in
    /// `GET /v1/ops/stuck`.
    pub ship_back_within: Span,
}
