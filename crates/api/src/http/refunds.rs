//! Refunds: request, read, list, try again, settle.
//!
//! A request is answered as soon as it is written down; the money moves afterwards.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod request;
pub(crate) mod resolve;
pub(crate) mod retry;

use axum::{http::StatusCode, response::Response};
use ordain_domain::answer::{Answer, Reply};

use crate::{answer, http::respond, wire::refund::RefundView};

/// The answer to a step of a refund.
fn stepped(reply: Reply) -> Response {
    respond(reply, |answer| match answer {
        Answer::Refund(refund) => {
            Some(answer::resource(StatusCode::OK, refund.version, &RefundView::from(refund.as_ref())))
        }
        _ => None,
    })
}
