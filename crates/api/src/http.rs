//! The calls, one room a resource and one file an endpoint.
//!
//! A handler reads the request, sends a command or reads rows, and writes the answer. Whether something is allowed is
//! decided in the domain; the forms are those of `wire`.

pub(crate) mod after_sales;
pub(crate) mod channels;
pub(crate) mod coupons;
pub(crate) mod health;
pub(crate) mod ops;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod points;
pub(crate) mod products;
pub(crate) mod promotions;
pub(crate) mod quotes;
pub(crate) mod refunds;
pub(crate) mod shipments;
pub(crate) mod stock;
pub(crate) mod users;
pub(crate) mod webhooks;

use axum::response::{IntoResponse, Response};
use ordain_domain::answer::{Answer, Reply};

use crate::{answer::replayed, problem::Problem, refusal::problem_of_refusal_of};

/// The response to a command. `accepted` takes the one kind of answer that the command has.
pub(crate) fn respond(reply: Reply, accepted: impl FnOnce(&Answer) -> Option<Response>) -> Response {
    respond_with_skus_in("sku", reply, accepted)
}

/// The response to a command whose request has the SKUs of its lines in another member than `sku`.
pub(crate) fn respond_with_skus_in(
    member: &str,
    reply: Reply,
    accepted: impl FnOnce(&Answer) -> Option<Response>,
) -> Response {
    let response = match &reply.outcome {
        Ok(answer) => accepted(answer).unwrap_or_else(|| {
            tracing::error!("a command was answered with another kind of answer than it has");
            Problem::internal().into_response()
        }),
        Err(refusal) => problem_of_refusal_of(refusal, member).into_response(),
    };
    replayed(response, reply.replayed)
}
