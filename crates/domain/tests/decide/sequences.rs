//! Any sequence of commands by few users on few SKUs: the laws hold after each, a batch of n is n batches of one, a key
//! answers again, and a refusal leaves nothing but itself.

use std::{collections::BTreeSet, sync::Arc};

use ordain_domain::{
    answer::{Answer, Reply},
    catalog::{
        CouponTemplate, Product, ProductStatus,
        command::{PutProducts, PutTemplate},
    },
    command::{Command, Envelope},
    ids::{CouponId, OrderId},
    order::PlaceOrder,
    refusal::Refusal,
    stock::AdjustStock,
    time::Span,
};
use proptest::{collection::vec, option, prelude::*, strategy::ValueTree};

use crate::{
    laws,
    world::{
        World, basket, cancel, close, code_of, grant, keyed, operator, points, product, put_address, put_user, sku,
        template, user,
    },
};

const USERS: [&str; 2] = ["u-1", "u-2"];
const SKUS: [&str; 4] = ["a", "b", "free", "asleep"];
const TEMPLATES: [&str; 3] = ["tenth", "all", "limited"];

/// A command as it is drawn: things that exist are named by a number that is taken modulo how many there are.
#[derive(Clone, Debug)]
enum Wish {
    Place { user: usize, lines: Vec<(usize, u32)>, coupon: Option<usize>, points: i64, expected: Option<bool> },
    Cancel { order: usize, version: Option<u64> },
    Close { order: usize },
    Adjust { sku: usize, delta: i64, version: Option<u64> },
    Grant { user: usize, template: usize },
    Points { user: usize, delta: i64 },
    PutProduct { sku: usize, price: i64, active: bool },
    PutTemplate { template: usize },
    PutUser { user: usize, version: Option<u64> },
    PutAddress { user: usize, version: Option<u64> },
}

/// A wish with the key and the request that it comes under.
type Keyed = (Wish, Option<(u8, u8)>);

fn wish() -> impl Strategy<Value = Wish> {
    let version = || option::weighted(0.2, 0..4_u64);
    let line = |most| (0..SKUS.len() - 1, 1..=most);
    // Mostly small baskets, so that two of them are often the same.
    let lines = prop_oneof![2 => vec(line(2_u32), 1..2), 1 => vec(line(4), 1..4)];
    let place =
        (0..USERS.len(), lines, option::weighted(0.4, 0..6_usize), 0..80_i64, option::weighted(0.2, any::<bool>()))
            .prop_map(|(user, lines, coupon, points, expected)| {
                let points = (points - 50).max(0);
                Wish::Place { user, lines, coupon, points, expected }
            });
    prop_oneof![
        8 => place,
        4 => (0..8_usize, version()).prop_map(|(order, version)| Wish::Cancel { order, version }),
        3 => (0..8_usize).prop_map(|order| Wish::Close { order }),
        3 => (0..SKUS.len(), -9..14_i64, version())
            .prop_map(|(sku, delta, version)| Wish::Adjust { sku, delta, version }),
        2 => (0..USERS.len(), 0..TEMPLATES.len()).prop_map(|(user, template)| Wish::Grant { user, template }),
        2 => (0..USERS.len(), -40..90_i64).prop_map(|(user, delta)| Wish::Points { user, delta }),
        1 => (0..SKUS.len(), 0..300_i64, any::<bool>())
            .prop_map(|(sku, price, active)| Wish::PutProduct { sku, price, active: active || sku == 0 }),
        1 => (0..TEMPLATES.len()).prop_map(|template| Wish::PutTemplate { template }),
        1 => (0..USERS.len(), version()).prop_map(|(user, version)| Wish::PutUser { user, version }),
        1 => (0..USERS.len(), version()).prop_map(|(user, version)| Wish::PutAddress { user, version }),
    ]
}

/// Groups of wishes; each group happens at one time, some seconds after the one before.
fn groups() -> impl Strategy<Value = Vec<(u64, Vec<Keyed>)>> {
    let keyed = (wish(), option::weighted(0.5, (0..4_u8, prop_oneof![5 => Just(0_u8), 1 => Just(1)])));
    let seconds = prop_oneof![Just(0_u64), 1..6_u64, 1..400_u64, Just(900)];
    vec((seconds, vec(keyed, 1..8)), 1..8)
}

