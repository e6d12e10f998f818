//! How the sandboxes say no to programs: RFC 9457 problem documents, with the same shape as those of Ordain.
//!
//! The codes are stable. Nothing internal is put into a problem.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Serialize;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A no, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    /// RFC 6901 pointer to the member that is wrong.
    pointer: Option<String>,
}

#[derive(Serialize)]
struct Wire<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<WireError<'a>>,
}

#[derive(Serialize)]
struct WireError<'a> {
    pointer: &'a str,
    detail: &'a str,
}

impl Problem {
    pub(crate) fn invalid(pointer: &str, detail: impl Into<String>) -> Problem {
        Problem {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_request",
            title: "The request is not valid",
            detail: detail.into(),
            pointer: Some(pointer.to_owned()),
        }
    }

    pub(crate) fn plain(status: StatusCode, code: &'static str, title: &'static str, detail: &str) -> Problem {
        Problem { status, code, title, detail: detail.to_owned(), pointer: None }
    }

    pub(crate) fn unknown(detail: &str) -> Problem {
        Problem::plain(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    pub(crate) fn internal(detail: &str) -> Problem {
        Problem::plain(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
    }

    pub(crate) fn method() -> Problem {
        Problem::plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Method not allowed",
            "The path does not take this method.",
        )
    }

    pub(crate) fn media_type() -> Problem {
        Problem::plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Unsupported media type",
            "The body must be application/json.",
        )
    }

    pub(crate) fn too_long() -> Problem {
        Problem::plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            "Payload too large",
            "The body is longer than the sandbox reads.",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let errors = self.pointer.iter().map(|pointer| WireError { pointer, detail: &self.detail }).collect();
        let wire = Wire {
            r#type: format!("https://ordain.dev/problems/{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            errors,
        };
        let mut response = (self.status, Json(wire)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM_JSON);
        response
    }
}
