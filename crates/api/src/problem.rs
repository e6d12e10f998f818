//! How a "no" leaves over HTTP: RFC 9457 problem documents with one stable `code` each.
//!
//! This room knows the codes, their status and their text form. It does not know which refusal of the domain becomes
//! which code: that is `refusal.rs`. Nothing internal (table names, paths, back traces) is ever put into a problem.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// What every problem's `type` begins with (RFC 9457 §3.1.1); the code follows.
const TYPE_BASE: &str = "https://ordain.dev/problems/";
/// Media type of RFC 9457 §3.
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
/// Seconds after which a shed or still running request may be repeated.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:ident, $title:literal;)*) => {
        /// The stable codes of the HTTP contract. A client may branch on them; titles and details may change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum ProblemCode {
            $($(#[$doc])* $variant,)*
        }

        impl ProblemCode {
            /// Every code, in the order of the documentation.
            pub(crate) const ALL: &'static [ProblemCode] = &[$(ProblemCode::$variant),*];

            /// The text a client sees as `code`.
                        pub(crate) const fn text(self) -> &'static str {
                match self { $(ProblemCode::$variant => $code,)* }
            }

            /// The HTTP status that always goes with the code.
                        pub(crate) const fn status(self) -> StatusCode {
                match self { $(ProblemCode::$variant => StatusCode::$status,)* }
            }

            /// The same short sentence for every occurrence (RFC 9457 §3.1.3).
                        pub(crate) const fn title(self) -> &'static str {
                match self { $(ProblemCode::$variant => $title,)* }
            }
        }
    };
}

problem_codes! {
    /// The request is malformed or breaks a bound; `errors` names the places.
    InvalidRequest = "invalid_request", BAD_REQUEST, "The request is not valid";
    /// Nobody vouches for the request: its signature does not hold.
    Unauthorized = "unauthorized", UNAUTHORIZED, "Not authenticated";
    /// Nothing of that name, or nothing the caller may see.
    NotFound = "not_found", NOT_FOUND, "Not found";
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    /// `Accept` excludes what the call answers with.
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE, "Not acceptable";
    /// The body is not of the media type that the call takes.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type";
    /// The request's body did not come in time.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request did not come in time";
    /// The body is longer than the server's bound.
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "Payload too large";
    /// `If-Match` names another version than the stored one.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "The resource has another version";
    /// A line names a product that does not exist.
    UnknownSku = "unknown_sku", UNPROCESSABLE_ENTITY, "Unknown SKU";
    /// A line names a product that is not for sale, or not in this currency.
    SkuNotSellable = "sku_not_sellable", UNPROCESSABLE_ENTITY, "The product cannot be sold";
    /// Fewer units are available than asked for.
    InsufficientStock = "insufficient_stock", CONFLICT, "Insufficient stock";
    /// The total differs from the one the buyer was shown.
    PriceChanged = "price_changed", CONFLICT, "The price has changed";
    /// The coupon is unknown, another user's, spent, frozen, outside its period or below its minimum.
    CouponNotUsable = "coupon_not_usable", CONFLICT, "The coupon cannot be used";
    /// More points than the user may spend.
    InsufficientPoints = "insufficient_points", CONFLICT, "Insufficient points";
    /// The key was used before with another request.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The idempotency key was used with another request";
    /// The first request with the key has no answer yet.
    IdempotencyInProgress = "idempotency_in_progress", CONFLICT, "The first request with this key is still running";
    /// The same lines by the same user within the duplicate window, without a key.
    DuplicateOrder = "duplicate_order", CONFLICT, "The same order was placed a moment ago";
    /// The payment or refund is in a state that does not allow it.
    PaymentState = "payment_state", CONFLICT, "The payment's state does not allow it";
    /// The outcome of an attempt is unknown; another charge has to wait.
    PaymentUnresolved = "payment_unresolved", CONFLICT, "A payment is unresolved";
    /// The after-sale's machine has no such step from where it stands, or the units are in another one that is open.
    AfterSaleState = "after_sale_state", CONFLICT, "The after-sale's state does not allow it";
    /// More is asked back than is left of what was taken.
    RefundExceeds = "refund_exceeds", CONFLICT, "The refund exceeds what was paid";
    /// The payment channel cannot be reached.
    ChannelUnavailable = "channel_unavailable", SERVICE_UNAVAILABLE, "The payment channel is not available";
    /// The user has as many unpaid orders as one user may have.
    TooManyUnpaid = "too_many_unpaid", CONFLICT, "Too many unpaid orders";
    /// The order's status does not allow the step.
    OrderState = "order_state", CONFLICT, "The order's status does not allow this";
    /// The webhook endpoint is told nothing until somebody enables it.
    WebhookDisabled = "webhook_disabled", CONFLICT, "The webhook endpoint is disabled";
    /// There are as many webhook endpoints as there may be.
    TooManyWebhooks = "too_many_webhooks", CONFLICT, "Too many webhook endpoints";
    /// The event is parked as a dead letter.
    EventParked = "event_parked", CONFLICT, "The event is parked";
    /// A consumer has as many dead letters as one may have.
    TooManyDeadLetters = "too_many_dead_letters", CONFLICT, "Too many dead letters";
    /// The queue is full, or the server is stopping; nothing was done.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "Overloaded";
    /// A fault of the server. Whether the effect happened is found out by repeating with the same key.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error";
}

