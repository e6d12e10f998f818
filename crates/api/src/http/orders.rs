//! Orders: place, batch, get, list, cancel, events, watch.

pub(crate) mod batch;
pub(crate) mod cancel;
pub(crate) mod confirm_receipt;
pub(crate) mod events;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod place;
pub(crate) mod watch;

use ordain_domain::ids::OrderId;

use crate::{app::App, preconditions::Precondition, problem::Problem, refusal::problem_of_store};

/// The version of an order that a change of it, or of what belongs to it, shall find.
pub(super) fn expected(app: &App, precondition: Precondition, order: OrderId) -> Result<Option<u64>, Problem> {
    precondition.expected(|| {
        let order = app.engine.order(order).map_err(|failure| problem_of_store(&failure))?;
        Ok(order.map(|order| order.version))
    })
}
