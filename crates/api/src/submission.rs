//! A POST with an effect: its JSON body, its `Idempotency-Key`, and the fingerprint of the request.
//!
//! After the IETF draft `httpapi-idempotency-key-header-07` (a quoted string) and Stripe (the bare key): both forms are
//! taken and name the same key. What a key does is decided by the domain.

use std::sync::Arc;

use aws_lc_rs::digest;
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderName, request::Parts},
};
use bytes::Bytes;
use ordain_domain::idempotency::{Fingerprint, Idempotency, KEY_LENGTH_MAX};
use serde::Deserialize;

use crate::{
    app::SharedApp,
    body::{read_body, require_json},
    json_text::parse_json,
    problem::{Place, Problem},
};

/// The request header.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Its name as people write it.
const IDEMPOTENCY_KEY_NAME: &str = "Idempotency-Key";
/// What is wrong with a key that is not one.
pub(crate) const KEY_RULE: &str = "must have 1 to 255 printable ASCII characters";

/// A POST with an effect.
#[derive(Debug)]
pub(crate) struct Submission {
    body: Bytes,
    idempotency: Option<Idempotency>,
}

impl Submission {
    /// The wire value of the body.
    pub(crate) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        parse_json(&self.body)
    }

    /// The key, where one was sent.
    pub(crate) fn key(&self) -> Option<Idempotency> {
        self.idempotency.clone()
    }

    /// The key of a call that may not go without.
    pub(crate) fn required_key(&self) -> Result<Option<Idempotency>, Problem> {
        match &self.idempotency {
            Some(idempotency) => Ok(Some(idempotency.clone())),
            None => Err(Problem::invalid_at(Place::Header(IDEMPOTENCY_KEY_NAME), "is required")),
        }
    }
}

impl FromRequest<SharedApp> for Submission {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Submission, Problem> {
        let (parts, body) = request.into_parts();
        require_json(&parts.headers)?;
        let key = key_of(&parts.headers)?;
        let body = read_body(&parts.headers, body, &app.settings).await?;
        let idempotency = idempotency_of(key, &parts, &body);
        Ok(Submission { body, idempotency })
    }
}

/// A POST with an effect that needs no words: its body is empty, or an object without members.
#[derive(Debug)]
pub(crate) struct BareSubmission {
    idempotency: Option<Idempotency>,
}

/// A body that says nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoMembers {}

impl BareSubmission {
    /// The key, where one was sent.
    pub(crate) fn key(self) -> Option<Idempotency> {
        self.idempotency
    }
}

impl FromRequest<SharedApp> for BareSubmission {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &SharedApp) -> Result<BareSubmission, Problem> {
        let (parts, body) = request.into_parts();
        let key = key_of(&parts.headers)?;
        let body = read_body(&parts.headers, body, &app.settings).await?;
        if !body.is_empty() {
            require_json(&parts.headers)?;
            let NoMembers {} = parse_json(&body)?;
        }
        Ok(BareSubmission { idempotency: idempotency_of(key, &parts, &body) })
    }
}

fn idempotency_of(key: Option<Arc<str>>, parts: &Parts, body: &[u8]) -> Option<Idempotency> {
    key.map(|key| Idempotency { key, fingerprint: fingerprint(parts.method.as_str(), parts.uri.path(), body) })
}

/// SHA-256 of method, path and raw body. A NUL stands between them: neither method nor path can hold one.
pub(crate) fn fingerprint(method: &str, path: &str, body: &[u8]) -> Fingerprint {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [method.as_bytes(), b"\0", path.as_bytes(), b"\0", body] {
        context.update(part);
    }
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(context.finish().as_ref());
    fingerprint
}

fn key_of(headers: &HeaderMap) -> Result<Option<Arc<str>>, Problem> {
    let refused = |detail| Problem::invalid_at(Place::Header(IDEMPOTENCY_KEY_NAME), detail);
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(refused("must be sent once"));
    }
    parse_key(value.as_bytes()).map(Some).ok_or_else(|| refused(KEY_RULE))
}

/// The key in a header's value: quoted (RFC 9651 §3.3.3, with `\"` and `\\`) or bare.
fn parse_key(value: &[u8]) -> Option<Arc<str>> {
    let text = std::str::from_utf8(value).ok()?;
    match text.strip_prefix('"') {
        None => checked_key(text),
        Some(rest) => {
            let inner = rest.strip_suffix('"')?;
            let mut key = String::with_capacity(inner.len());
            let mut characters = inner.chars();
            while let Some(character) = characters.next() {
                match character {
                    '\\' => key.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
                    '"' => return None,
                    _ => key.push(character),
                }
            }
            checked_key(&key)
        }
    }
}

/// A key that keeps the bounds, also where it comes in a body.
pub(crate) fn checked_key(key: &str) -> Option<Arc<str>> {
    let is_printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    (is_printable && (1..=KEY_LENGTH_MAX).contains(&key.len())).then(|| Arc::from(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn keys_are_taken_quoted_and_bare() {
        let long = "k".repeat(KEY_LENGTH_MAX);
        let table = [
            ("abc", Some("abc")),
            ("\"abc\"", Some("abc")),
            ("\"a\\\"b\\\\c\"", Some("a\"b\\c")),
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", Some("8e03978e-40d5-43dd-bc93-6894a57f9324")),
            (&long, Some(long.as_str())),
            (&format!("{long}k"), None),
            ("\"\"", None),
            ("\"abc", None),
            ("\"a\"b\"", None),
            ("\"a\\b\"", None),
            ("ä", None),
        ];
        for (value, expected) in table {
            assert_eq!(parse_key(value.as_bytes()).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn a_key_is_sent_once() {
        let mut headers = HeaderMap::new();
        assert_eq!(key_of(&headers), Ok(None));
        headers.append(IDEMPOTENCY_KEY, HeaderValue::from_static("a"));
        assert_eq!(key_of(&headers).unwrap().as_deref(), Some("a"));
        headers.append(IDEMPOTENCY_KEY, HeaderValue::from_static("a"));
        assert!(key_of(&headers).is_err());
    }

    #[test]
    fn fingerprints_tell_requests_apart() {
        let table = [
            ("POST", "/a", "{}"),
            ("PUT", "/a", "{}"),
            ("POST", "/b", "{}"),
            ("POST", "/a", "{ }"),
            ("POST", "/a{}", ""),
        ];
        for (index, (method, path, body)) in table.iter().enumerate() {
            let own = fingerprint(method, path, body.as_bytes());
            assert_eq!(own, fingerprint(method, path, body.as_bytes()));
            for (method, path, body) in &table[index + 1..] {
                assert_ne!(own, fingerprint(method, path, body.as_bytes()));
            }
        }
    }
}
