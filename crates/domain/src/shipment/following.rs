//! How a parcel is followed at a connected carrier: told of it once, asked about it until its way has ended.
//!
//! Every plan of asking has a stated end. A carrier that refuses a parcel is asked no more; then its facts come by hand.

use crate::{
    answer::Answer,
    ids::{OrderId, ShipmentId},
    outbox::Task,
    payment::{Books, CallOutcome},
    refusal::Refusal,
    scope::Scope,
    shipment::{Shipment, decide},
};

/// How often a carrier is asked about one parcel at most.
const ASKS_MAX: u32 = 2_000;

/// Tells or asks the carriers about each parcel of an order that is due.
///
/// # Errors
/// `not_found`.
pub(crate) fn ask_carriers(scope: &mut Scope<'_>, order: OrderId) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, order)?;
    for shipment in books.shipments(scope) {
        if shipment.ask_at.is_none_or(|due| scope.now < due) {
            continue;
        }
        let task =
            if shipment.announced { Task::TrackShipment(shipment.id) } else { Task::AnnounceShipment(shipment.id) };
        let asks = shipment.asks + 1;
        let ask_at = (asks < ASKS_MAX).then(|| scope.now.plus(scope.rules.fulfilment.track_interval));
        books.put_shipment(scope, Shipment { asks, ask_at, ..shipment.as_ref().clone() });
        scope.send(order, task);
    }
    books.close(scope);
    Ok(Answer::NothingToDo)
}

/// Takes what became of a call to a carrier. One that was not answered is made again by its timer.
pub(crate) fn take_answer(scope: &mut Scope<'_>, books: &mut Books, id: ShipmentId, outcome: &CallOutcome) {
    let Some(shipment) = scope.shipment(id).cloned() else { return };
    match outcome {
        CallOutcome::Tracked(facts) => {
            if !shipment.announced {
                let version = shipment.version + 1;
                let told = Shipment { announced: true, version, updated_at: scope.now, ..shipment.as_ref().clone() };
                books.put_shipment(scope, told);
            }
            for fact in facts {
                decide::take_fact(scope, books, id, fact);
            }
        }
        CallOutcome::Refused(reason) => {
            let (note, version) = (Some(reason.clone()), shipment.version + 1);
            let refused = Shipment { ask_at: None, note, version, updated_at: scope.now, ..shipment.as_ref().clone() };
            books.put_shipment(scope, refused);
        }
        CallOutcome::Answered(_) | CallOutcome::NotSent | CallOutcome::Lost => {}
    }
}
