//! After the misbehaving: waits until nothing of the run's orders is under way any more, and reads how they ended.
//!
//! Two things are done meanwhile: attempts of orders whose window had to end first are paid behind it, and a refund that was
//! tried to its end is sent again, as the list of stuck things tells a person to.

use std::{collections::HashSet, sync::Arc, time::Duration};

use serde::Deserialize;

use super::{
    actor::Case,
    rows::{self, Rows, parsed},
};
use crate::{
    cli::Failure,
    load::{
        bulk::{exchange_all, exchange_patiently},
        client::{Connection, Endpoint},
        clock,
        life::{caller::Shared, wire::CallBuffers},
    },
};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What is waited for.
pub(super) struct Resting<'a> {
    pub(super) shared: &'a Shared,
    pub(super) cases: &'a [Case],
    /// For each call.
    pub(super) patience: Duration,
    /// In all.
    pub(super) time: Duration,
}

/// How the orders ended.
pub(super) struct Rested {
    /// In the order of the cases.
    pub(super) rows: Vec<Rows>,
    /// Refunds that were sent again by hand.
    pub(super) retried: u64,
    /// Notifications that the sandbox gave up.
    pub(super) given_up: i64,
}

#[derive(Deserialize)]
struct Notifications {
    pending: i64,
    given_up: i64,
}

/// Waits until all is at rest, or the time is over; then reads all orders once more.
///
/// # Errors
/// The server does not answer, or not as it should.
pub(super) async fn come_to_rest(resting: &Resting<'_>) -> Result<Rested, Failure> {
    let endpoint = &resting.shared.endpoint;
    let give_up_at = clock::now() + resting.time;
    let mut connection = Connection::new(endpoint.clone());
    let bar = crate::load::display::bar("coming to rest", resting.cases.len());
    let (mut paid, mut retried) = (HashSet::new(), 0);
    let mut waiting: Vec<usize> = (0..resting.cases.len()).collect();
    loop {
        let is_time_over = clock::now() >= give_up_at;
        waiting = look(resting, waiting, (&mut paid, &mut retried)).await?;
        bar.set_position((resting.cases.len() - waiting.len()) as u64);
        let notifications = notifications(endpoint, &mut connection, resting.patience).await?;
        if is_time_over || (waiting.is_empty() && notifications.pending == 0) {
            let all = resting.cases.iter().map(|case| case.order.clone()).collect();
            let rows = rows::read(endpoint, all, resting.patience).await?;
            waiting = (0..rows.len()).filter(|index| !rows[*index].is_at_rest()).collect();
            if is_time_over || waiting.is_empty() {
                bar.finish_and_clear();
                return Ok(Rested { rows, retried, given_up: notifications.given_up });
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Looks at the orders that are waited for, does what is due for them, and gives those that are still waited for.
async fn look(
    resting: &Resting<'_>,
    waiting: Vec<usize>,
    (paid, retried): (&mut HashSet<usize>, &mut u64),
) -> Result<Vec<usize>, Failure> {
    let endpoint = &resting.shared.endpoint;
    let case = |index: usize| &resting.cases[index];
    let ids = waiting.iter().map(|index| case(*index).order.clone()).collect();
    let rows = rows::read(endpoint, ids, resting.patience).await?;
    let (mut left, mut due, mut refunding) = (Vec::new(), Vec::new(), Vec::new());
    for (index, rows) in waiting.into_iter().zip(rows) {
        let pay_now = case(index).pay_when_over.as_ref().filter(|_| rows.is_cancelled() && !paid.contains(&index));
        if let Some(payment) = pay_now {
            due.push(payment.clone());
            paid.insert(index);
        } else if rows.is_at_rest() {
            continue;
        }
        if rows.payments.iter().any(|payment| payment.refunding > 0) {
            refunding.push(case(index).order.clone());
        }
        left.push(index);
    }
    pay_behind_the_end(resting, due).await?;
    *retried += retry_manual(resting, refunding).await?;
    Ok(left)
}

async fn pay_behind_the_end(resting: &Resting<'_>, due: Vec<String>) -> Result<(), Failure> {
    let (wire, count) = (resting.shared.wire.clone(), due.len());
    let request = move |index: usize| {
        let mut buffers = CallBuffers::default();
        wire.pay(&mut buffers, &due[index], br#"{"even_if_closed":true}"#);
        buffers.request
    };
    // An attempt that never reached the channel is unknown there: nothing can be paid, and nothing is to be done.
    exchange_all(&resting.shared.endpoint, count, resting.patience, request, || {}).await?;
    Ok(())
}

/// Sends refunds again that wait for a person; how many.
async fn retry_manual(resting: &Resting<'_>, orders: Vec<String>) -> Result<u64, Failure> {
    let endpoint = &resting.shared.endpoint;
    let refunds = rows::refunds(endpoint, orders, resting.patience).await?;
    let manual: Vec<String> =
        refunds.into_iter().filter(|refund| refund.status == "manual").map(|refund| refund.id).collect();
    let (wire, count, manual) = (resting.shared.wire.clone(), manual.len(), Arc::new(manual));
    let request = move |index: usize| {
        let mut buffers = CallBuffers::default();
        wire.retry_refund(&mut buffers, &manual[index]);
        buffers.request
    };
    exchange_all(endpoint, count, resting.patience, request, || {}).await?;
    Ok(count as u64)
}

async fn notifications(
    endpoint: &Endpoint,
    connection: &mut Connection,
    patience: Duration,
) -> Result<Notifications, Failure> {
    let mut request = Vec::new();
    endpoint.head("GET", "/sandbox/v1/notifications", None).write(&mut request, b"", None, b"");
    parsed(&exchange_patiently(connection, &request, patience).await?)
}