fn limited() -> CouponTemplate {
    CouponTemplate { limit_total: Some(3), limit_per_user: Some(2), ..template("limited") }
}

fn world() -> World {
    let mut world = World::shop();
    let put = PutTemplate { template: Arc::new(limited()), expected_version: None };
    world.accept(&operator(Command::PutTemplate(put)));
    world.give_points("u-1", 60);
    world.grant("u-1", "tenth");
    world.grant("u-2", "all");
    world
}

/// The `number`th thing that exists, counted round; one that does not exist when there is none.
fn nth<T: Copy>(things: impl Iterator<Item = T> + Clone, number: usize, none: T) -> T {
    let count = things.clone().count().max(1);
    things.clone().nth(number % count).unwrap_or(none)
}

fn order_of(world: &World, number: usize) -> OrderId {
    // The youngest come first, so that small numbers collide with what was placed a moment ago.
    nth(world.all.orders.keys().rev().copied(), number, OrderId::from_number(1))
}

fn command(world: &World, wish: &Wish) -> Command {
    match wish {
        Wish::Place { user: owner, lines, coupon, points, expected } => {
            let lines: Vec<(&str, u32)> = lines.iter().map(|(sku, quantity)| (SKUS[*sku], *quantity)).collect();
            let coupons = world.all.coupons.keys().copied();
            let coupon = coupon.map(|number| nth(coupons, number, CouponId::from_number(1)));
            let place = PlaceOrder { user_id: user(USERS[*owner]), coupon, points: *points, ..basket(&lines) };
            let total = |place: &PlaceOrder| place.demand().values().sum::<u64>() as i64 * 100;
            let expected_total = expected.map(|right| if right { total(&place) } else { -1 });
            Command::PlaceOrder(PlaceOrder { expected_total, ..place })
        }
        Wish::Cancel { order, version } => cancel(order_of(world, *order), *version),
        Wish::Close { order } => close(order_of(world, *order)),
        Wish::Adjust { sku: name, delta, version: expected_version } => Command::AdjustStock(AdjustStock {
            sku: sku(SKUS[*name]),
            delta: *delta,
            reason: Arc::from("count"),
            expected_version: *expected_version,
        }),
        Wish::Grant { user, template } => grant(USERS[*user], TEMPLATES[*template]),
        Wish::Points { user, delta } => points(USERS[*user], *delta),
        Wish::PutProduct { sku, price, active } => {
            let status = if *active { ProductStatus::Active } else { ProductStatus::Inactive };
            let product = Product { price: *price, status, ..product(SKUS[*sku]) };
            Command::PutProducts(PutProducts { products: vec![product], expected_version: None })
        }
        Wish::PutTemplate { template: name } => {
            let value = if TEMPLATES[*name] == "limited" { limited() } else { template(TEMPLATES[*name]) };
            Command::PutTemplate(PutTemplate { template: Arc::new(value), expected_version: None })
        }
        Wish::PutUser { user, version } => put_user(USERS[*user], *version),
        Wish::PutAddress { user, version } => put_address(USERS[*user], "home", *version),
    }
}

fn envelope(world: &World, (wish, key): &Keyed) -> Envelope {
    let plain = operator(command(world, wish));
    match key {
        Some((key, request)) => keyed(plain, &format!("k{key}"), *request),
        None => plain,
    }
}

fn stored(reply: &Reply) -> Result<Answer, Refusal> {
    reply.outcome.as_ref().map(Answer::stored).map_err(Clone::clone)
}

/// Decides a command alone and checks what must hold of any command.
fn step(world: &mut World, envelope: &Envelope) -> Reply {
    let mint = world.carry.mint;
    let (mut replies, mut changes) = world.run_and_show(std::slice::from_ref(envelope));
    let reply = replies.pop().expect("a reply a command");
    laws::check(world);
    if reply.replayed {
        assert!(changes.is_empty(), "a replay changes nothing: {changes:?}");
    }
    if let Err(refusal) = &reply.outcome {
        let kept = usize::from(envelope.idempotency.is_some() && refusal.is_stored() && !reply.replayed);
        assert_eq!(changes.answers.len(), kept, "the refusal is kept under the key: {refusal:?}");
        changes.answers.clear();
        assert!(changes.is_empty(), "a refusal leaves nothing else: {changes:?}");
        assert_eq!(world.carry.mint, mint, "a refusal takes no id");
    }
    again(world, envelope, &reply);
    reply
}

