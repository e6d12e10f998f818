//! Placing an order: bounds, refusals and their order of precedence, the sum per SKU before the check of stock.

use ordain_domain::{
    ids::{CouponId, OrderId},
    order::{OrderKey, OrderKeyEntry, OrderStatus, OrderToken, PlaceOrder},
    price::RequestedLine,
    refusal::{CouponProblem, Refusal},
    time::Span,
};

use crate::{
    laws,
    world::{World, basket, buyer, code_of, operator, points, pounds, sku, user, with_coupon},
};

/// Makes a world or a placement wrong in one way.
type Spoil = fn(&mut World, &mut PlaceOrder);

/// What can be wrong with a placement without a key: the first word is what is refused when nothing before it is wrong.
/// The order of the table is the documented order of precedence.
const WRONGS: &[(&str, Spoil)] = &[
    ("duplicate_order", |_, _| {}),
    ("invalid_request /lines/1/quantity", |_, place| place.lines.insert(1, line("a", 0))),
    ("invalid_request /points", |_, place| place.points = -1),
    ("unknown_sku", |_, place| place.lines.push(line("ghost", 1))),
    ("sku_not_sellable", |_, place| place.lines.push(line("asleep", 1))),
    ("invalid_request currency", |_, place| place.lines.push(line("euro", 1))),
    ("invalid_request overflow", |_, place| place.lines.push(line("dear", 1_000_000))),
    ("coupon_not_usable", |_, place| place.coupon = Some(CouponId::from_number(1))),
    ("invalid_request points above the payable", |_, place| {
        place.points = if place.points == 0 { 100_000 } else { place.points };
    }),
    ("insufficient_points", |world, place| {
        world.all.points.clear();
        place.points = if place.points == 0 { 1 } else { place.points };
    }),
    ("price_changed", |_, place| place.expected_total = Some(-5)),
    ("too_many_unpaid", |world, _| {
        world.all.open_orders.insert(user("u-1"), 3);
    }),
    ("insufficient_stock", |_, place| place.lines.push(line("none", 1))),
];

fn line(name: &str, quantity: u32) -> RequestedLine {
    RequestedLine { sku: sku(name), quantity }
}

/// The word of [`WRONGS`] for a refusal.
fn word(refusal: &Refusal) -> String {
    let code = code_of(refusal);
    match refusal {
        Refusal::InvalidRequest { detail, .. } if detail.contains("another currency") => format!("{code} currency"),
        Refusal::InvalidRequest { detail, .. } if detail.contains("makes an amount") => format!("{code} overflow"),
        Refusal::InvalidRequest { detail, .. } if detail.contains("left to pay") => {
            format!("{code} points above the payable")
        }
        Refusal::InvalidRequest { pointer, .. } => format!("{code} {pointer}"),
        _ => code,
    }
}

/// What is refused when these of [`WRONGS`] are wrong at once.
fn refused(wrong: &[usize]) -> String {
    let mut world = World::shop();
    world.give_points("u-1", 1_000_000);
    let mut place = basket(&[("a", 1)]);
    for index in wrong {
        WRONGS[*index].1(&mut world, &mut place);
    }
    if wrong.contains(&0) {
        let token = OrderToken::of_lines(&place.demand());
        let order = OrderId::from_number(7);
        let entry = OrderKeyEntry { order, fingerprint: None, version: 1, placed_at: world.now };
        world.all.order_keys.insert(OrderKey { user_id: user("u-1"), token }, entry);
    }
    let (replies, changes) = world.run_and_show(&[buyer(place)]);
    assert!(changes.is_empty(), "a refusal without a key leaves nothing: {changes:?}");
    replies[0].outcome.as_ref().map_or_else(word, |answer| panic!("{wrong:?} was accepted: {answer:?}"))
}

#[test]
fn of_two_wrongs_the_documented_first_is_refused() {
    for (first, (expected, _)) in WRONGS.iter().enumerate() {
        assert_eq!(refused(&[first]), *expected);
        for (second, (other, _)) in WRONGS.iter().enumerate().skip(first + 1) {
            assert_eq!(refused(&[first, second]), *expected, "with {other}");
        }
    }
}

#[test]
fn a_refusal_says_what_the_caller_needs_to_know() {
    let mut world = World::shop();
    world.give_points("u-1", 50);
    let ghost = with_coupon(basket(&[("a", 1)]), CouponId::from_number(1));
    let not_usable = |reason| Refusal::CouponNotUsable { reason };
    let table = [
        (basket(&[("a", 1), ("ghost", 1)]), Refusal::UnknownSku { line: Some(1), sku: sku("ghost") }),
        (basket(&[("asleep", 1)]), Refusal::SkuNotSellable { line: 0, sku: sku("asleep") }),
        (basket(&[("none", 1)]), Refusal::InsufficientStock { sku: sku("none"), available: 0 }),
        (basket(&[("a", 11)]), Refusal::InsufficientStock { sku: sku("a"), available: 10 }),
        (
            PlaceOrder { expected_total: Some(99), ..basket(&[("a", 1)]) },
            Refusal::PriceChanged { expected_total: 99, total: 100 },
        ),
        (PlaceOrder { points: 51, ..basket(&[("a", 1)]) }, Refusal::InsufficientPoints { balance: 50 }),
        (
            PlaceOrder { points: 101, ..basket(&[("a", 1)]) },
            Refusal::invalid("/points", "is more than what is left to pay for the goods"),
        ),
        (ghost, not_usable(CouponProblem::NotFound)),
    ];
    for (place, expected) in table {
        assert_eq!(world.refuse(&buyer(place.clone())), expected, "{place:?}");
    }
}

