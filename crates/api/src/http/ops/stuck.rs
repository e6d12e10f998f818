//! `GET /v1/ops/stuck`: what does not go on by itself, each with the call that repairs it.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{ids::PaymentId, time::Span};
use ordain_engine::port::store::{StoreFailure, StoreReader, Stuck, StuckBefore, StuckThing};

use crate::{
    answer,
    app::SharedApp,
    problem::Problem,
    wire::stuck::{StuckList, StuckView},
};

/// An order that closes usually has its channels' answers within seconds.
const CLOSING_MAX: Span = Span::seconds(5 * 60);
/// A call to a channel takes ten seconds at most.
const MESSAGE_MAX: Span = Span::seconds(60);
/// Most things of a kind that are shown.
const SHOWN_MAX: usize = 100;

/// List what is stuck, with its repair
///
/// Payments that nobody asks about any more, refunds that were sent in vain for the last time, notifications in quarantine,
/// after-sales whose goods nobody received or sent for as long as `after_sales.ship_back_within`, parcels that their carrier has
/// trouble with, refused, or is not asked about any more, orders that have been closing for five minutes, messages that wait for a
/// minute, timers that are late. Of each kind the 100 oldest.
#[utoipa::path(
    get, path = "/v1/ops/stuck", tag = "operations", operation_id = "list_stuck",
    responses((status = 200, body = StuckList))
)]
pub(crate) async fn list_stuck(State(app): State<SharedApp>) -> Result<Response, Problem> {
    let now = app.engine.now();
    let before = StuckBefore {
        closing: now.minus(CLOSING_MAX),
        messages: now.minus(MESSAGE_MAX),
        timers: now.minus(app.settings.scan_interval),
        after_sales: now.minus(app.settings.ship_back_within),
    };
    let reading = app.read_long(move |reader| {
        let view = |stuck: &Stuck| Ok(StuckView::new(stuck, now, &open_payments(reader, stuck)?));
        reader.stuck(before, SHOWN_MAX)?.iter().map(view).collect::<Result<Vec<StuckView>, StoreFailure>>()
    });
    Ok(answer::json(StatusCode::OK, &StuckList { data: reading.await?, next_cursor: None }))
}

/// The attempts that an order which is closing waits for.
fn open_payments(reader: &dyn StoreReader, stuck: &Stuck) -> Result<Vec<PaymentId>, StoreFailure> {
    let Some(order) = stuck.order.filter(|_| stuck.what == StuckThing::ClosingOrder) else { return Ok(Vec::new()) };
    let payments = reader.payments_of(order)?;
    Ok(payments.iter().filter(|payment| payment.status.is_open()).map(|payment| payment.id).collect())
}
