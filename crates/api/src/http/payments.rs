//! Attempts to pay: open, read, list, the address as a picture, ask the channel now, watch.
//!
//! A command writes an attempt down and answers at once; the channel is called afterwards, by the engine. Who opens or
//! refreshes an attempt is therefore made to wait a moment for the channel's word, and is answered without it after that.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod open;
pub(crate) mod qr;
pub(crate) mod refresh;
pub(crate) mod watch;

use std::sync::Arc;

use ordain_domain::{ids::PaymentId, payment::Payment};

use crate::{app::App, problem::Problem, refusal::problem_of_store};

/// The attempt of an id as it stands.
fn payment_of(app: &App, id: PaymentId) -> Result<Arc<Payment>, Problem> {
    let payment = app.engine.payment(id).map_err(|failure| problem_of_store(&failure))?;
    payment.ok_or_else(|| Problem::not_found("payment"))
}