#[test]
fn quantities_and_lines_have_bounds() {
    let quantity =
        |index: usize| Refusal::invalid_at(format!("/lines/{index}/quantity"), "must be from 1 to 1,000,000");
    let mut many = basket(&[]);
    many.lines = vec![line("free", 1); 1_001];
    let mut most = basket(&[]);
    most.lines = vec![line("free", 1); 1_000];
    let table = [
        (basket(&[]), Err(Refusal::invalid("/lines", "must have at least one line"))),
        (basket(&[("free", 0)]), Err(quantity(0))),
        (basket(&[("free", 1), ("free", 1_000_001)]), Err(quantity(1))),
        (basket(&[("free", u32::MAX)]), Err(quantity(0))),
        (many, Err(Refusal::invalid("/lines", "has more lines than an order may have"))),
        (basket(&[("free", 1_000_000)]), Ok(1_000_000)),
        (basket(&[("free", 1_000_000), ("free", 1_000_000)]), Ok(2_000_000)),
        (most, Ok(1_000)),
    ];
    for (place, expected) in table {
        let mut world = World::shop();
        world.accept(&operator(crate::world::adjust("free", 5_000_000)));
        let replies = world.run(&[buyer(place.clone())]);
        let sold = replies[0].outcome.as_ref().map(|_| world.stock("free").sold).map_err(Clone::clone);
        assert_eq!(sold, expected, "{} lines", place.lines.len());
        laws::check(&world);
    }
}

#[test]
fn the_same_sku_on_two_lines_is_summed_before_the_check() {
    let table = [
        (vec![("a", 5), ("a", 5)], Ok(vec![("a", 10)])),
        (vec![("a", 5), ("a", 6)], Err(Refusal::InsufficientStock { sku: sku("a"), available: 10 })),
        (vec![("b", 1), ("a", 9), ("b", 2), ("a", 1)], Ok(vec![("a", 10), ("b", 3)])),
        // The first SKU in SKU order is named, not the first line.
        (vec![("b", 11), ("a", 11)], Err(Refusal::InsufficientStock { sku: sku("a"), available: 10 })),
    ];
    for (lines, expected) in table {
        let mut world = World::shop();
        let outcome = world.one(&buyer(basket(&lines))).outcome;
        let locked = outcome.map(|_| {
            let locks = world.all.locks.values().flat_map(|locks| locks.iter());
            locks.map(|lock| (lock.sku.to_string(), lock.quantity)).collect::<Vec<_>>()
        });
        let expected = expected.map(|locks: Vec<(&str, u64)>| {
            locks.into_iter().map(|(name, quantity)| (name.to_owned(), quantity)).collect::<Vec<_>>()
        });
        assert_eq!(locked, expected, "{lines:?}");
        laws::check(&world);
    }
}

#[test]
fn the_last_unit_goes_to_one_of_two() {
    let mut world = World::shop();
    world.rules.duplicate_window = Span(0);
    let both = [buyer(basket(&[("a", 6)])), buyer(basket(&[("a", 6)]))];
    let replies = world.run(&both);
    assert!(replies[0].outcome.is_ok());
    assert_eq!(replies[1].outcome, Err(Refusal::InsufficientStock { sku: sku("a"), available: 4 }));
    laws::check(&world);
}

#[test]
fn too_many_unpaid_counts_only_unpaid_orders_that_cost_something() {
    let mut world = World::shop();
    let first = world.place(&buyer(basket(&[("a", 1)])));
    world.place(&buyer(basket(&[("a", 2)])));
    world.place(&buyer(basket(&[("free", 1)])));
    world.place(&buyer(basket(&[("a", 3)])));
    assert_eq!(world.refuse(&buyer(basket(&[("b", 1)]))), Refusal::TooManyUnpaid { limit: 3 });
    world.place(&buyer(basket(&[("free", 2)])));
    world.place(&buyer(PlaceOrder { user_id: user("u-2"), ..basket(&[("b", 1)]) }));
    world.accept(&operator(crate::world::cancel(first.id, None)));
    world.place(&buyer(basket(&[("b", 1)])));
    assert_eq!(world.refuse(&buyer(basket(&[("b", 2)]))), Refusal::TooManyUnpaid { limit: 3 });
    laws::check(&world);
}

#[test]
fn a_placed_order_holds_everything_it_needs() {
    let mut world = World::shop();
    world.accept(&operator(points("u-1", 30)));
    let coupon = world.grant("u-1", "tenth");
    let place = PlaceOrder { points: 30, ..with_coupon(basket(&[("a", 2), ("b", 1)]), coupon.id) };
    let order = world.place(&buyer(place));
    assert_eq!(order.status, OrderStatus::PendingPayment);
    assert_eq!((order.version, order.paid, order.placed.currency), (1, 0, pounds()));
    assert_eq!(order.placed.expires_at, world.now.plus(world.rules.payment_window));
    assert_eq!((world.stock("a").available(), world.stock("b").available()), (8, 9));
    assert_eq!((world.points_of("u-1").balance, world.points_of("u-1").frozen), (0, 30));
    // 533 of goods, 53 off by the coupon, 30 points.
    assert_eq!(order.placed.price.total, 450);
    assert_eq!(order.id.bucket(), user("u-1").bucket());
    laws::check(&world);
}
