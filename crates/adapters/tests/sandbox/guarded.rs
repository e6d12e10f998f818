//! A breaker in front of the sandbox: while it is down no call reaches it, and one trial finds out that it is up again.

use std::sync::Arc;

use axum::http::Method;
use ordain_adapters::{breaker::BreakerSettings, channel::guarded::GuardedChannel};
use ordain_domain::time::Span;
use ordain_engine::port::{
    clock::Clock,
    payment_channel::{ChannelFailure, Circuit, PaymentChannel},
};

use super::bench::Bench;

fn guarded(bench: &Bench) -> GuardedChannel {
    let settings = BreakerSettings { minimum: 4, ..BreakerSettings::default() };
    GuardedChannel::new(bench.sandbox.channel(), settings, Arc::clone(&bench.clock) as Arc<dyn Clock>)
}

async fn set_down(bench: &Bench, down: bool) {
    bench.json(Method::PUT, "/sandbox/v1/faults", &format!("{{\"down\":{down}}}")).await;
}

#[tokio::test]
async fn the_breaker_opens_waits_and_closes() {
    let bench = Bench::started();
    let payment = bench.open(1).await.payment;
    let channel = guarded(&bench);
    set_down(&bench, true).await;
    for _ in 0..4 {
        assert_eq!(channel.circuit(), Circuit::Closed);
        assert!(channel.close(payment).await.is_err());
    }
    assert_eq!(channel.circuit(), Circuit::Open);
    set_down(&bench, false).await;
    let refused = channel.close(payment).await;
    assert!(
        matches!(&refused, Err(ChannelFailure::Unreachable(why)) if why.contains("10000 ms")),
        "the call is not made: {refused:?}"
    );
    bench.clock.move_to(bench.clock.now().plus(Span::seconds(10)));
    channel.close(payment).await.unwrap();
    assert_eq!(channel.circuit(), Circuit::Closed);
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    let bench = Bench::started();
    let request = bench.open(1).await;
    let channel = guarded(&bench);
    for _ in 0..10 {
        let mut other = request.clone();
        other.amount += 1;
        assert!(matches!(channel.open(other).await, Err(ChannelFailure::Refused(_))));
    }
    assert_eq!(channel.circuit(), Circuit::Closed);
}
