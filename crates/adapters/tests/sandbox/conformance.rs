//! The sandbox passes the suite that every payment channel passes.

use std::sync::Arc;

use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use ordain_adapters::{
    channel::{
        conformance::{Arrived, Fixture},
        sandbox::{SIGNATURE_HEADER, TIMESTAMP_HEADER, TOLERANCE},
    },
    channel_conformance_tests,
};
use ordain_domain::{
    ids::PaymentId,
    time::{Span, Timestamp},
};
use ordain_engine::port::{clock::Clock, payment_channel::PaymentChannel};

use super::bench::Bench;

impl Fixture for Bench {
    const SIGNED_HEADERS: &'static [&'static str] = &[TIMESTAMP_HEADER, SIGNATURE_HEADER];
    const TOLERANCE: Option<Span> = Some(TOLERANCE);

    fn channel(&self) -> Arc<dyn PaymentChannel> {
        self.sandbox.channel()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn pass(&self, time: Timestamp) {
        self.clock.move_to(time.plus(Span(1)));
    }

    fn pay(&self, payment: PaymentId) -> BoxFuture<'_, bool> {
        Box::pin(async move { Bench::pay(self, payment.number(), "").await.0 == StatusCode::OK })
    }

    fn refuse(&self, payment: PaymentId) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let (status, _) = Bench::pay(self, payment.number(), r#"{"outcome":"refused"}"#).await;
            assert_eq!(status, StatusCode::OK);
        })
    }

    fn notification(&self) -> BoxFuture<'_, Arrived> {
        Box::pin(self.arrival())
    }
}

channel_conformance_tests!(Bench::started);