/// One place of a request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldError {
    place: Place,
    detail: Cow<'static, str>,
}

/// Where in a request something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// RFC 6901 pointer into the JSON body.
    Pointer(String),
    /// A path or query parameter.
    Parameter(&'static str),
    /// A request header.
    Header(&'static str),
}

impl FieldError {
    /// A wrong value at `place`; `detail` is a sentence fragment such as "must be at least 1".
    pub(crate) fn new(place: Place, detail: impl Into<Cow<'static, str>>) -> FieldError {
        FieldError { place, detail: detail.into() }
    }

    /// A wrong value in the body at an RFC 6901 pointer.
    pub(crate) fn at(pointer: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> FieldError {
        FieldError::new(Place::Pointer(pointer.into()), detail)
    }
}

impl Serialize for FieldError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        match &self.place {
            Place::Pointer(pointer) => map.serialize_entry("pointer", pointer)?,
            Place::Parameter(name) => map.serialize_entry("parameter", name)?,
            Place::Header(name) => map.serialize_entry("header", name)?,
        }
        map.serialize_entry("detail", &self.detail)?;
        map.end()
    }
}

/// The value of an extension member (RFC 9457 §3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Member {
    /// A number, such as `available` in units or `total` in minor units.
    Number(i64),
    /// A text, such as `sku` or `order_id`.
    Text(String),
}

impl From<i64> for Member {
    fn from(number: i64) -> Member {
        Member::Number(number)
    }
}

impl From<String> for Member {
    fn from(text: String) -> Member {
        Member::Text(text)
    }
}

impl From<&str> for Member {
    fn from(text: &str) -> Member {
        Member::Text(text.to_owned())
    }
}

/// One occurrence of a problem. Boxed, so that `Result<_, Problem>` stays small on the path of success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem(Box<Occurrence>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Occurrence {
    code: ProblemCode,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    members: Vec<(&'static str, Member)>,
}

impl Problem {
    /// A problem without further members. `detail` is a sentence for the person who reads the log of the client.
    pub(crate) fn new(code: ProblemCode, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem(Box::new(Occurrence { code, detail: detail.into(), errors: Vec::new(), members: Vec::new() }))
    }

    /// `invalid_request` with the places that are wrong.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Problem {
        let detail = match errors.as_slice() {
            [FieldError { place: Place::Header(name), detail }] => format!("The header {name} {detail}.").into(),
            [FieldError { place: Place::Parameter(name), detail }] => format!("The parameter {name} {detail}.").into(),
            [FieldError { place: Place::Pointer(pointer), detail }] if !pointer.is_empty() => {
                format!("{pointer} {detail}.").into()
            }
            [FieldError { detail, .. }] => format!("The body {detail}.").into(),
            _ => Cow::Borrowed("Several values are wrong; see errors."),
        };
        let mut problem = Problem::new(ProblemCode::InvalidRequest, detail);
        problem.0.errors = errors;
        problem
    }

    /// `invalid_request` because of one place.
    pub(crate) fn invalid_at(place: Place, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::invalid(vec![FieldError::new(place, detail)])
    }

    /// `not_found`, naming the kind of thing, never whether it exists for somebody else.
    pub(crate) fn not_found(thing: &str) -> Problem {
        Problem::new(ProblemCode::NotFound, format!("There is no such {thing}."))
    }

    /// `internal`, without a word about the cause: that is in the log.
    pub(crate) fn internal() -> Problem {
        Problem::new(ProblemCode::Internal, "The server failed to answer. The cause is in its log.")
    }

    /// Adds the place that caused a problem of another code than `invalid_request`.
    pub(crate) fn pointing_at(mut self, error: FieldError) -> Problem {
        self.0.errors.push(error);
        self
    }

    /// Adds an extension member. Names are those of the contract: `sku`, `available`, `order_id`, …
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Member>) -> Problem {
        self.0.members.push((name, value.into()));
        self
    }

    /// The places that are wrong as one text, for a report that has a line each; the detail where there are none.
    pub(crate) fn places(&self) -> String {
        let text = |error: &FieldError| match &error.place {
            Place::Pointer(name) if name.is_empty() => error.detail.to_string(),
            Place::Pointer(name) => format!("{name} {}", error.detail),
            Place::Parameter(name) | Place::Header(name) => format!("{name} {}", error.detail),
        };
        match self.0.errors.as_slice() {
            [] => self.0.detail.to_string(),
            errors => errors.iter().map(text).collect::<Vec<_>>().join("; "),
        }
    }

    /// The stable code.
    pub(crate) fn code(&self) -> ProblemCode {
        self.0.code
    }

    /// The status that goes with the code.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.code.status()
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Occurrence { code, detail, errors, members } = &*self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &TypeUri(*code))?;
        map.serialize_entry("title", code.title())?;
        map.serialize_entry("status", &code.status().as_u16())?;
        map.serialize_entry("detail", detail)?;
        map.serialize_entry("code", code.text())?;
        for (name, value) in members {
            map.serialize_entry(name, value)?;
        }
        if !errors.is_empty() {
            map.serialize_entry("errors", errors)?;
        }
        map.end()
    }
}

