//! Bodies in: media type, length, bytes. What the bytes mean is the matter of `json_text` and the wire types.

use std::{pin::pin, task::Poll};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{
        HeaderMap,
        header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT},
    },
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::Deserialize;

use crate::{
    app::SharedApp,
    json_text::parse_json,
    problem::{FieldError, Problem, ProblemCode},
    settings::ApiSettings,
};

/// Most bytes of a refused body that are read for the sake of its sender.
const DISCARDED_MAX: usize = 64 << 20;

/// A JSON body of a call without an idempotency key: the bytes, so that wire types can borrow from them.
#[derive(Debug)]
pub(crate) struct JsonBody(Bytes);

impl JsonBody {
    /// The wire value.
    pub(crate) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        parse_json(&self.0)
    }
}

impl FromRequest<SharedApp> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &SharedApp) -> Result<JsonBody, Problem> {
        let (parts, body) = request.into_parts();
        require_json(&parts.headers)?;
        read_body(&parts.headers, body, &app.settings).await.map(JsonBody)
    }
}

/// Refuses a body that does not say that it is JSON in UTF-8 (RFC 8259 §8.1, §11).
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    if media_type(headers).is_some_and(|name| name.eq_ignore_ascii_case("application/json")) && is_utf8(headers) {
        return Ok(());
    }
    Err(unsupported("The body must be application/json in UTF-8."))
}

/// The media type of the body without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}

/// Whether no other character set than UTF-8 is named.
pub(crate) fn is_utf8(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').skip(1).all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("us-ascii")
        }
        _ => true,
    })
}

/// 415 with what the call takes.
pub(crate) fn unsupported(detail: &'static str) -> Problem {
    Problem::new(ProblemCode::UnsupportedMediaType, detail)
}

/// All bytes of a body, within the settings' bounds of length and time.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body, settings: &ApiSettings) -> Result<Bytes, Problem> {
    read_body_up_to(headers, body, settings.body_bytes_max, settings).await
}

/// As [`read_body`] with a bound of length of the call's own.
pub(crate) async fn read_body_up_to(
    headers: &HeaderMap,
    body: Body,
    length_max: usize,
    settings: &ApiSettings,
) -> Result<Bytes, Problem> {
    let mut read = pin!(read_whole(headers, body, length_max));
    // Nearly every body is there with its head: no timer is made for it.
    if let Poll::Ready(read) = futures_util::poll!(&mut read) {
        return read;
    }
    tokio::time::timeout(settings.body_timeout, read).await.unwrap_or_else(|_| Err(too_slow()))
}

/// A body that came in one piece is not copied.
async fn read_whole(headers: &HeaderMap, mut body: Body, length_max: usize) -> Result<Bytes, Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > length_max as u64) {
        // Who asked first has not sent the body yet, and need not (RFC 9110 §10.1.1).
        if !headers.contains_key(EXPECT) {
            discard(body).await;
        }
        return Err(too_large(length_max));
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| broken_off())?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + all.len() + data.len() > length_max {
            discard(body).await;
            return Err(too_large(length_max));
        }
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.reserve(announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(first.len() + data.len()));
            all.extend_from_slice(&std::mem::take(&mut first));
        }
        all.extend_from_slice(&data);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Reads on without keeping anything: a connection that is closed under a sender is reset, and the sender then never sees
/// the answer (RFC 9112 §9.6).
async fn discard(mut body: Body) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > DISCARDED_MAX {
            return;
        }
    }
}

fn too_large(length_max: usize) -> Problem {
    Problem::new(ProblemCode::PayloadTooLarge, format!("The body may have at most {length_max} bytes."))
        .with("bytes_max", i64::try_from(length_max).unwrap_or(i64::MAX))
}

/// The sender takes longer than is waited for it. The connection is closed behind the answer, for the rest of the body is
/// still to come.
pub(crate) fn too_slow() -> Problem {
    Problem::new(ProblemCode::RequestTimeout, "The body did not come in time.")
}

/// The connection ended, or the framing is broken, before the body was whole.
pub(crate) fn broken_off() -> Problem {
    Problem::invalid(vec![FieldError::at("", "ended before it was whole")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use futures_util::stream;
    use std::convert::Infallible;

    #[test]
    fn only_json_in_utf8_is_json() {
        let table = [
            (Some("application/json"), true),
            (Some("Application/JSON; charset=UTF-8"), true),
            (Some("application/json;charset=\"utf-8\""), true),
            (Some("application/json; charset=latin1"), false),
            (Some("application/jsonx"), false),
            (Some("application/vnd.x+json"), false),
            (Some("text/plain"), false),
            (Some("\u{e4}"), false),
            (None, false),
        ];
        for (value, expected) in table {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(CONTENT_TYPE, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            assert_eq!(require_json(&headers).is_ok(), expected, "{value:?}");
        }
    }

    #[tokio::test]
    async fn bodies_are_whole_or_refused() {
        let pieces = |pieces: &'static [&'static str]| {
            Body::from_stream(stream::iter(pieces.iter().map(|piece| Ok::<_, Infallible>(*piece))))
        };
        let table: [(&[&str], Option<&str>); 5] = [
            (&[], Some("")),
            (&["abc"], Some("abc")),
            (&["a", "", "bc", "de"], Some("abcde")),
            (&["abcdef"], None),
            (&["abc", "def"], None),
        ];
        for (given, expected) in table {
            let read = read_whole(&HeaderMap::new(), pieces(given), 5).await;
            assert_eq!(read.as_deref().ok(), expected.map(str::as_bytes), "{given:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("6"));
        let refused = read_whole(&headers, pieces(&[]), 5).await.unwrap_err();
        assert_eq!(refused.code(), ProblemCode::PayloadTooLarge);
    }
}
