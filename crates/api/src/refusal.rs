//! Which problem a refusal or a failure becomes: the one place where the domain's words meet the codes of the contract.
//!
//! The match is exhaustive, so that a new refusal does not compile until it has a code.

use ordain_domain::{
    ids::OrderId,
    payment::PaymentStatus,
    refund::RefundStatus,
    refusal::{CouponProblem, Refusal, Thing},
};
use ordain_engine::{EngineFailure, port::store::StoreFailure};

use crate::{
    number_text::PrefixedId,
    problem::{FieldError, Problem, ProblemCode},
};

/// The problem of a refusal.
pub(crate) fn problem_of_refusal(refusal: &Refusal) -> Problem {
    problem_of_refusal_of(refusal, "sku")
}

/// The problem of a refusal of a request whose lines have their SKU in this member.
pub(crate) fn problem_of_refusal_of(refusal: &Refusal, sku_member: &str) -> Problem {
    match refusal {
        Refusal::InvalidRequest { pointer, detail } => {
            Problem::invalid(vec![FieldError::at(pointer.to_string(), detail.to_string())])
        }
        Refusal::NotFound { thing } => Problem::not_found(name_of(*thing)),
        Refusal::UnknownSku { line, sku } => {
            let problem = Problem::new(ProblemCode::UnknownSku, format!("There is no product {sku}."));
            of_line(problem, *line, sku_member).with("sku", sku.as_str())
        }
        Refusal::SkuNotSellable { line, sku } => {
            let problem = Problem::new(ProblemCode::SkuNotSellable, format!("The product {sku} is inactive."));
            of_line(problem, Some(*line), sku_member).with("sku", sku.as_str())
        }
        Refusal::InsufficientStock { sku, available } => {
            let detail = format!("Only {available} units of {sku} are available.");
            Problem::new(ProblemCode::InsufficientStock, detail).with("sku", sku.as_str()).with("available", *available)
        }
        Refusal::PriceChanged { expected_total, total } => {
            let detail = format!("The total is {total}, not {expected_total}.");
            Problem::new(ProblemCode::PriceChanged, detail)
                .with("expected_total", *expected_total)
                .with("total", *total)
        }
        Refusal::CouponNotUsable { reason } => problem_of_coupon(*reason),
        Refusal::InsufficientPoints { balance } => {
            let detail = format!("Only {balance} points can be spent.");
            Problem::new(ProblemCode::InsufficientPoints, detail).with("balance", *balance)
        }
        Refusal::IdempotencyKeyReused => Problem::new(
            ProblemCode::IdempotencyKeyReused,
            "The key was used before with another method, path or body. Use a new key for a new request.",
        ),
        Refusal::DuplicateOrder { order_id } => problem_of_duplicate(*order_id),
        Refusal::TooManyUnpaid { limit } => {
            let detail = format!("The user has {limit} unpaid orders. One must be paid or cancelled first.");
            Problem::new(ProblemCode::TooManyUnpaid, detail).with("limit", i64::from(*limit))
        }
        Refusal::PaymentState { status } => problem_of_payment_state(*status),
        Refusal::PaymentUnresolved { payment } => {
            let id = PrefixedId::from(*payment);
            let detail = format!("The outcome of {} is not known yet; another charge has to wait for it.", id.as_str());
            Problem::new(ProblemCode::PaymentUnresolved, detail).with("payment_id", id.as_str())
        }
        Refusal::RefundState { status } => problem_of_refund_state(*status),
        Refusal::AfterSaleState { status } => {
            let detail = format!("The after-sale is {}.", status.as_str());
            Problem::new(ProblemCode::AfterSaleState, detail).with("after_sale_status", status.as_str())
        }
        Refusal::RefundExceeds { refundable } => {
            let detail = format!("At most {refundable} can be given back.");
            Problem::new(ProblemCode::RefundExceeds, detail).with("refundable", *refundable)
        }
        Refusal::OrderState { status } => {
            let detail = format!("The order is {}.", status.as_str());
            Problem::new(ProblemCode::OrderState, detail).with("order_status", status.as_str())
        }
        Refusal::TooManyLetters { limit } => {
            let limit = i64::try_from(*limit).unwrap_or(i64::MAX);
            Problem::new(ProblemCode::TooManyDeadLetters, format!("The consumer has {limit} dead letters."))
                .with("limit", limit)
        }
        Refusal::VersionMismatch { version } => {
            let version = i64::try_from(*version).unwrap_or(i64::MAX);
            Problem::new(ProblemCode::PreconditionFailed, format!("The present version is {version}."))
                .with("version", version)
        }
    }
}

