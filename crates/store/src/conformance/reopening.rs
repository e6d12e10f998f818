//! Cases: what was committed is there when the process comes up again, and work goes on where it stood.

use ordain_domain::{answer::Answer, order::CancelReason, time::Span};

use super::{
    Fixture,
    bench::Bench,
    script,
    shop::{adjust, basket, buyer, cancel, keyed, operator},
};

/// Also twice, and without a commit between.
pub fn an_empty_shard_comes_up_empty<F: Fixture>() {
    let mut bench = Bench::<F>::empty();
    for _ in 0..2 {
        bench.reopen();
        bench.compare();
    }
}

/// Everything that the reader and the deciders can ask for.
pub fn everything_is_there_again<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    script::play(&mut bench, 21, 30, |_, _| {});
    for _ in 0..2 {
        bench.reopen();
        bench.compare();
    }
    script::play(&mut bench, 22, 10, |_, _| {});
    bench.compare();
}

/// A retry after a crash gets the first answer and has no effect.
pub fn a_key_answers_again<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let place = keyed(buyer(basket("u-1", &[("a", 1)])), "place", 1);
    let order = bench.place(&place);
    let change = keyed(operator(adjust("a", 5)), "adjust", 1);
    let adjusted = bench.accept(&change);
    let refused = keyed(buyer(basket("u-1", &[("a", 5_000)])), "refused", 1);
    let refusal = bench.refuse(&refused);
    let cancelled = keyed(operator(cancel(order.id, CancelReason::Buyer, None)), "cancel", 1);
    bench.accept(&cancelled);
    bench.wait(Span::seconds(1_000));
    bench.reopen();
    let expected = [
        Ok(Answer::OrderAt { id: order.id, version: 1 }),
        Ok(adjusted),
        Err(refusal),
        Ok(Answer::OrderAt { id: order.id, version: 2 }),
    ];
    let before = bench.model.all.clone();
    for (envelope, expected) in [place, change, refused, cancelled].iter().zip(expected) {
        let reply = bench.one(envelope);
        assert!(reply.replayed, "{envelope:?}");
        assert_eq!(reply.outcome, expected, "{envelope:?}");
    }
    assert_eq!(bench.model.all, before, "a replay changes nothing");
    bench.compare();
}

/// Ids never repeat and the log has no gap, also when the clock stands still.
pub fn ids_and_positions_go_on<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let mut last = 0;
    for number in 0..6 {
        let order = bench.place(&keyed(buyer(basket("u-1", &[("a", 1)])), &format!("{number}"), 1));
        assert!(order.id.number() > last, "{} after {last}", order.id);
        last = order.id.number();
        bench.reopen();
    }
    bench.compare();
    assert_eq!(bench.broken(), []);
}

/// However often it crashes, nothing is lost.
pub fn a_script_with_a_crash_after_every_batch<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    script::play(&mut bench, 23, 25, |bench, number| {
        if number % 2 == 0 {
            bench.fixture().store().upkeep().expect("upkeep can be done");
        }
        bench.reopen();
        if number % 5 == 0 {
            bench.compare();
        }
    });
    bench.compare();
    assert_eq!(bench.broken(), []);
}
