//! Idempotency keys: the same request twice has one effect and one answer; another request under the key is refused.

use ordain_domain::{
    answer::{Answer, Reply},
    command::{Command, Envelope},
    order::PlaceOrder,
    refusal::Refusal,
    time::Span,
};

use crate::{
    laws,
    world::{
        World, adjust, basket, buyer, cancel, close, grant, keyed, operator, points, product, put_address, put_user,
        sku, template, user,
    },
};

/// One command of each kind that a caller may give a key to, in a world where it is accepted.
fn accepted_commands() -> (World, Vec<Command>) {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(&[("b", 1)])));
    let other = world.place(&buyer(basket(&[("b", 2)])));
    world.now = order.placed.expires_at;
    let products = vec![product("a")];
    let promotion = ordain_domain::catalog::Promotion {
        id: ordain_domain::ids::PromotionId::new("sale").expect("a valid id"),
        kind: ordain_domain::catalog::PromotionKind::PercentOff { percent: 50 },
        applies_to: ordain_domain::catalog::AppliesTo::All,
        currency: None,
        starts_at: world.now,
        ends_at: None,
        stackable: true,
        priority: 0,
        version: 0,
    };
    use ordain_domain::catalog::command::{PutProducts, PutPromotion, PutTemplate};
    let commands = vec![
        Command::PlaceOrder(basket(&[("a", 1)])),
        cancel(order.id, None),
        close(other.id),
        adjust("a", 5),
        grant("u-1", "tenth"),
        points("u-1", 5),
        Command::PutProducts(PutProducts { products, expected_version: None }),
        Command::PutPromotion(PutPromotion { promotion: promotion.into(), expected_version: None }),
        Command::PutTemplate(PutTemplate { template: template("tenth").into(), expected_version: None }),
        put_user("u-1", None),
        put_address("u-1", "home", None),
    ];
    (world, commands)
}

fn stored(reply: &Reply) -> Result<Answer, Refusal> {
    reply.outcome.as_ref().map(Answer::stored).map_err(Clone::clone)
}

#[test]
fn every_command_answers_its_key_again_and_changes_nothing() {
    let (mut world, commands) = accepted_commands();
    for command in commands {
        let envelope = keyed(operator(command), "k", 1);
        let envelope = Envelope { scope: envelope.command.name().into(), ..envelope };
        let first = world.one(&envelope);
        assert!(first.outcome.is_ok() && !first.replayed, "{first:?}");
        world.wait(Span::seconds(60));
        let (again, changes) = world.run_and_show(std::slice::from_ref(&envelope));
        assert!(again[0].replayed, "{envelope:?}");
        assert_eq!(stored(&again[0]), stored(&first), "{envelope:?}");
        assert!(changes.is_empty(), "{changes:?}");
        let other = keyed(envelope, "k", 2);
        let (reused, changes) = world.run_and_show(std::slice::from_ref(&other));
        assert_eq!(reused[0], Reply { outcome: Err(Refusal::IdempotencyKeyReused), replayed: false });
        assert!(changes.is_empty(), "{changes:?}");
        laws::check(&world);
    }
}

#[test]
fn twins_of_a_batch_have_one_effect() {
    let (world, commands) = accepted_commands();
    for command in commands {
        let mut world = world.clone();
        let envelope = keyed(operator(command), "k", 1);
        let replies = world.run(&[envelope.clone(), envelope.clone(), envelope.clone()]);
        let replayed: Vec<bool> = replies.iter().map(|reply| reply.replayed).collect();
        assert_eq!(replayed, [false, true, true], "{envelope:?}");
        assert!(replies.iter().all(|reply| stored(reply) == stored(&replies[0])), "{replies:?}");
        laws::check(&world);
    }
}

#[test]
fn a_stored_refusal_stays_and_a_validation_error_does_not() {
    let mut world = World::shop();
    let short = keyed(buyer(basket(&[("none", 1)])), "k", 1);
    let refusal = Refusal::InsufficientStock { sku: sku("none"), available: 0 };
    assert_eq!(world.refuse(&short), refusal);
    world.accept(&operator(adjust("none", 1)));
    assert_eq!(world.one(&short), Reply { outcome: Err(refusal), replayed: true });
    let invalid = keyed(buyer(basket(&[("a", 0)])), "l", 1);
    world.refuse(&invalid);
    assert!(!world.one(&invalid).replayed);
    // The key is still free for a request that is right.
    world.place(&keyed(buyer(basket(&[("a", 1)])), "l", 2));
    laws::check(&world);
}

#[test]
fn a_refused_command_leaves_only_its_stored_refusal() {
    let mut world = World::shop();
    let envelope = keyed(buyer(basket(&[("a", 3), ("none", 1)])), "k", 1);
    let (_, mut changes) = world.run_and_show(std::slice::from_ref(&envelope));
    assert_eq!(changes.answers.len(), 1);
    changes.answers.clear();
    assert!(changes.is_empty(), "{changes:?}");
}

#[test]
fn keys_are_the_users_own_for_orders_and_the_routes_own_otherwise() {
    let mut world = World::shop();
    world.refuse(&keyed(buyer(basket(&[("a", 99)])), "refused", 1));
    world.place(&keyed(buyer(PlaceOrder { user_id: user("u-2"), ..basket(&[("a", 1)]) }), "refused", 2));
    world.place(&keyed(buyer(basket(&[("a", 1)])), "k", 1));
    world.place(&keyed(buyer(PlaceOrder { user_id: user("u-2"), ..basket(&[("a", 1)]) }), "k", 2));
    world.accept(&keyed(operator(adjust("a", 1)), "k", 3));
    let other_route = Envelope { scope: "another route".into(), ..operator(adjust("a", 1)) };
    world.accept(&keyed(other_route, "k", 4));
    assert_eq!(world.stock("a").on_hand, 12);
    laws::check(&world);
}
