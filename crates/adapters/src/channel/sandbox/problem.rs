//! Which problem each no of the sandbox channel is.

use axum::http::StatusCode;

use super::{account::Blocked, books::BooksFailure, payer::PayProblem};
use crate::sandbox::problem::Problem;

/// Nobody opened the payment.
pub(super) fn unknown_payment() -> Problem {
    Problem::unknown("The sandbox has no such payment.")
}

impl From<PayProblem> for Problem {
    fn from(problem: PayProblem) -> Problem {
        let detail = match problem {
            PayProblem::Unknown => return unknown_payment(),
            PayProblem::Blocked(Blocked::Closed) => "The payment was closed.",
            PayProblem::Blocked(Blocked::Expired) => "The time of the payment is over.",
            PayProblem::Blocked(Blocked::Refused) => "The payer refused before.",
            PayProblem::Blocked(Blocked::Paid) => "The payment was paid and cannot be refused.",
        };
        Problem::plain(StatusCode::CONFLICT, "payment_state", "The payment's state does not allow this", detail)
    }
}

impl From<BooksFailure> for Problem {
    fn from(failure: BooksFailure) -> Problem {
        tracing::error!(error.message = %failure, "the sandbox gave no answer");
        Problem::internal("The books do not answer; asking again is safe.")
    }
}
