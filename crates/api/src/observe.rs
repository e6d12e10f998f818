//! Around every route: request id, trace context, duration, and the last net under a panic.
//!
//! One light layer instead of a stack of them, because it runs for every order. It reads no body and keeps no request.

use std::{
    convert::Infallible,
    fmt::Write as _,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Response},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, OptionFuture},
};
use tower::{Layer, Service};
use tracing::{Instrument, Span};

use crate::{
    accept::is_acceptable,
    metrics::{MethodColumn, RouteMetrics},
    problem::{Problem, ProblemCode},
};

/// The header that names a request in logs on both sides.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// W3C Trace Context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// Longest request id taken over from a caller.
const REQUEST_ID_LENGTH_MAX: usize = 128;

/// Makes request ids that no other process and no other request has: a number of the process and a counter.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// Ids of the process whose number this is, such as its start time.
    pub(crate) const fn new(process: u64) -> RequestIds {
        RequestIds { process, next: AtomicU64::new(0) }
    }

    /// The caller's id where it is one, a new one otherwise.
    fn of(&self, headers: &HeaderMap) -> HeaderValue {
        let is_id = |value: &&HeaderValue| {
            (1..=REQUEST_ID_LENGTH_MAX).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
        };
        match headers.get(X_REQUEST_ID).filter(is_id) {
            Some(value) => value.clone(),
            None => {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                let mut text = String::with_capacity(40);
                // Writing to a String cannot fail.
                let _ = write!(text, "req-{:x}-{number:x}", self.process);
                HeaderValue::from_str(&text).expect("hexadecimal digits are visible ASCII")
            }
        }
    }
}

/// Puts [`Observed`] around the handlers of one route.
#[derive(Clone, Debug)]
pub(crate) struct Observe {
    pub(crate) route: Arc<RouteMetrics>,
    pub(crate) ids: Arc<RequestIds>,
    /// The one media type of the route's good answers; none where it depends.
    pub(crate) produces: Option<&'static str>,
}

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { inner, observe: self.clone() }
    }
}

/// The handlers of one route, observed.
#[derive(Clone, Debug)]
pub(crate) struct Observed<S> {
    inner: S,
    observe: Observe,
}

impl<S> Service<Request> for Observed<S>
where
    S: Service<Request, Error = Infallible>,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let watch = Stopwatch::start();
        let method = MethodColumn::of(request.method());
        let id = self.observe.ids.of(request.headers());
        let span = span_of(request.headers(), &id);
        let route = Arc::clone(&self.observe.route);
        let is_acceptable = self.observe.produces.is_none_or(|produced| is_acceptable(request.headers(), produced));
        let answer = is_acceptable.then(|| AssertUnwindSafe(self.inner.call(request)).catch_unwind());
        let answer = async move {
            let mut response = match OptionFuture::from(answer).await {
                Some(Ok(Ok(response))) => response.into_response(),
                Some(Err(_)) => Problem::internal().into_response(),
                None => {
                    let detail = "The header Accept excludes what this call answers with.";
                    Problem::new(ProblemCode::NotAcceptable, detail).into_response()
                }
            };
            if response.status().is_server_error() {
                tracing::error!(
                    request_id = id.to_str().unwrap_or_default(),
                    http_route = route.template(),
                    status = response.status().as_u16(),
                    "a request failed"
                );
            }
            response.headers_mut().insert(X_REQUEST_ID, id);
            route.observe(method, response.status(), watch.elapsed());
            Ok(response)
        };
        if span.is_none() { answer.boxed() } else { answer.instrument(span).boxed() }
    }
}

/// A span for a caller that traces; no span, and no cost, for one that does not.
fn span_of(headers: &HeaderMap, id: &HeaderValue) -> Span {
    match headers.get(TRACEPARENT).and_then(|value| parse_traceparent(value.as_bytes())) {
        None => Span::none(),
        Some((trace_id, span_id)) => {
            tracing::info_span!("request", trace_id, span_id, request_id = id.to_str().unwrap_or_default())
        }
    }
}

/// Trace id and parent id of a `traceparent` (W3C Trace Context §3.2.2): `version-trace_id-parent_id-flags`, lower-case
/// hexadecimal. Version `ff` and ids of zeros are invalid; a later version may have more fields.
fn parse_traceparent(value: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(value).ok()?;
    let mut fields = text.split('-');
    let (version, trace_id, parent_id, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let is_hex = |field: &str, length: usize| {
        field.len() == length && field.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |field: &str, length: usize| is_hex(field, length) && field.bytes().any(|byte| byte != b'0');
    let is_whole = fields.next().is_none() || version != "00";
    let is_valid = is_hex(version, 2) && version != "ff" && is_hex(flags, 2) && is_whole;
    (is_valid && is_id(trace_id, 32) && is_id(parent_id, 16)).then_some((trace_id, parent_id))
}

/// Measures how long a request took.
struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a duration is measured for a metric; nothing is decided by it")]
    fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use axum::{Router, body::Body, routing::get};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    fn router() -> Router {
        let observe = Observe {
            route: Arc::new(Metrics::new().route("/{what}")),
            ids: Arc::new(RequestIds::new(0xabc)),
            produces: Some("application/json"),
        };
        let panics = || async {
            assert!(std::hint::black_box(false), "of a test");
        };
        Router::new().route("/good", get(|| async { "good" })).route("/panics", get(panics)).layer(observe)
    }

    async fn answer(path: &str, headers: &[(&'static str, &str)]) -> Response {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = path.parse().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        router().oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn ids_are_taken_over_when_they_are_ids() {
        let long = "x".repeat(REQUEST_ID_LENGTH_MAX + 1);
        let table = [
            (None, "req-abc-0"),
            (Some("a-b.c"), "a-b.c"),
            (Some("a b"), "req-abc-0"),
            (Some(""), "req-abc-0"),
            (Some(long.as_str()), "req-abc-0"),
        ];
        for (given, expected) in table {
            let headers: Vec<(&'static str, &str)> = given.map(|value| ("x-request-id", value)).into_iter().collect();
            assert_eq!(answer("/good", &headers).await.headers()[X_REQUEST_ID], expected, "{given:?}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_problem() {
        let response = answer("/panics", &[]).await;
        assert_eq!(response.status(), 500);
        assert!(response.headers().contains_key(X_REQUEST_ID));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["code"], "internal");
        assert!(!value.to_string().contains("of a test"));
    }

    #[tokio::test]
    async fn what_cannot_be_produced_is_not_begun() {
        let response = answer("/panics", &[("accept", "text/html")]).await;
        assert_eq!(response.status(), 406);
        assert!(response.headers().contains_key(X_REQUEST_ID));
    }

    #[test]
    fn trace_context_is_parsed_as_the_standard_says() {
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let table = [
            (format!("00-{trace}-{parent}-01"), true),
            (format!("01-{trace}-{parent}-01-more"), true),
            (format!("00-{trace}-{parent}-01-more"), false),
            (format!("ff-{trace}-{parent}-01"), false),
            (format!("00-{}-{parent}-01", trace.to_uppercase()), false),
            (format!("00-{}-{parent}-01", "0".repeat(32)), false),
            (format!("00-{trace}-{}-01", "0".repeat(16)), false),
            (format!("00-{trace}-{parent}"), false),
            (String::new(), false),
        ];
        for (text, expected) in table {
            assert_eq!(parse_traceparent(text.as_bytes()), expected.then_some((trace, parent)), "{text}");
        }
    }
}
