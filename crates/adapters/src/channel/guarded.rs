//! A payment channel with a breaker in front: while most calls fail, none is made, and each is answered at once as one that
//! never left.
//!
//! Notifications pass: they are no calls of ours. A refusal of the channel is an answer, not a failure.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use ordain_domain::{
    ids::PaymentId,
    payment::{PaymentReport, RefundReport},
};
use ordain_engine::port::{
    clock::Clock,
    payment_channel::{
        Acknowledgement, ChannelFailure, Circuit, Notification, NotificationProblem, PaymentChannel, PaymentRequest,
        RawNotification, RefundRequest,
    },
};

use crate::breaker::{Breaker, BreakerSettings, BreakerState};

/// A channel behind its breaker.
pub struct GuardedChannel {
    inner: Arc<dyn PaymentChannel>,
    breaker: Breaker,
    clock: Arc<dyn Clock>,
}

impl GuardedChannel {
    /// Puts a closed breaker in front of a channel.
    #[must_use]
    pub fn new(inner: Arc<dyn PaymentChannel>, settings: BreakerSettings, clock: Arc<dyn Clock>) -> GuardedChannel {
        GuardedChannel { inner, breaker: Breaker::new(settings), clock }
    }

    async fn call<T>(&self, call: impl Future<Output = Result<T, ChannelFailure>> + Send) -> Result<T, ChannelFailure> {
        let permit =
            self.breaker.pass(self.clock.now()).map_err(|refused| ChannelFailure::Unreachable(refused.to_string()))?;
        let answer = call.await;
        let succeeded = answer.as_ref().err().is_none_or(|failure| !failure.is_retryable());
        self.breaker.record(permit, succeeded, self.clock.now());
        answer
    }
}

impl PaymentChannel for GuardedChannel {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn merchant(&self) -> &str {
        self.inner.merchant()
    }

    fn open(&self, request: PaymentRequest) -> BoxFuture<'_, Result<PaymentReport, ChannelFailure>> {
        Box::pin(async move { self.call(self.inner.open(request)).await })
    }

    fn query(&self, payment: PaymentId) -> BoxFuture<'_, Result<PaymentReport, ChannelFailure>> {
        Box::pin(async move { self.call(self.inner.query(payment)).await })
    }

    fn close(&self, payment: PaymentId) -> BoxFuture<'_, Result<PaymentReport, ChannelFailure>> {
        Box::pin(async move { self.call(self.inner.close(payment)).await })
    }

    fn refund(&self, request: RefundRequest) -> BoxFuture<'_, Result<RefundReport, ChannelFailure>> {
        Box::pin(async move { self.call(self.inner.refund(request)).await })
    }

    fn query_refund(&self, request: RefundRequest) -> BoxFuture<'_, Result<RefundReport, ChannelFailure>> {
        Box::pin(async move { self.call(self.inner.query_refund(request)).await })
    }

    fn verify(&self, raw: &RawNotification<'_>) -> Result<Notification, NotificationProblem> {
        self.inner.verify(raw)
    }

    fn acknowledgement(&self) -> Acknowledgement {
        self.inner.acknowledgement()
    }
    fn circuit(&self) -> Circuit {
        match self.breaker.state() {
            BreakerState::Closed => Circuit::Closed,
            BreakerState::HalfOpen => Circuit::HalfOpen,
            BreakerState::Open => Circuit::Open,
        }
    }
}