/// Written in two pieces, so that a refusal on the hot path builds no text for it.
struct TypeUri(ProblemCode);

impl Serialize for TypeUri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{TYPE_BASE}{}", self.0.text()))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = Vec::with_capacity(256);
        serde_json::to_writer(&mut body, &self).expect("a problem holds only texts and numbers");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status();
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM_JSON);
        if matches!(self.code(), ProblemCode::Overloaded | ProblemCode::IdempotencyInProgress) {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(problem: &Problem) -> String {
        serde_json::to_string(problem).unwrap()
    }

    #[test]
    fn every_code_has_its_status() {
        let found: Vec<String> =
            ProblemCode::ALL.iter().map(|code| format!("{} {}", code.text(), code.status().as_u16())).collect();
        assert_eq!(
            found.join(", "),
            "invalid_request 400, unauthorized 401, not_found 404, method_not_allowed 405, not_acceptable 406, \
             unsupported_media_type 415, request_timeout 408, payload_too_large 413, precondition_failed 412, \
             unknown_sku 422, sku_not_sellable 422, insufficient_stock 409, price_changed 409, coupon_not_usable 409, \
             insufficient_points 409, idempotency_key_reused 422, idempotency_in_progress 409, duplicate_order 409, \
             payment_state 409, payment_unresolved 409, after_sale_state 409, refund_exceeds 409, \
             channel_unavailable 503, too_many_unpaid 409, order_state 409, webhook_disabled 409, too_many_webhooks 409, \
             event_parked 409, too_many_dead_letters 409, overloaded 503, internal 500"
        );
    }

    #[test]
    fn members_and_places_are_written_as_documented() {
        let table = [
            (
                Problem::new(ProblemCode::InsufficientStock, "Only 3 units are available.")
                    .with("sku", "85123A")
                    .with("available", 3),
                r#"{"type":"https://ordain.dev/problems/insufficient_stock","title":"Insufficient stock","status":409,"detail":"Only 3 units are available.","code":"insufficient_stock","sku":"85123A","available":3}"#,
            ),
            (
                Problem::invalid(vec![FieldError::at("/lines/0/quantity", "must be at least 1")]),
                r#"{"type":"https://ordain.dev/problems/invalid_request","title":"The request is not valid","status":400,"detail":"/lines/0/quantity must be at least 1.","code":"invalid_request","errors":[{"pointer":"/lines/0/quantity","detail":"must be at least 1"}]}"#,
            ),
            (
                Problem::invalid_at(Place::Header("Idempotency-Key"), "is required"),
                r#"{"type":"https://ordain.dev/problems/invalid_request","title":"The request is not valid","status":400,"detail":"The header Idempotency-Key is required.","code":"invalid_request","errors":[{"header":"Idempotency-Key","detail":"is required"}]}"#,
            ),
        ];
        for (problem, expected) in table {
            assert_eq!(text(&problem), expected);
        }
    }

    #[test]
    fn what_may_be_repeated_says_when() {
        for code in ProblemCode::ALL {
            let response = Problem::new(*code, "…").into_response();
            let repeatable = matches!(code, ProblemCode::Overloaded | ProblemCode::IdempotencyInProgress);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), repeatable, "{code:?}");
            assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_JSON);
        }
    }
}