/// The same request under its key answers the same and changes nothing.
fn again(world: &World, envelope: &Envelope, first: &Reply) {
    let is_kept = first.outcome.as_ref().err().is_none_or(Refusal::is_stored);
    if envelope.idempotency.is_none() || !is_kept {
        return;
    }
    let mut world = world.clone();
    world.wait(Span::seconds(1_000));
    let (replies, changes) = world.run_and_show(std::slice::from_ref(envelope));
    assert!(replies[0].replayed, "{envelope:?}");
    assert_eq!(stored(&replies[0]), stored(first), "{envelope:?}");
    assert!(changes.is_empty(), "{changes:?}");
}

/// How often a key made an order must be once at most.
fn count_placement(placed: &mut BTreeSet<(String, String)>, envelope: &Envelope, reply: &Reply) {
    if let (Command::PlaceOrder(place), Some(idempotency)) = (&envelope.command, &envelope.idempotency)
        && reply.outcome.is_ok()
        && !reply.replayed
    {
        let key = (place.user_id.to_string(), idempotency.key.to_string());
        assert!(placed.insert(key), "6: one order per (user, key): {envelope:?}");
    }
}

proptest! {
    #[test]
    fn any_sequence_keeps_the_laws_and_a_batch_of_n_is_n_batches_of_one(groups in groups()) {
        let mut single = world();
        let mut together = single.clone();
        let mut placed = BTreeSet::new();
        for (seconds, wishes) in &groups {
            single.wait(Span::seconds(*seconds));
            together.wait(Span::seconds(*seconds));
            let mut envelopes = Vec::new();
            let mut replies = Vec::new();
            for wish in wishes {
                let envelope = envelope(&single, wish);
                let reply = step(&mut single, &envelope);
                count_placement(&mut placed, &envelope, &reply);
                envelopes.push(envelope);
                replies.push(reply);
            }
            prop_assert_eq!(together.run(&envelopes), replies);
            prop_assert_eq!(&together.all, &single.all);
            prop_assert_eq!(together.carry.mint, single.carry.mint);
            prop_assert_eq!(together.carry.next_event, single.carry.next_event);
        }
    }
}

/// The sequences above are worth something only while they get somewhere: over fixed draws each command is accepted and
/// each refusal that they can meet is met.
#[test]
fn sequences_meet_every_outcome() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut met = BTreeSet::new();
    for _ in 0..300 {
        let groups = groups().new_tree(&mut runner).unwrap().current();
        let mut world = world();
        for (seconds, wishes) in groups {
            world.wait(Span::seconds(seconds));
            for wish in &wishes {
                let envelope = envelope(&world, wish);
                let reply = world.one(&envelope);
                met.insert(match (&reply.outcome, reply.replayed) {
                    (_, true) => "replayed".to_owned(),
                    (Ok(Answer::NothingToDo), _) => "close_order: nothing to do".to_owned(),
                    (Ok(_), _) => format!("{}: accepted", envelope.command.name()),
                    (Err(refusal), _) => code_of(refusal),
                });
            }
        }
    }
    let expected = [
        "adjust_points: accepted",
        "adjust_stock: accepted",
        "cancel_order: accepted",
        "close_order: accepted",
        "close_order: nothing to do",
        "coupon_not_usable",
        "duplicate_order",
        "grant_coupon: accepted",
        "idempotency_key_reused",
        "insufficient_points",
        "insufficient_stock",
        "invalid_request",
        "not_found",
        "order_state",
        "place_order: accepted",
        "price_changed",
        "put_address: accepted",
        "put_products: accepted",
        "put_template: accepted",
        "put_user: accepted",
        "replayed",
        "sku_not_sellable",
        "too_many_unpaid",
        "version_mismatch",
    ];
    assert_eq!(met.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
