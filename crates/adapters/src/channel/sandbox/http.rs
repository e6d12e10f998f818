//! The sandbox's program interface: pay, look, read the ledger, choose faults. And the routes of its pages.
//!
//! It speaks to programs that test; it knows no keys and no roles, and whoever mounts it decides who may reach it.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State, rejection::BytesRejection, rejection::QueryRejection},
    http::HeaderMap,
    routing::{get, post},
};
use ordain_domain::ids::PaymentId;
use serde::{Deserialize, Serialize};

use super::{
    Faults, LedgerLine, NotificationCounts, PayOrder, PaymentView, Sandbox, pages,
    payer::{DELAY_MS_MAX, PayProblem},
    problem::unknown_payment,
};
use crate::sandbox::{
    body::{BODY_BYTES_MAX, strict_json},
    problem::Problem,
};

/// Lines of the ledger in one answer.
const LEDGER_LIMIT_MAX: u32 = 1_000;
const LEDGER_LIMIT: u32 = 100;

/// The routes, to be nested at `/sandbox`.
pub fn router(sandbox: Arc<Sandbox>) -> Router {
    Router::new()
        .route("/v1/payments/{payment}", get(show))
        .route("/v1/payments/{payment}/pay", post(pay))
        .route("/v1/ledger", get(ledger))
        .route("/v1/notifications", get(notifications))
        .route("/v1/faults", get(faults).put(set_faults))
        .route("/pay/{payment}", get(pages::show).post(pages::decide))
        .method_not_allowed_fallback(async || Problem::method())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(sandbox)
}

/// The payment that a path names. What is no id names none.
pub(super) fn payment_of(text: &str) -> Result<PaymentId, Problem> {
    text.parse().map_err(|_| unknown_payment())
}

async fn show(State(sandbox): State<Arc<Sandbox>>, Path(payment): Path<String>) -> Result<Json<PaymentView>, Problem> {
    let payment = payment_of(&payment)?;
    let (account, now) = sandbox.books.run(move |page| Ok((page.account(payment)?, page.now))).await?;
    let account = account.ok_or_else(unknown_payment)?;
    Ok(Json(PaymentView::of(&account, &sandbox.identity, now)))
}

async fn pay(
    State(sandbox): State<Arc<Sandbox>>,
    Path(payment): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<PaymentView>, Problem> {
    let payment = payment_of(&payment)?;
    let body = body.map_err(|_| Problem::too_long())?;
    // Paying is the least that can be meant, so an empty body means it.
    let order: PayOrder = if body.is_empty() { PayOrder::default() } else { strict_json(&headers, &body)? };
    if order.delay_ms > DELAY_MS_MAX {
        return Err(Problem::invalid("/delay_ms", format!("must be at most {DELAY_MS_MAX}")));
    }
    let account = sandbox.pay(payment, order).await?.map_err(|problem: PayProblem| Problem::from(problem))?;
    Ok(Json(PaymentView::of(&account, &sandbox.identity, sandbox.clock.0.now())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LedgerQuery {
    after: Option<i64>,
    limit: Option<u32>,
}

#[derive(Serialize)]
struct LedgerPage {
    data: Vec<LedgerLine>,
    /// What to give as `after` for what follows; none when there is nothing yet.
    next_cursor: Option<String>,
}

async fn ledger(
    State(sandbox): State<Arc<Sandbox>>,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Json<LedgerPage>, Problem> {
    let Query(query) = query.map_err(|rejection| Problem::invalid("", rejection.body_text()))?;
    let limit = query.limit.unwrap_or(LEDGER_LIMIT);
    if !(1..=LEDGER_LIMIT_MAX).contains(&limit) {
        return Err(Problem::invalid("/limit", format!("must be from 1 to {LEDGER_LIMIT_MAX}")));
    }
    let data = sandbox.ledger(query.after.unwrap_or(0), limit).await?;
    let is_full = data.len() == limit as usize;
    let next_cursor = data.last().filter(|_| is_full).map(|line| line.number.to_string());
    Ok(Json(LedgerPage { data, next_cursor }))
}

async fn notifications(State(sandbox): State<Arc<Sandbox>>) -> Result<Json<NotificationCounts>, Problem> {
    Ok(Json(sandbox.notification_counts().await?))
}

async fn faults(State(sandbox): State<Arc<Sandbox>>) -> Json<Faults> {
    Json(sandbox.faults())
}

/// Replaces the whole menu: what is left out is off.
async fn set_faults(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Faults>, Problem> {
    let body = body.map_err(|_| Problem::too_long())?;
    let faults: Faults = strict_json(&headers, &body)?;
    sandbox.set_faults(faults).map_err(|(member, detail)| Problem::invalid(&format!("/{member}"), detail))?;
    Ok(Json(sandbox.faults()))
}