const fn name_of(thing: Thing) -> &'static str {
    match thing {
        Thing::Order => "order",
        Thing::CouponTemplate => "coupon template",
        Thing::Payment => "payment",
        Thing::Refund => "refund",
        Thing::Receipt => "receipt",
        Thing::Webhook => "webhook",
        Thing::Letter => "dead letter",
        Thing::Consumer => "consumer",
        Thing::Shipment => "shipment",
        Thing::AfterSale => "after-sale",
    }
}

fn problem_of_duplicate(order: OrderId) -> Problem {
    let id = PrefixedId::from(order);
    let detail = format!("{} has the same lines. Use an idempotency key to order them again.", id.as_str());
    Problem::new(ProblemCode::DuplicateOrder, detail).with("order_id", id.as_str())
}

fn of_line(problem: Problem, line: Option<usize>, member: &str) -> Problem {
    match line {
        Some(line) => problem.pointing_at(FieldError::at(format!("/lines/{line}/{member}"), "cannot be ordered")),
        None => problem,
    }
}

fn problem_of_payment_state(status: Option<PaymentStatus>) -> Problem {
    let Some(status) = status else {
        return Problem::new(ProblemCode::PaymentState, "The order has had as many attempts as it may have.");
    };
    let detail = format!("The payment is {}.", status.as_str());
    Problem::new(ProblemCode::PaymentState, detail).with("payment_status", status.as_str())
}

fn problem_of_refund_state(status: RefundStatus) -> Problem {
    let detail = format!("The refund is {}.", status.as_str());
    Problem::new(ProblemCode::PaymentState, detail).with("refund_status", status.as_str())
}

fn problem_of_coupon(reason: CouponProblem) -> Problem {
    let (word, detail) = match reason {
        CouponProblem::NotFound => ("not_found", "The user has no such coupon."),
        CouponProblem::Frozen => ("frozen", "The coupon is on an unpaid order."),
        CouponProblem::Used => ("used", "The coupon was spent."),
        CouponProblem::NotYetValid => ("not_yet_valid", "The coupon is not valid yet."),
        CouponProblem::Expired => ("expired", "The coupon is not valid any longer."),
        CouponProblem::MinimumSpend => ("minimum_spend", "The goods cost less than the coupon's minimum spend."),
        CouponProblem::Currency => ("currency", "The coupon is for orders in another currency."),
        CouponProblem::LimitTotal => ("limit_total", "All coupons of the template were granted."),
        CouponProblem::LimitPerUser => ("limit_per_user", "The user was granted all it may get of the template."),
    };
    Problem::new(ProblemCode::CouponNotUsable, detail).with("reason", word)
}

/// The problem of a failing engine. What a caller may repeat is `overloaded`; everything else is `internal` and in the log.
pub(crate) fn problem_of_failure(failure: &EngineFailure) -> Problem {
    match failure {
        EngineFailure::Overloaded => {
            Problem::new(ProblemCode::Overloaded, "More requests wait than are taken. Nothing was done.")
        }
        EngineFailure::Stopping => Problem::new(ProblemCode::Overloaded, "The server is stopping. Nothing was done."),
        EngineFailure::Store(failure) => problem_of_store(failure),
        EngineFailure::Bug => Problem::internal(),
    }
}

