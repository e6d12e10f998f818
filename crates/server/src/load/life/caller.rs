//! One connection for calls whose answers are looked into rather than timed.
//!
//! Every answer is copied out of the connection's buffer; the course of a measured life does without that.

use std::sync::Arc;

use super::wire::{CallBuffers, Wire};
use crate::load::{
    bulk::Answer,
    client::{ClientError, Connection, Endpoint},
    scenario::{RequestBuffers, Scenario},
};

/// What the connections of a run share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) endpoint: Endpoint,
    pub(super) scenario: Arc<Scenario>,
    pub(super) wire: Wire,
}

/// A connection.
pub(super) struct Caller {
    shared: Shared,
    connection: Connection,
    orders: RequestBuffers,
    calls: CallBuffers,
}

impl Caller {
    /// One that is not open yet.
    pub(super) fn new(shared: Shared) -> Caller {
        let connection = Connection::new(shared.endpoint.clone());
        Caller { shared, connection, orders: RequestBuffers::default(), calls: CallBuffers::default() }
    }

    /// Places order `number` of the run.
    ///
    /// # Errors
    /// The connection's.
    pub(super) async fn place(&mut self, number: u64) -> Result<Answer, ClientError> {
        self.shared.scenario.write_request(number, &mut self.orders);
        copied(&mut self.connection, &self.orders.request).await
    }

    /// Makes the call that `render` writes.
    ///
    /// # Errors
    /// The connection's.
    pub(super) async fn call(&mut self, render: impl FnOnce(&Wire, &mut CallBuffers)) -> Result<Answer, ClientError> {
        render(&self.shared.wire, &mut self.calls);
        copied(&mut self.connection, &self.calls.request).await
    }
}

async fn copied(connection: &mut Connection, request: &[u8]) -> Result<Answer, ClientError> {
    let response = connection.exchange(request).await?;
    Ok(Answer { status: response.status, body: response.body.to_vec() })
}
