//! Query parameters, and the pages of a list: `limit` (1 to 100, default 20) and an opaque `cursor`.
//!
//! A cursor is the name of the last row of the page before. It is checked like any other input: a forged one can only
//! name another place of the same list.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::IntoParams;

use crate::problem::{FieldError, Place, Problem};

/// Rows of a page unless asked otherwise.
pub(crate) const LIMIT_DEFAULT: usize = 20;
/// Most rows of a page.
pub(crate) const LIMIT_MAX: usize = 100;

/// The query parameters of a call. Unknown and repeated ones are refused.
#[derive(Debug)]
pub(crate) struct Parameters<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Parameters<T>, Problem> {
        let Query(parameters) = Query::try_from_uri(&parts.uri).map_err(|error| {
            let text = error.body_text();
            let detail = text.rsplit(": ").next().unwrap_or_default().to_owned();
            Problem::invalid(vec![FieldError::new(Place::Parameter("query"), detail)])
        })?;
        Ok(Parameters(parameters))
    }
}

/// The parameters of a list without filters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Rows of the page: 1 to 100, 20 unless said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(crate) limit: Option<String>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A parameter without a value is one that is not given.
pub(crate) fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// How many rows a page has.
pub(crate) fn limit_of(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(LIMIT_DEFAULT) };
    let number = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    number.ok_or_else(|| Problem::invalid_at(Place::Parameter("limit"), "must be from 1 to 100"))
}

/// Where a page begins, as a key of its list.
pub(crate) fn cursor_of<K>(text: Option<&str>, parse: impl FnOnce(&str) -> Option<K>) -> Result<Option<K>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let refused = || Problem::invalid_at(Place::Parameter("cursor"), "must be a next_cursor of this list");
    parse(text).map(Some).ok_or_else(refused)
}

/// One page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    pub(crate) next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The page out of rows of which one more than `limit` was asked for: the one too many only tells that there is more.
    pub(crate) fn of(mut rows: Vec<T>, limit: usize, cursor: impl FnOnce(&T) -> String) -> Page<T> {
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if has_more { rows.last().map(cursor) } else { None };
        Page { data: rows, next_cursor }
    }

    /// The same page with each row in its wire form.
    pub(crate) fn map<'a, U>(&'a self, view: impl Fn(&'a T) -> U) -> Page<U> {
        Page { data: self.data.iter().map(view).collect(), next_cursor: self.next_cursor.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn limits_are_bounded() {
        let table = [
            (None, Ok(20)),
            (Some("1"), Ok(1)),
            (Some("100"), Ok(100)),
            (Some("0"), Err(())),
            (Some("101"), Err(())),
            (Some("-1"), Err(())),
            (Some("1.5"), Err(())),
            (Some(""), Err(())),
        ];
        for (text, expected) in table {
            assert_eq!(limit_of(text).map_err(|_| ()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_page_tells_whether_there_is_more() {
        let table = [(vec![3, 2], None), (vec![3, 2, 1], Some("2".to_owned())), (vec![], None)];
        for (rows, next_cursor) in table {
            let page = Page::of(rows, 2, i32::to_string);
            assert!(page.data.len() <= 2);
            assert_eq!(page.next_cursor, next_cursor);
        }
    }

    #[tokio::test]
    async fn unknown_and_repeated_parameters_are_refused() {
        let table = [
            ("/x", Ok(None)),
            ("/x?limit=5", Ok(Some("5"))),
            ("/x?limt=5", Err("unknown field `limt`, expected `limit` or `cursor`")),
            ("/x?limit=5&limit=6", Err("duplicate field `limit`")),
        ];
        for (uri, expected) in table {
            let (mut parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
            let found = Parameters::<PageQuery>::from_request_parts(&mut parts, &()).await;
            let found = found.map(|parameters| parameters.0.limit);
            match expected {
                Ok(limit) => assert_eq!(found.unwrap().as_deref(), limit, "{uri}"),
                Err(detail) => {
                    let value = serde_json::to_value(found.unwrap_err()).unwrap();
                    assert_eq!(value["errors"][0]["detail"], detail, "{uri}");
                }
            }
        }
    }
}