/// The problem of a failing store. The failure's own text may name files and statements: it is logged, not sent.
pub(crate) fn problem_of_store(failure: &StoreFailure) -> Problem {
    tracing::error!(error.message = %failure, error.kind = ?failure.kind, "the store failed a request");
    if failure.is_retryable() {
        Problem::new(ProblemCode::Overloaded, "The store cannot take the request at the moment.")
    } else {
        Problem::internal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ordain_domain::{
        ids::{PaymentId, Sku},
        order::OrderStatus,
    };
    use ordain_engine::port::store::FailureKind;

    #[test]
    fn every_refusal_has_its_code_and_members() {
        let sku = Sku::new("A").unwrap();
        let table = [
            (
                Refusal::invalid("/delta", "must not be 0"),
                "invalid_request",
                r#""errors":[{"pointer":"/delta","detail":"must not be 0"}]"#,
            ),
            (Refusal::NotFound { thing: Thing::Order }, "not_found", r#""detail":"There is no such order.""#),
            (
                Refusal::UnknownSku { line: Some(2), sku: sku.clone() },
                "unknown_sku",
                r#""sku":"A","errors":[{"pointer":"/lines/2/sku","#,
            ),
            (Refusal::UnknownSku { line: None, sku: sku.clone() }, "unknown_sku", r#""sku":"A"}"#),
            (Refusal::SkuNotSellable { line: 0, sku: sku.clone() }, "sku_not_sellable", r#""sku":"A""#),
            (Refusal::InsufficientStock { sku, available: 3 }, "insufficient_stock", r#""sku":"A","available":3"#),
            (Refusal::PriceChanged { expected_total: 1, total: 2 }, "price_changed", r#""expected_total":1,"total":2"#),
            (Refusal::CouponNotUsable { reason: CouponProblem::Frozen }, "coupon_not_usable", r#""reason":"frozen""#),
            (Refusal::InsufficientPoints { balance: 7 }, "insufficient_points", r#""balance":7"#),
            (Refusal::IdempotencyKeyReused, "idempotency_key_reused", r#""status":422"#),
            (Refusal::DuplicateOrder { order_id: OrderId::from_number(5) }, "duplicate_order", r#""order_id":"ord_5""#),
            (Refusal::TooManyUnpaid { limit: 20 }, "too_many_unpaid", r#""limit":20"#),
            (
                Refusal::OrderState { status: OrderStatus::Cancelled },
                "order_state",
                r#""status":409,"detail":"The order is cancelled.","code":"order_state","order_status":"cancelled""#,
            ),
            (Refusal::NotFound { thing: Thing::Refund }, "not_found", r#""detail":"There is no such refund.""#),
            (Refusal::PaymentState { status: None }, "payment_state", r#""code":"payment_state"}"#),
            (
                Refusal::PaymentState { status: Some(PaymentStatus::Closed) },
                "payment_state",
                r#""detail":"The payment is closed.","code":"payment_state","payment_status":"closed""#,
            ),
            (
                Refusal::PaymentUnresolved { payment: PaymentId::from_number(6) },
                "payment_unresolved",
                r#""payment_id":"pay_6""#,
            ),
            (
                Refusal::RefundState { status: RefundStatus::Succeeded },
                "payment_state",
                r#""detail":"The refund is succeeded.","code":"payment_state","refund_status":"succeeded""#,
            ),
            (Refusal::RefundExceeds { refundable: 12 }, "refund_exceeds", r#""refundable":12"#),
            (Refusal::VersionMismatch { version: 9 }, "precondition_failed", r#""version":9"#),
        ];
        for (refusal, code, part) in table {
            let problem = problem_of_refusal(&refusal);
            let text = serde_json::to_string(&problem).unwrap();
            assert_eq!(problem.code().text(), code);
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn failures_tell_what_may_be_repeated_and_nothing_else() {
        let store = |kind| EngineFailure::Store(StoreFailure::new(kind, "table orders in /data/x.db"));
        let table = [
            (EngineFailure::Overloaded, "overloaded"),
            (EngineFailure::Stopping, "overloaded"),
            (store(FailureKind::Busy), "overloaded"),
            (store(FailureKind::Full), "overloaded"),
            (store(FailureKind::Constraint), "internal"),
            (store(FailureKind::Corrupt), "internal"),
            (EngineFailure::Bug, "internal"),
        ];
        for (failure, code) in table {
            let problem = problem_of_failure(&failure);
            assert_eq!(problem.code().text(), code, "{failure:?}");
            assert!(!serde_json::to_string(&problem).unwrap().contains("/data"), "{failure:?}");
        }
    }
}
