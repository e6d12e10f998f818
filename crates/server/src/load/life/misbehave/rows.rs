//! Orders, attempts and refunds as the server shows them, as far as they are judged.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;

use crate::{
    cli::Failure,
    load::{
        bulk::{Answer, exchange_all},
        client::Endpoint,
        tally::excerpt,
    },
};

/// An order. Amounts are minor units.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct OrderRow {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) paid: i64,
    pub(super) refunded: i64,
    pub(super) price: PriceRow,
}

/// A price.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct PriceRow {
    pub(super) total: i64,
}

/// An attempt to pay. Amounts are minor units.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct PaymentRow {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) amount: i64,
    pub(super) captured: i64,
    pub(super) refunded: i64,
    pub(super) refunding: i64,
    pub(super) pays_order: bool,
    pub(super) needs_attention: bool,
}

/// A refund.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct RefundRow {
    pub(super) id: String,
    pub(super) status: String,
}

/// An order with its attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) order: OrderRow,
    pub(super) payments: Vec<PaymentRow>,
}

impl Rows {
    /// Whether the order has what was paid for it.
    pub(super) fn is_kept(&self) -> bool {
        matches!(&*self.order.status, "paid" | "partially_shipped" | "shipped" | "delivered" | "completed")
    }

    /// Whether the order has ended without goods.
    pub(super) fn is_cancelled(&self) -> bool {
        self.order.status == "cancelled"
    }

    /// Whether nothing of it is under way: no order that waits, no attempt without an end unless a person is asked for, no
    /// money on its way back.
    pub(super) fn is_at_rest(&self) -> bool {
        let is_open = |payment: &PaymentRow| {
            matches!(&*payment.status, "created" | "pending" | "unknown") && !payment.needs_attention
        };
        (self.is_kept() || self.is_cancelled())
            && !self.payments.iter().any(|payment| is_open(payment) || payment.refunding != 0)
    }
}

#[derive(Deserialize)]
struct List<T> {
    data: Vec<T>,
}

/// The orders of `ids` with their attempts, in the same order.
///
/// # Errors
/// The server does not answer within `patience`, or not with an order.
pub(super) async fn read(endpoint: &Endpoint, ids: Vec<String>, patience: Duration) -> Result<Vec<Rows>, Failure> {
    let ids = Arc::new(ids);
    let orders = read_each(endpoint, (&ids, ""), patience).await?;
    let payments = read_each(endpoint, (&ids, "/payments"), patience).await?;
    let rows = |(order, payments): (&Answer, &Answer)| {
        let order: OrderRow = parsed(order)?;
        let payments: List<PaymentRow> = parsed(payments)?;
        Ok(Rows { order, payments: payments.data })
    };
    orders.iter().zip(&payments).map(rows).collect()
}

/// The refunds of the orders of `ids`.
///
/// # Errors
/// As [`read`].
pub(super) async fn refunds(
    endpoint: &Endpoint,
    ids: Vec<String>,
    patience: Duration,
) -> Result<Vec<RefundRow>, Failure> {
    let answers = read_each(endpoint, (&Arc::new(ids), "/refunds"), patience).await?;
    let mut refunds = Vec::new();
    for answer in &answers {
        refunds.extend(parsed::<List<RefundRow>>(answer)?.data);
    }
    Ok(refunds)
}

async fn read_each(
    endpoint: &Endpoint,
    (ids, rest): (&Arc<Vec<String>>, &'static str),
    patience: Duration,
) -> Result<Vec<Answer>, Failure> {
    let (head, of) = (endpoint.head("GET", "/v1/orders/", None), Arc::clone(ids));
    let request = move |index: usize| {
        let mut request = Vec::new();
        head.write(&mut request, format!("{}{rest}", of[index]).as_bytes(), None, b"");
        request
    };
    Ok(exchange_all(endpoint, ids.len(), patience, request, || {}).await?)
}

pub(super) fn parsed<'a, T: Deserialize<'a>>(answer: &'a Answer) -> Result<T, Failure> {
    if answer.status != 200 {
        return Err(format!("status {}: {}", answer.status, excerpt(&answer.body)).into());
    }
    Ok(serde_json::from_slice(&answer.body).map_err(|error| format!("{error}: {}", excerpt(&answer.body)))?)
}
