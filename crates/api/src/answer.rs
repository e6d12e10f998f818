//! Answers out: JSON written once into its final buffer, with the headers that the contract promises.

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION},
    },
    response::Response,
};
use serde::Serialize;

use crate::preconditions::{entity_tag, is_unchanged};

/// Media type of every answer that is neither a problem nor a stream.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Tells that the answer is an earlier one.
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Room for a usual answer, so that its buffer rarely grows.
const BODY_CAPACITY: usize = 1_024;

/// A JSON answer without a version.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let mut body = Vec::with_capacity(BODY_CAPACITY);
    serde_json::to_writer(&mut body, value).expect("wire types hold only what JSON can hold");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// A resource with its `ETag`.
pub(crate) fn resource(status: StatusCode, version: u64, value: &impl Serialize) -> Response {
    let mut response = json(status, value);
    response.headers_mut().insert(ETAG, entity_tag(version));
    response
}

/// The answer to a GET of a resource: 304 when the caller has this version. It must be asked for again each time.
pub(crate) fn read(request: &HeaderMap, version: u64, value: &impl Serialize) -> Response {
    if is_unchanged(request, version) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().insert(ETAG, entity_tag(version));
        return response;
    }
    let mut response = resource(StatusCode::OK, version, value);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The answer to a PUT: 201 when it made the resource (RFC 9110 §9.3.4), 200 when it replaced it.
pub(crate) fn put(version: u64, value: &impl Serialize) -> Response {
    resource(if version == 1 { StatusCode::CREATED } else { StatusCode::OK }, version, value)
}

/// Adds `Location`.
pub(crate) fn located(mut response: Response, path: &str) -> Response {
    let path = HeaderValue::from_str(path).expect("paths of this interface are visible ASCII");
    response.headers_mut().insert(LOCATION, path);
    response
}

/// Adds `Idempotency-Replayed` to an answer that was given before.
pub(crate) fn replayed(mut response: Response, replayed: bool) -> Response {
    if replayed {
        response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
