//! Deciding a batch on top of one that does not lie in the store yet: with what that one writes given from memory, it is decided
//! as it would be afterwards.

use ordain_domain::{
    answer::Reply,
    batch::Batch,
    command::{Command, Envelope},
    order::PlaceOrder,
    rows::Changes,
};

use crate::world::{
    World, adjust, basket, buyer, cancel, close, grant, keyed, open_payment, operator, points, put_address, put_user,
    refund_all, with_coupon,
};

/// Decides on the rows of `before`, with what `below` writes on top.
fn decide_ahead(before: &World, below: &Changes, after: &World, envelopes: &[Envelope]) -> (Vec<Reply>, Changes) {
    let mut batch = Batch::new(&after.rules, after.now, after.carry.clone());
    loop {
        let mut missing = batch.missing(envelopes);
        if missing.is_empty() {
            break;
        }
        below.give(&mut missing, batch.loaded_mut());
        before.load(&missing, batch.loaded_mut());
    }
    let replies = envelopes.iter().map(|envelope| batch.decide(envelope)).collect();
    (replies, batch.finish().0)
}

#[test]
fn a_batch_on_top_of_another_is_decided_as_after_it() {
    let mut world = World::shop();
    world.give_points("u-1", 500);
    let coupon = world.grant("u-1", "tenth");
    let rich = PlaceOrder { points: 20, ..with_coupon(basket(&[("a", 2), ("b", 1)]), coupon.id) };
    let unpaid = world.place(&buyer(rich.clone())).id;
    let paid = world.place(&buyer(basket(&[("b", 2)]))).id;
    world.pay(paid);
    let commands: Vec<Command> = vec![
        Command::PlaceOrder(rich),
        Command::PlaceOrder(basket(&[("a", 8)])),
        Command::PlaceOrder(basket(&[("a", 9)])),
        cancel(unpaid, None),
        close(unpaid),
        open_payment(unpaid),
        cancel(paid, None),
        refund_all(paid),
        Command::WorkRefunds(paid),
        adjust("a", -5),
        adjust("a", 5),
        grant("u-1", "tenth"),
        points("u-1", -500),
        put_user("u-1", None),
        put_address("u-1", "home", None),
    ];
    let envelope = |command: &Command, key: &str| keyed(operator(command.clone()), key, 1);
    let mut differs = 0;
    for below in &commands {
        for above in &commands {
            // The same command comes again under its key, another one under one of its own.
            let above = envelope(above, if above == below { "below" } else { "above" });
            let before = world.clone();
            let mut after = world.clone();
            let (_, written) = after.run_and_show(&[envelope(below, "below")]);
            let ahead = decide_ahead(&before, &written, &after, std::slice::from_ref(&above));
            let alone = before.clone().run_and_show(std::slice::from_ref(&above));
            let expected = after.clone().run_and_show(std::slice::from_ref(&above));
            assert_eq!(ahead, expected, "{above:?} on top of {below:?}");
            differs += usize::from(alone.0[0].outcome.is_ok() != expected.0[0].outcome.is_ok());
        }
    }
    assert!(differs >= 5, "{differs}: the batch below decides what becomes of some commands above");
}
