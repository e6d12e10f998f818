//! Conditional requests (RFC 9110 §13): `If-Match` and `If-None-Match` against the version of a resource.
//!
//! The entity tag of a resource is its version in quotes. Comparing for a change is done by the domain within the
//! decision; here the header is only understood.

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderValue,
        header::{IF_MATCH, IF_NONE_MATCH},
        request::Parts,
    },
};

use crate::problem::{Place, Problem, ProblemCode};

/// What a change demands of the stored version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// Nothing.
    None,
    /// `If-Match: "<version>"`.
    Version(u64),
    /// `If-Match: *`: the resource exists.
    Exists,
    /// `If-None-Match: *`: the resource does not exist.
    Absent,
}

impl Precondition {
    /// The version that the domain shall expect, 0 for "there is none". `current` tells the stored version where the
    /// domain has no word for the demand.
    ///
    /// # Errors
    /// `precondition_failed` when the resource must exist and does not.
    pub(crate) fn expected(
        self,
        current: impl FnOnce() -> Result<Option<u64>, Problem>,
    ) -> Result<Option<u64>, Problem> {
        match self {
            Precondition::None => Ok(None),
            Precondition::Version(version) => Ok(Some(version)),
            Precondition::Absent => Ok(Some(0)),
            Precondition::Exists if current()?.is_some() => Ok(None),
            Precondition::Exists => Err(failed("There is no such resource yet.")),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Precondition {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Precondition, Problem> {
        precondition(&parts.headers)
    }
}

fn precondition(headers: &HeaderMap) -> Result<Precondition, Problem> {
    let of_absence = match headers.get(IF_NONE_MATCH).map(HeaderValue::as_bytes) {
        None => Precondition::None,
        Some(b"*") => Precondition::Absent,
        Some(_) => return Err(Problem::invalid_at(Place::Header("If-None-Match"), "can only be * on a change")),
    };
    let mut values = headers.get_all(IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(of_absence) };
    let refused = || Problem::invalid_at(Place::Header("If-Match"), "must be * or one version in quotes");
    if values.next().is_some() || of_absence != Precondition::None {
        return Err(refused());
    }
    let text = value.to_str().map_err(|_| refused())?.trim();
    if text == "*" {
        return Ok(Precondition::Exists);
    }
    // A weak tag never matches in If-Match (RFC 9110 §13.1.1), and neither does a tag that no version can have.
    let tag = text.strip_prefix("W/").unwrap_or(text);
    let inner = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|inner| !inner.contains('"'));
    match inner {
        None => Err(refused()),
        Some(inner) => match version_of(inner) {
            Some(version) if tag == text => Ok(Precondition::Version(version)),
            _ => Err(failed("The tag is not one of this resource.")),
        },
    }
}

/// Only the text that [`entity_tag`] writes is a version. 0 is one: that of stock and points that never moved.
fn version_of(text: &str) -> Option<u64> {
    let is_canonical = text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    text.parse().ok().filter(|_| is_canonical)
}

fn failed(detail: &'static str) -> Problem {
    Problem::new(ProblemCode::PreconditionFailed, detail)
}

/// The entity tag of a version.
pub(crate) fn entity_tag(version: u64) -> HeaderValue {
    let mut text = [b'"'; 22];
    let mut start = text.len() - 1;
    let mut rest = version;
    loop {
        start -= 1;
        text[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    HeaderValue::from_bytes(&text[start - 1..]).expect("quotes and digits are visible ASCII")
}

/// Whether a GET may be answered 304: `If-None-Match` is `*` or names the version (weak comparison, RFC 9110 §13.1.2).
pub(crate) fn is_unchanged(headers: &HeaderMap, version: u64) -> bool {
    if !headers.contains_key(IF_NONE_MATCH) {
        return false;
    }
    let tag = entity_tag(version);
    headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').map(str::trim).any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn if_match_is_one_version_or_any() {
        let code = |problem: Problem| problem.code();
        let table: [(&[&str], _); 12] = [
            (&[], Ok(Precondition::None)),
            (&["\"7\""], Ok(Precondition::Version(7))),
            (&["*"], Ok(Precondition::Exists)),
            (&["7"], Err(ProblemCode::InvalidRequest)),
            (&["\"7\", \"8\""], Err(ProblemCode::InvalidRequest)),
            (&["\"7\"", "\"8\""], Err(ProblemCode::InvalidRequest)),
            (&["W/\"7\""], Err(ProblemCode::PreconditionFailed)),
            (&["\"x\""], Err(ProblemCode::PreconditionFailed)),
            (&["\"+7\""], Err(ProblemCode::PreconditionFailed)),
            (&["\"07\""], Err(ProblemCode::PreconditionFailed)),
            (&["\"0\""], Ok(Precondition::Version(0))),
            (&["\"18446744073709551616\""], Err(ProblemCode::PreconditionFailed)),
        ];
        for (values, expected) in table {
            assert_eq!(precondition(&headers("if-match", values)).map_err(code), expected, "{values:?}");
        }
        let absent = headers("if-none-match", &["*"]);
        assert_eq!(precondition(&absent), Ok(Precondition::Absent));
        let of_a_read = headers("if-none-match", &["\"1\""]);
        assert_eq!(precondition(&of_a_read).map_err(code), Err(ProblemCode::InvalidRequest));
    }

    #[test]
    fn if_none_match_names_the_version_among_others() {
        let table: [(&[&str], bool); 7] = [
            (&[], false),
            (&["\"7\""], true),
            (&["W/\"7\""], true),
            (&["\"6\", \"7\""], true),
            (&["\"6\"", "\"7\""], true),
            (&["*"], true),
            (&["\"77\", 7"], false),
        ];
        for (values, expected) in table {
            assert_eq!(is_unchanged(&headers("if-none-match", values), 7), expected, "{values:?}");
        }
        assert_eq!(entity_tag(0), "\"0\"");
        assert_eq!(entity_tag(u64::MAX), "\"18446744073709551615\"");
    }

    #[test]
    fn existence_is_asked_only_when_it_matters() {
        let unasked = || -> Result<Option<u64>, Problem> { panic!("existence was asked") };
        assert_eq!(Precondition::None.expected(unasked), Ok(None));
        assert_eq!(Precondition::Version(3).expected(unasked), Ok(Some(3)));
        assert_eq!(Precondition::Absent.expected(unasked), Ok(Some(0)));
        assert_eq!(Precondition::Exists.expected(|| Ok(Some(1))), Ok(None));
        let refused = Precondition::Exists.expected(|| Ok(None)).unwrap_err();
        assert_eq!(refused.code(), ProblemCode::PreconditionFailed);
    }
}
